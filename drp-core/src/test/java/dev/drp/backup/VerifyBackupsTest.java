package dev.drp.backup;

import static dev.drp.backup.BackupFixture.ENVIRONMENT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifyBackupsTest {
  @TempDir Path folder;
  private BackupFixture fixture;
  private VerifyBackups verifyBackups;

  @BeforeEach
  void prepare() {
    fixture = new BackupFixture(folder);
    verifyBackups =
        new VerifyBackups(fixture.localCatalog(), fixture.reader, fixture.clock, Progress.SILENT);
  }

  @Test
  void keepsThatABackupIsGood() {
    fixture.take();
    fixture.clock.advance(Duration.ofDays(1));

    List<Verification> results = verifyBackups.verify(fixture.listing().backups());

    assertThat(results).singleElement().matches(result -> result.failure().isEmpty());
    assertThat(fixture.listing().newestGood().orElseThrow().copies().get(0).provenAt())
        .contains(fixture.clock.instant());
  }

  @Test
  void findsAFlippedBitAndKeepsThatTheBackupFailed() {
    fixture.takeMany(2, Duration.ofHours(6));
    CatalogEntry newest = fixture.listing().newestGood().orElseThrow();
    ObjectName part = fixture.object(newest.id(), "globals.sql.gz");
    fixture.local.flipBit(part, fixture.local.content(part).length / 2);

    List<Verification> results = verifyBackups.verify(fixture.listing().backups());

    assertThat(results)
        .filteredOn(result -> result.id().equals(newest.id()))
        .singleElement()
        .satisfies(
            result ->
                assertThat(result.failure().orElseThrow().code())
                    .isEqualTo(ErrorCode.BACKUP_CORRUPT));
    assertThat(results).filteredOn(result -> result.failure().isEmpty()).hasSize(1);
    assertThat(fixture.listing().require(newest.id()).state()).isEqualTo(BackupState.FAILED);
    assertThat(fixture.localCatalog().read(ENVIRONMENT).backups().get(0).state())
        .isEqualTo(BackupState.FAILED);
  }

  @Test
  void judgesEachCopyForItself() {
    fixture.takeBackup().take(fixture.request(fixture.localStorage, fixture.remoteStorage));
    CatalogEntry backup = fixture.listing().newestGood().orElseThrow();
    fixture.remote.flipBit(fixture.object(backup.id(), "database.dump.gz"), 25);

    verifyBackups.verify(List.of(backup));

    CatalogEntry now = fixture.listing().require(backup.id());
    assertThat(now.copies())
        .extracting(BackupCopy::state)
        .containsExactly(BackupState.VERIFIED, BackupState.FAILED);
    assertThat(now.isOffSite()).isFalse();
  }

  @Test
  void judgesNothingThatItCannotReadNow() {
    fixture.take();
    List<CatalogEntry> backups = fixture.listing().backups();
    fixture.local.setAvailable(false);

    List<Verification> results = verifyBackups.verify(backups);

    fixture.local.setAvailable(true);
    assertThat(results.get(0).failure().orElseThrow().code())
        .isEqualTo(ErrorCode.STORAGE_UNAVAILABLE);
    assertThat(fixture.listing().backups().get(0).state()).isEqualTo(BackupState.VERIFIED);
  }
}
