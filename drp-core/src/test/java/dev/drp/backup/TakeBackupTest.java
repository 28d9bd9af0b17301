package dev.drp.backup;

import static dev.drp.backup.BackupFixture.DATABASE;
import static dev.drp.backup.BackupFixture.ENVIRONMENT;
import static dev.drp.backup.BackupFixture.NOW;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.TableRows;
import dev.drp.state.StateDirectory;
import dev.drp.state.StateLock;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TakeBackupTest {
  @TempDir Path folder;
  private BackupFixture fixture;

  @BeforeEach
  void prepare() {
    fixture = new BackupFixture(folder.resolve("state"));
  }

  @Test
  void takesABackupThatTellsWhatItHolds() {
    BackupManifest manifest = fixture.take().manifest();

    assertThat(manifest.recoveryPoint()).isEqualTo(NOW);
    assertThat(manifest.rows())
        .containsExactly(
            new TableRows("public", "customers", 2), new TableRows("public", "orders", 3));
    assertThat(manifest.expectations()).singleElement().matches(result -> result.met());
    assertThat(manifest.schedule()).contains("every-6h");
    assertThat(manifest.parts())
        .extracting(BackupPart::name)
        .containsExactly("database.dump.gz", "globals.sql.gz", "restore.sh", "README.md");
    assertThat(manifest.writer().epoch()).isEqualTo(1);
  }

  @Test
  void listsItAsVerified() {
    BackupId id = fixture.take().manifest().id();

    CatalogListing listing = fixture.listing();
    assertThat(listing.problems()).isEmpty();
    CatalogEntry backup = listing.require(id);
    assertThat(backup.state()).isEqualTo(BackupState.VERIFIED);
    assertThat(backup.isGood()).isTrue();
    assertThat(listing.newestGood()).contains(backup);
  }

  @Test
  void givesBackExactlyWhatWasDumped() throws IOException {
    fixture.take();
    fixture.server.destroy(DATABASE);

    CatalogEntry backup = fixture.listing().newestGood().orElseThrow();
    fixture.server.createDatabase("restored");
    try (InputStream dump = fixture.reader.open(backup, backup.manifest().dump())) {
      fixture.server.restoreTarget().load("restored", dump, 1, bytes -> {});
    }

    assertThat(fixture.server.database("restored").orElseThrow().tables().values())
        .containsExactly(java.util.List.of("Ada", "Grace"), java.util.List.of("1", "2", "3"));
  }

  @Test
  void publishesTheManifestAfterAllParts() {
    fixture.local.setCapacity(Long.MAX_VALUE);
    BackupStorage untilManifest =
        new FailingStorage(fixture.local, name -> name.lastSegment().equals("manifest.json"));

    assertFails(
        ErrorCode.STORAGE_UNAVAILABLE,
        () ->
            fixture
                .takeBackup()
                .take(fixture.request(new NamedStorage("local", false, true, untilManifest))));

    assertThat(fixture.listing().backups()).isEmpty();
    assertThat(fixture.local.allNames()).allMatch(name -> name.contains("/writers/"));
  }

  @Test
  void isNoBackupWhenTheDumpDies() {
    fixture.server.killDumpAfter(10);

    assertFails(ErrorCode.COMMAND_FAILED, fixture::take);

    assertThat(fixture.listing().backups()).isEmpty();
    assertThat(fixture.listing().problems()).isEmpty();
    assertThat(new BackupRuns(fixture.memory()).all())
        .singleElement()
        .satisfies(
            run -> {
              assertThat(run.error()).contains(ErrorCode.COMMAND_FAILED);
              assertThat(run.backup()).isEmpty();
              assertThat(run.startedAt()).isEqualTo(NOW);
            });
  }

  @Test
  void isNoBackupWhenTheRowsCannotBeCounted() {
    fixture.server.failNext(
        "countRows",
        new RecoveryException(ErrorCode.DATABASE_FAILED, "lost the connection", "try again."));

    assertFails(ErrorCode.DATABASE_FAILED, fixture::take);

    assertThat(fixture.listing().backups()).isEmpty();
  }

  @Test
  void isNoBackupWhenTheStorageGivesBackSomethingElse() {
    BackupStorage lying =
        new FailingStorage(fixture.local, name -> false) {
          @Override
          public StoredObject put(ObjectName name, Content content) {
            StoredObject stored = super.put(name, content);
            if (name.lastSegment().startsWith("database.dump")) {
              fixture.local.flipBit(name, 20);
            }
            return stored;
          }
        };

    assertFails(
        ErrorCode.BACKUP_CORRUPT,
        () ->
            fixture
                .takeBackup()
                .take(fixture.request(new NamedStorage("local", false, true, lying))));

    assertThat(fixture.listing().backups()).isEmpty();
  }

  @Test
  void leavesNothingBehindWhenTheStorageIsFull() {
    fixture.local.setCapacity(700); // the claim and the marker fit

    assertFails(ErrorCode.OUT_OF_SPACE, fixture::take);

    assertThat(fixture.local.allNames()).allMatch(name -> name.contains("/writers/"));
  }

  @Test
  void doesNotBeginWhereTheLastBackupWouldNotFitAgain() {
    fixture.take();
    long used =
        fixture.local.allNames().stream()
            .mapToLong(name -> fixture.local.content(new ObjectName(name)).length)
            .sum();
    fixture.local.setCapacity(used + 500);

    assertFails(ErrorCode.OUT_OF_SPACE, fixture::take);

    assertThat(fixture.server.calls().stream().filter("dump"::equals)).hasSize(1);
  }

  @Test
  void keepsTheBackupButSaysThatTheDataIsNotAsExpected() {
    fixture.server.database(DATABASE).orElseThrow().tables().clear();

    BackupResult result = fixture.take();

    assertThat(result.exitStatus()).isEqualTo(ExitStatus.PARTIAL);
    assertThat(result.warnings()).anyMatch(warning -> warning.contains("there are orders"));
    assertThat(fixture.listing().newestGood()).isPresent();
  }

  @Test
  void copiesToTheOtherStorages() {
    BackupResult result =
        fixture.takeBackup().take(fixture.request(fixture.remoteStorage, fixture.localStorage));

    assertThat(result.exitStatus()).isEqualTo(ExitStatus.OK);
    assertThat(result.storage()).isEqualTo(fixture.localStorage);
    CatalogEntry backup = fixture.listing().require(result.manifest().id());
    assertThat(backup.copies()).hasSize(2).allMatch(copy -> copy.state() == BackupState.VERIFIED);
    assertThat(backup.isOffSite()).isTrue();
    assertThat(backup.copies().get(1).last(BackupEvent.Type.COPIED)).isPresent();
    assertThat(backup.copies().get(0).last(BackupEvent.Type.COPIED)).isEmpty();
  }

  @Test
  void isPartialWhenACopyFails() {
    fixture.remote.setAvailable(false);

    BackupResult result =
        fixture.takeBackup().take(fixture.request(fixture.localStorage, fixture.remoteStorage));

    assertThat(result.exitStatus()).isEqualTo(ExitStatus.PARTIAL);
    assertThat(result.copies())
        .singleElement()
        .satisfies(copy -> assertThat(copy.failure()).isPresent());
    fixture.remote.setAvailable(true);
    CatalogEntry backup = fixture.listing().require(result.manifest().id());
    assertThat(backup.isGood()).isTrue();
    assertThat(backup.isOffSite()).isFalse();
  }

  @Test
  void catchesUpOnWhatAStorageHasMissed() {
    fixture.take(); // nobody wanted a copy of it
    fixture.remote.setAvailable(false);
    fixture.clock.advance(Duration.ofHours(6));
    fixture.takeBackup().take(fixture.request(fixture.localStorage, fixture.remoteStorage));
    fixture.remote.setAvailable(true);
    fixture.clock.advance(Duration.ofHours(6));

    BackupResult result =
        fixture.takeBackup().take(fixture.request(fixture.localStorage, fixture.remoteStorage));

    assertThat(result.exitStatus()).isEqualTo(ExitStatus.OK);
    List<CatalogEntry> backups = fixture.listing().backups();
    assertThat(backups).hasSize(3).allMatch(CatalogEntry::isOffSite);
    assertThat(result.copies().get(0).copied())
        .containsExactlyElementsOf(backups.stream().map(CatalogEntry::id).toList());
  }

  @Test
  void aStorageThatHangsDelaysNoOther() {
    InMemoryStorage third = new InMemoryStorage();
    CountDownLatch otherHasIt = new CountDownLatch(1);
    fixture.remote.beforePut(
        () -> {
          assertThat(otherHasIt.await(1, TimeUnit.MINUTES)).isTrue();
          throw new RecoveryException(ErrorCode.STORAGE_UNAVAILABLE, "it hung", "wait.");
        });

    BackupResult result =
        fixture
            .takeBackup()
            .take(
                fixture.request(
                    fixture.localStorage,
                    fixture.remoteStorage,
                    new NamedStorage("third", true, false, reporting(third, otherHasIt))));

    assertThat(result.copies())
        .extracting(copy -> copy.storage().name(), copy -> copy.failure().isPresent())
        .containsExactly(tuple("offsite", true), tuple("third", false));
  }

  /** Tells when it has a manifest. */
  private static BackupStorage reporting(InMemoryStorage storage, CountDownLatch complete) {
    return new FailingStorage(storage, name -> false) {
      @Override
      public StoredObject put(ObjectName name, Content content) {
        StoredObject stored = super.put(name, content);
        if (name.lastSegment().equals("manifest.json")) {
          complete.countDown();
        }
        return stored;
      }
    };
  }

  @Test
  void refusesASecondBackupAtTheSameTime() {
    try (StateLock held = fixture.memory().lockBackups("somebody's backup")) {
      assertFails(ErrorCode.LOCKED, fixture::take);
    }

    fixture.take();
    assertThat(fixture.listing().backups()).hasSize(1);
  }

  @Test
  void refusesToWriteWhereAnotherWriterHasTakenOver() {
    fixture.take();
    BackupFixture other = new BackupFixture(folder.resolve("other"));
    TakeBackup elsewhere =
        new TakeBackup(
            environment -> fixture.server,
            Coding.plain(new GzipCompression()),
            other.state,
            fixture.clock,
            Progress.SILENT,
            "1.0");

    assertFails(
        ErrorCode.STALE_WRITER, () -> elsewhere.take(fixture.request(fixture.localStorage)));

    new TakeOverBackups(other.state, fixture.clock)
        .takeOver(BackupFixture.APPLICATION, ENVIRONMENT, java.util.List.of(fixture.localStorage));
    BackupResult result = elsewhere.take(fixture.request(fixture.localStorage));
    assertThat(result.manifest().writer().epoch()).isEqualTo(2);
    assertFails(ErrorCode.STALE_WRITER, fixture::take);
  }

  @Test
  void givesUpWhenAnotherWriterTakesOverWhileItDumps() {
    StateDirectory other = StateDirectory.open(folder.resolve("other"), fixture.clock);
    BackupStorage takenOver =
        new FailingStorage(fixture.local, name -> false) {
          @Override
          public StoredObject put(ObjectName name, Content content) {
            if (name.lastSegment().equals("README.md")) {
              new TakeOverBackups(other, fixture.clock)
                  .takeOver(
                      BackupFixture.APPLICATION,
                      ENVIRONMENT,
                      java.util.List.of(fixture.localStorage));
            }
            return super.put(name, content);
          }
        };

    assertFails(
        ErrorCode.STALE_WRITER,
        () ->
            fixture
                .takeBackup()
                .take(fixture.request(new NamedStorage("local", false, true, takenOver))));

    assertThat(fixture.listing().backups()).isEmpty();
  }

  @Test
  void refusesAStorageThatHasLostAllTraceOfUs() {
    fixture.take();
    NamedStorage unmounted = new NamedStorage("local", false, true, new InMemoryStorage());

    assertFails(
        ErrorCode.STORAGE_UNAVAILABLE, () -> fixture.takeBackup().take(fixture.request(unmounted)));

    assertThat(((InMemoryStorage) unmounted.objects()).allNames()).isEmpty();
  }

  @Test
  void cleansUpWhatADeadWriterLeftAndNothingElse() {
    BackupId dead = new BackupId("20261101T000000Z-000001");
    BackupId lostManifest = new BackupId("20261101T000000Z-000002");
    plant(dead, "started.json");
    plant(dead, "database.dump.gz");
    plant(lostManifest, "database.dump.gz");
    fixture.local.plant("Ask%26Trust/production/notes of Bob/dump.sql", new byte[1]);

    fixture.take();

    assertThat(fixture.local.allNames())
        .noneMatch(name -> name.contains(dead.value()))
        .anyMatch(name -> name.contains(lostManifest.value()))
        .anyMatch(name -> name.contains("Bob"));
    assertThat(fixture.listing().problems())
        .extracting(CatalogProblem::kind)
        .containsExactlyInAnyOrder(CatalogProblem.Kind.DAMAGED, CatalogProblem.Kind.FOREIGN);
  }

  @Test
  void savesWhatCanBeReadInAnEmergencyAndNeverCountsItAsGood() {
    fixture.server.damage("public", "orders");
    assertFails(ErrorCode.COMMAND_FAILED, fixture::take);

    BackupResult result = fixture.takeBackup().take(fixture.emergency(fixture.localStorage));

    assertThat(result.manifest().emergency()).isTrue();
    assertThat(result.manifest().unreadable())
        .containsExactly("table public.orders cannot be read");
    assertThat(result.exitStatus()).isEqualTo(ExitStatus.PARTIAL);
    assertThat(fixture.listing().find(result.manifest().id())).isPresent();
    assertThat(fixture.listing().newestGood()).isEmpty();
  }

  @Test
  void goesOnInAnEmergencyWhenTheServerTellsNothingOfItself() {
    RecoveryException broken =
        new RecoveryException(ErrorCode.DATABASE_FAILED, "catalog is damaged", "mend it.");
    fixture.server.failNext("facts", broken);
    fixture.server.failNext("describe", broken);
    fixture.server.failNext("openSnapshot", broken);

    BackupManifest manifest =
        fixture.takeBackup().take(fixture.emergency(fixture.localStorage)).manifest();

    assertThat(manifest.unreadable()).hasSize(3).allMatch(what -> what.contains("damaged"));
    assertThat(manifest.globals()).isEmpty();
    assertThat(fixture.listing().find(manifest.id())).isPresent();
  }

  @Test
  void remembersWhatCameOfItForTheStatus() {
    fixture.take();
    fixture.clock.advance(Duration.ofHours(6));
    fixture.take();

    assertThat(new BackupRuns(fixture.memory()).all())
        .hasSize(2)
        .allSatisfy(run -> assertThat(run.backup()).isPresent());
  }

  private void plant(BackupId id, String object) {
    fixture.local.plant(fixture.object(id, object).value(), "left".getBytes(UTF_8));
  }

  private static void assertFails(ErrorCode code, ThrowingCallable action) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(RecoveryException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining("HINT:");
  }
}
