package dev.drp.backup;

import static dev.drp.backup.BackupFixture.ENVIRONMENT;
import static dev.drp.backup.BackupFixture.NOW;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.CatalogProblem.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackupCatalogTest {
  private static final Duration SIX_HOURS = Duration.ofHours(6);

  @TempDir Path folder;
  private BackupFixture fixture;

  @BeforeEach
  void prepare() {
    fixture = new BackupFixture(folder);
  }

  @Test
  void isEmptyWhereNothingWasEverStored() {
    assertThat(fixture.listing().backups()).isEmpty();
    assertThat(fixture.listing().problems()).isEmpty();
  }

  @Test
  void listsTheNewestRecoveryPointFirst() {
    fixture.takeMany(3, SIX_HOURS);

    assertThat(fixture.listing().backups())
        .extracting(CatalogEntry::recoveryPoint)
        .containsExactly(NOW.plus(SIX_HOURS.multipliedBy(2)), NOW.plus(SIX_HOURS), NOW);
  }

  @Test
  void reportsForeignFoldersAndGoesOn() {
    fixture.take();
    fixture.local.plant("Ask%26Trust/production/old dumps/monday.sql", new byte[1]);
    fixture.local.plant("Ask%26Trust/production/7000000000000000001/copy/x", new byte[1]);

    CatalogListing listing = fixture.listing();

    assertThat(listing.backups()).hasSize(1);
    assertThat(listing.problems())
        .allMatch(problem -> problem.kind() == Kind.FOREIGN)
        .extracting(CatalogProblem::where)
        .containsExactlyInAnyOrder(
            "Ask%26Trust/production/old dumps", "Ask%26Trust/production/7000000000000000001/copy");
  }

  @Test
  void reportsADamagedManifestAndGoesOn() {
    fixture.takeMany(2, SIX_HOURS);
    CatalogEntry newest = fixture.listing().newestGood().orElseThrow();
    fixture.local.flipBit(fixture.object(newest.id(), "manifest.json"), 300);

    CatalogListing listing = fixture.listing();

    assertThat(listing.backups()).hasSize(1);
    assertThat(listing.problems())
        .singleElement()
        .satisfies(
            problem -> {
              assertThat(problem.kind()).isEqualTo(Kind.DAMAGED);
              assertThat(problem.where()).contains(newest.id().value());
              assertThat(problem.what()).contains("is damaged");
            });
  }

  @Test
  void reportsAManifestOfAnotherBackup() {
    BackupId id = fixture.take().manifest().id();
    BackupId other = new BackupId("20260101T000000Z-000000");
    fixture.local.plant(
        fixture.object(other, "manifest.json").value(),
        fixture.local.content(fixture.object(id, "manifest.json")));

    assertThat(fixture.listing().problems())
        .singleElement()
        .matches(problem -> problem.where().contains(other.value()))
        .matches(problem -> problem.kind() == Kind.DAMAGED);
  }

  @Test
  void reportsAManifestOfAnUnknownFormat() {
    BackupId id = fixture.take().manifest().id();
    ObjectName manifest = fixture.object(id, "manifest.json");
    fixture.local.plant(
        manifest.value(),
        new String(fixture.local.content(manifest), UTF_8)
            .replace("\"format\" : 1", "\"format\" : 7")
            .getBytes(UTF_8));

    assertThat(fixture.listing().backups()).isEmpty();
    assertThat(fixture.listing().problems())
        .singleElement()
        .matches(problem -> problem.what().contains("format 7"));
  }

  @Test
  void takesABackupWithACutPartForFailed() {
    fixture.takeMany(2, SIX_HOURS);
    CatalogEntry newest = fixture.listing().newestGood().orElseThrow();
    fixture.local.truncate(fixture.object(newest.id(), "database.dump.gz"), 10);

    CatalogListing listing = fixture.listing();

    assertThat(listing.require(newest.id()).state()).isEqualTo(BackupState.FAILED);
    assertThat(listing.require(newest.id()).copies().get(0).defects())
        .singleElement()
        .asString()
        .contains("database.dump.gz has 10 bytes");
    assertThat(listing.newestGood()).isPresent().get().isNotEqualTo(newest);
  }

  @Test
  void reportsADamagedEventAndGoesOn() {
    BackupId id = fixture.take().manifest().id();
    fixture.local.plant(fixture.object(id, "events/x.json").value(), "{".getBytes(UTF_8));

    assertThat(fixture.listing().require(id).state()).isEqualTo(BackupState.VERIFIED);
    assertThat(fixture.listing().problems()).hasSize(1);
  }

  @Test
  void reportsAStorageThatDoesNotAnswerAndGoesOn() {
    fixture.take();
    fixture.remote.setAvailable(false);

    assertThat(fixture.listing().backups()).hasSize(1);
    assertThat(fixture.listing().problems())
        .singleElement()
        .matches(problem -> problem.kind() == Kind.UNREACHABLE)
        .matches(problem -> problem.storage().equals("offsite"));
  }

  @Test
  void findsOneBackupWithoutReadingTheOthers() {
    fixture.takeMany(2, SIX_HOURS);
    BackupId id = fixture.listing().backups().get(1).id();

    CatalogListing one = fixture.catalog().list(ENVIRONMENT, id);

    assertThat(one.backups()).extracting(CatalogEntry::id).containsExactly(id);
    assertThat(one.require(id)).isEqualTo(fixture.listing().require(id));
  }

  @Test
  void namesTheNewestWhenABackupIsNotThere() {
    BackupId id = fixture.take().manifest().id();

    assertThatThrownBy(() -> fixture.listing().require(new BackupId("20200101T000000Z-000000")))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.BACKUP_NOT_FOUND))
        .hasMessageContaining(id.value());
  }

  @Test
  void findsTheBackupForAnInstant() {
    fixture.takeMany(3, SIX_HOURS);

    assertThat(fixture.listing().newestGoodAt(NOW.plus(SIX_HOURS)).orElseThrow().recoveryPoint())
        .isEqualTo(NOW.plus(SIX_HOURS));
    assertThat(
            fixture
                .listing()
                .newestGoodAt(NOW.plus(SIX_HOURS).minusMillis(1))
                .orElseThrow()
                .recoveryPoint())
        .isEqualTo(NOW);
    assertThat(fixture.listing().newestGoodAt(NOW.minusMillis(1))).isEmpty();
  }

  @Test
  void drawsFromTheWindowOnly() {
    fixture.takeMany(6, SIX_HOURS);
    Random random = new Random(1);

    for (int i = 0; i < 50; i++) {
      assertThat(
              fixture
                  .listing()
                  .randomGood(NOW.plus(SIX_HOURS), NOW.plus(SIX_HOURS.multipliedBy(3)), random)
                  .orElseThrow()
                  .recoveryPoint())
          .isBetween(NOW.plus(SIX_HOURS), NOW.plus(SIX_HOURS.multipliedBy(3)));
    }
    assertThat(fixture.listing().randomGood(NOW.minusSeconds(9), NOW.minusSeconds(1), random))
        .isEmpty();
  }

  @Test
  void findsAFlippedBitWhileReadingAndNamesTheNextOlderGoodBackup() {
    fixture.takeMany(2, SIX_HOURS);
    CatalogEntry newest = fixture.listing().newestGood().orElseThrow();
    fixture.local.flipBit(fixture.object(newest.id(), "database.dump.gz"), 25);

    assertCorrupt(newest);
    assertThat(fixture.listing().nextOlderGood(newest).orElseThrow().recoveryPoint())
        .isEqualTo(NOW);
  }

  @Test
  void findsACutPartWhileReading() {
    fixture.take();
    CatalogEntry backup = fixture.listing().newestGood().orElseThrow();
    ObjectName part = fixture.object(backup.id(), "database.dump.gz");

    fixture.local.truncate(part, fixture.local.content(part).length - 1);
    assertCorrupt(backup);
    fixture.local.truncate(part, 0);
    assertCorrupt(backup);
    fixture.local.delete(part);
    assertCorrupt(backup);
  }

  @Test
  void findsBytesAfterTheEndOfThePart() {
    fixture.take();
    CatalogEntry backup = fixture.listing().newestGood().orElseThrow();
    ObjectName part = fixture.object(backup.id(), "database.dump.gz");
    byte[] content = fixture.local.content(part);
    byte[] longer = java.util.Arrays.copyOf(content, content.length + 1);
    fixture.local.plant(part.value(), longer);

    assertCorrupt(backup);
  }

  @Test
  void readsTheGoodCopyWhereAnotherIsBad() throws IOException {
    fixture.takeBackup().take(fixture.request(fixture.localStorage, fixture.remoteStorage));
    CatalogEntry backup = fixture.listing().newestGood().orElseThrow();
    fixture.local.truncate(fixture.object(backup.id(), "database.dump.gz"), 5);

    CatalogEntry now = fixture.listing().require(backup.id());

    assertThat(now.isGood()).isTrue();
    assertThat(readAll(now, now.manifest().dump())).hasSize((int) dumpBytes(now));
  }

  private void assertCorrupt(CatalogEntry backup) {
    ThrowingCallable reading = () -> readAll(backup, backup.manifest().dump());
    assertThatThrownBy(reading)
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BACKUP_CORRUPT))
        .hasMessageContaining(backup.id().value())
        .hasMessageContaining("database.dump.gz");
  }

  private static long dumpBytes(CatalogEntry backup) {
    return backup.manifest().dump().plainBytes();
  }

  private byte[] readAll(CatalogEntry backup, BackupPart part) throws IOException {
    try (InputStream content = fixture.reader.open(backup, part)) {
      return content.readAllBytes();
    }
  }
}
