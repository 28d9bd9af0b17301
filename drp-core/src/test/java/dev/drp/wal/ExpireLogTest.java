package dev.drp.wal;

import static dev.drp.backup.BackupFixture.ENVIRONMENT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupFixture;
import dev.drp.backup.BackupId;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.FailingStorage;
import dev.drp.backup.FakeServerFiles;
import dev.drp.backup.InMemoryStorage;
import dev.drp.backup.NamedStorage;
import dev.drp.backup.ObjectName;
import dev.drp.backup.StoredObject;
import dev.drp.plan.Span;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExpireLogTest {
  private static final Span WEEK = Span.parse("7d");
  private static final String LOG = "Ask%26Trust/production/7000000000000000001/wal/";

  @TempDir private Path folder;
  private BackupFixture fixture;
  private final FakeServerFiles files = FakeServerFiles.some(1 << 16);

  /** Backups of 16, 8 and 4 days ago, and the log from before the first to after the last. */
  @BeforeEach
  void threeBackupsAndALog() {
    fixture = new BackupFixture(folder);
    backUp(10, fixture.localStorage);
    fixture.clock.advance(Duration.ofDays(8));
    backUp(20, fixture.localStorage);
    fixture.clock.advance(Duration.ofDays(4));
    backUp(30, fixture.localStorage);
    fixture.clock.advance(Duration.ofDays(4));
    archive(fixture.local, 1, 5, 35);
  }

  private BackupId backUp(int segment, NamedStorage storage) {
    fixture.server.setBaseBackup(files.withLogInSegment(segment).tar());
    return fixture.takeBackup().take(fixture.physical(storage)).manifest().id();
  }

  private static void archive(InMemoryStorage storage, int timeline, int first, int last) {
    for (int number = first; number <= last; number++) {
      storage.plant(
          LOG + "%08X/%s.gz".formatted(timeline, new WalSegment(timeline, number).name()),
          new byte[10]);
    }
  }

  private List<ExpireLog.Expiry> apply(Span window) {
    return new ExpireLog(fixture.catalog(), fixture.clock).apply(ENVIRONMENT, window);
  }

  private List<Integer> left(int timeline) {
    return fixture.local.allNames().stream()
        .filter(name -> name.startsWith(LOG + "%08X/".formatted(timeline)))
        .map(name -> name.substring(name.lastIndexOf('/') + 1))
        .map(name -> (int) WalLayout.segmentOf(name).orElseThrow().number())
        .distinct()
        .toList();
  }

  @Test
  void keepsWhatTheNewestBackupBeforeTheWindowNeedsAndAllThatFollows() {
    ExpireLog.Expiry done = apply(WEEK).get(0);

    assertThat(left(1)).first().isEqualTo(20);
    assertThat(left(1)).last().isEqualTo(35);
    assertThat(done.removed()).hasSize(15);
    assertThat(done.bytes()).isEqualTo(150);
    assertThat(apply(WEEK).get(0).removed()).as("a second time").isEmpty();
  }

  @Test
  void keepsAllThatAnyBackupNeedsWhileNoneIsOlderThanTheWindow() {
    apply(Span.parse("1 year"));

    assertThat(left(1)).first().isEqualTo(10);
  }

  @Test
  void planningChangesNothing() {
    List<String> before = fixture.local.allNames();

    assertThat(
            new ExpireLog(fixture.catalog(), fixture.clock)
                .plan(ENVIRONMENT, WEEK)
                .get(0)
                .removed())
        .extracting(StoredObject::name)
        .hasSize(15);
    assertThat(fixture.local.allNames()).isEqualTo(before);
  }

  @Test
  void removesPiecesOfSegmentsAndNothingElse() {
    fixture.local.plant(
        LOG + "00000001/%s.00000000-00001000.gz".formatted(new WalSegment(1, 6).name()),
        new byte[1]);
    fixture.local.plant(
        LOG + "00000001/%s.zst.age.sha256".formatted(new WalSegment(1, 6).name()), new byte[1]);
    fixture.local.plant(LOG + "00000001/notes.txt", new byte[1]);
    fixture.local.plant(LOG + "00000002.history", new byte[1]);
    fixture.local.plant(LOG + "events/some", new byte[1]);

    apply(WEEK);

    assertThat(fixture.local.allNames())
        .contains(LOG + "00000001/notes.txt", LOG + "00000002.history", LOG + "events/some")
        .noneMatch(name -> name.contains(new WalSegment(1, 6).name()));
  }

  @Test
  void keepsTimelinesThatComeFromTheOneOfABackupFromItsPositionOn() {
    archive(fixture.local, 2, 15, 40);

    apply(WEEK);

    assertThat(left(2)).first().isEqualTo(20);
    assertThat(left(2)).last().isEqualTo(40);
  }

  @Test
  void keepsWhatTheOnlyGoodBackupOfAnotherStorageNeeds() {
    apply(Span.parse("1 year")); // from segment 10 on
    fixture.clock.advance(Duration.ofDays(-10));
    backUp(15, fixture.remoteStorage);
    fixture.clock.advance(Duration.ofDays(10));

    apply(WEEK);

    assertThat(left(1)).first().isEqualTo(15);
  }

  @Test
  void removesNothingWhileABackupCannotBeRead() {
    CatalogEntry newest = fixture.listing().backups().get(0);
    fixture.local.flipBit(newest.copies().get(0).folder().child("manifest.json"), 100);

    ExpireLog.Expiry done = apply(WEEK).get(0);

    assertThat(done.removed()).isEmpty();
    assertThat(done.hindrance().orElseThrow()).contains(newest.id().value(), "local");
    assertThat(left(1)).first().isEqualTo(5);
  }

  @Test
  void removesNothingWhileAStorageDoesNotAnswer() {
    fixture.remote.setAvailable(false);

    assertThat(apply(WEEK).get(0).hindrance().orElseThrow()).contains("offsite");
    assertThat(left(1)).first().isEqualTo(5);
  }

  @Test
  void aStorageThatFailsOnceItHasListedItsBackupsIsNamed() {
    NamedStorage failing =
        new NamedStorage(
            "local",
            false,
            true,
            new FailingStorage(fixture.local, any -> false) {
              @Override
              public List<StoredObject> list(ObjectName folder) {
                if (folder.value().contains("/wal/")) {
                  throw new RecoveryException(
                      ErrorCode.STORAGE_UNAVAILABLE, "connection lost", "try again.");
                }
                return super.list(folder);
              }
            });

    BackupCatalog catalog = new BackupCatalog(BackupFixture.APPLICATION, List.of(failing));
    assertThat(new ExpireLog(catalog, fixture.clock).apply(ENVIRONMENT, WEEK))
        .singleElement()
        .matches(it -> it.failure().orElseThrow().problem().equals("connection lost"))
        .matches(it -> it.removed().isEmpty());
    assertThat(left(1)).first().isEqualTo(5);
  }

  @Test
  void removesNothingOfAServerWithoutABackup() {
    String other = LOG.replace("7000000000000000001", "7000000000000000002") + "00000001/";
    fixture.local.plant(other + new WalSegment(1, 5).name() + ".gz", new byte[1]);

    assertThat(apply(WEEK))
        .filteredOn(it -> it.systemIdentifier().equals(Optional.of("7000000000000000002")))
        .singleElement()
        .matches(it -> it.hindrance().isPresent() && it.removed().isEmpty());
    assertThat(fixture.local.allNames()).anyMatch(name -> name.startsWith(other));
  }
}
