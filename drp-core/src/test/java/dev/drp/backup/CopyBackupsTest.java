package dev.drp.backup;

import static dev.drp.backup.BackupFixture.ENVIRONMENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.state.StateLock;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CopyBackupsTest {
  @TempDir private Path folder;
  private BackupFixture fixture;

  @BeforeEach
  void takeThree() {
    fixture = new BackupFixture(folder);
    fixture.takeMany(3, Duration.ofHours(6));
  }

  @Test
  void copiesWhatAStorageLacksAndPassesOverWhatItHas() {
    List<CatalogEntry> all = fixture.listing().backups();
    assertThat(copy(all.subList(1, 2)).get(0).copied()).containsExactly(all.get(1).id());

    List<BackupResult.Copy> copies = copy(all);

    assertThat(copies)
        .singleElement()
        .satisfies(
            copy -> {
              assertThat(copy.copied()).containsExactly(all.get(0).id(), all.get(2).id());
              assertThat(copy.failure()).isEmpty();
            });
    assertThat(fixture.listing().backups()).hasSize(3).allMatch(CatalogEntry::isOffSite);
    assertThat(fixture.localCatalog().read(ENVIRONMENT).backups())
        .allMatch(BackupSummary::isOffSite);
    assertThat(copy(all).get(0).copied()).isEmpty();
  }

  @Test
  void goesOnAfterABackupThatIsDamaged() {
    List<CatalogEntry> all = fixture.listing().backups();
    fixture.local.flipBit(fixture.object(all.get(0).id(), "database.dump.gz"), 10);

    List<BackupResult.Copy> copies = copy(all);

    assertThat(copies.get(0).failure())
        .map(RecoveryException::code)
        .contains(ErrorCode.BACKUP_CORRUPT);
    assertThat(copies.get(0).copied()).containsExactly(all.get(1).id(), all.get(2).id());
    assertThat(fixture.listing().require(all.get(0).id()).isOffSite()).isFalse();
  }

  @Test
  void givesUpOnAStorageThatIsAway() {
    fixture.remote.setAvailable(false);

    List<BackupResult.Copy> copies = copy(fixture.listing().backups());

    assertThat(copies.get(0).copied()).isEmpty();
    assertThat(copies.get(0).failure())
        .map(RecoveryException::code)
        .contains(ErrorCode.STORAGE_UNAVAILABLE);
  }

  @Test
  void waitsForNobodyWhoWorksOnTheBackups() {
    List<CatalogEntry> all = fixture.listing().backups();
    try (StateLock held = fixture.memory().lockBackups("a backup")) {
      assertThatThrownBy(() -> copy(all))
          .isInstanceOfSatisfying(
              RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOCKED));
    }
  }

  private List<BackupResult.Copy> copy(List<CatalogEntry> backups) {
    return new CopyBackups(
            BackupFixture.APPLICATION,
            fixture.localCatalog(),
            fixture.state,
            fixture.clock,
            Progress.SILENT)
        .copy(ENVIRONMENT, Map.of(fixture.remoteStorage, backups));
  }
}
