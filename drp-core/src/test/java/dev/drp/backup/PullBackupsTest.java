package dev.drp.backup;

import static dev.drp.backup.BackupFixture.ENVIRONMENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.plan.BackupKind;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.Retention;
import dev.drp.plan.Span;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PullBackupsTest {
  @TempDir private Path folder;
  private BackupFixture fixture;
  private NamedStorage from;

  @BeforeEach
  void takeThree() {
    fixture = new BackupFixture(folder);
    fixture.takeMany(3, Duration.ofHours(6));
    from = new NamedStorage("local", false, true, new ReadOnly(fixture.local));
  }

  /** As an account that may only read. */
  private static final class ReadOnly extends FailingStorage {
    ReadOnly(BackupStorage storage) {
      super(storage, name -> true);
    }

    @Override
    public void delete(ObjectName name) {
      throw new AssertionError("deletes " + name);
    }

    @Override
    public long removeAbandoned(ObjectName below) {
      throw new AssertionError("cleans up " + below);
    }
  }

  private BackupResult.Copy pull(NamedStorage to, String keep) {
    RetentionPolicy policy =
        new RetentionPolicy(
            List.of(
                BackupSchedule.every(
                    "every-6h",
                    Span.parse("6h"),
                    ENVIRONMENT,
                    BackupKind.LOGICAL,
                    Retention.within(Span.parse(keep)),
                    "offsite")),
            Optional.empty(),
            ZoneOffset.UTC);
    return new PullBackups(
            BackupFixture.APPLICATION, from, to, fixture.state, fixture.clock, Progress.SILENT)
        .pull(ENVIRONMENT, policy);
  }

  private List<CatalogEntry> vault() {
    return new BackupCatalog(BackupFixture.APPLICATION, List.of(fixture.remoteStorage))
        .list(ENVIRONMENT)
        .backups();
  }

  @Test
  void fetchesWhatIsLackingFromWhereItMayOnlyRead() {
    assertThat(pull(fixture.remoteStorage, "7d").copied()).hasSize(3);

    assertThat(vault()).hasSize(3).allMatch(CatalogEntry::isGood);
    assertThat(pull(fixture.remoteStorage, "7d").copied()).isEmpty();
  }

  @Test
  void fetchesNothingThatWouldBeExpiredAtOnce() {
    List<BackupId> newest =
        fixture.listing().backups().stream().limit(2).map(CatalogEntry::id).toList();

    assertThat(pull(fixture.remoteStorage, "13h").copied()).isEqualTo(newest);
  }

  @Test
  void goesOnWithWhatHasArrivedAndIsWhole() {
    NamedStorage failing =
        new NamedStorage(
            "offsite",
            true,
            false,
            new FailingStorage(fixture.remote, name -> name.lastSegment().equals("README.md")));
    assertThat(pull(failing, "7d").failure())
        .map(RecoveryException::code)
        .contains(ErrorCode.STORAGE_UNAVAILABLE);
    BackupId newest = fixture.listing().backups().get(0).id();
    ObjectName dump = fixture.object(newest, "database.dump.gz");
    ObjectName globals = fixture.object(newest, "globals.sql.gz");
    assertThat(fixture.remote.content(globals)).isNotEmpty();
    fixture.remote.flipBit(dump, 12);
    assertThat(vault()).isEmpty();

    assertThat(pull(fixture.remoteStorage, "7d").copied()).hasSize(3);

    assertThat(fixture.remote.content(dump)).isEqualTo(fixture.local.content(dump));
    assertThat(vault()).allMatch(CatalogEntry::isGood);
  }

  @Test
  void keepsNothingOfOneThatIsDamagedThereAndFetchesTheOthers() {
    List<CatalogEntry> all = fixture.listing().backups();
    fixture.local.flipBit(fixture.object(all.get(0).id(), "database.dump.gz"), 10);

    BackupResult.Copy result = pull(fixture.remoteStorage, "7d");

    assertThat(result.failure()).map(RecoveryException::code).contains(ErrorCode.BACKUP_CORRUPT);
    assertThat(result.copied()).containsExactly(all.get(1).id(), all.get(2).id());
    assertThat(fixture.remote.list(fixture.object(all.get(0).id(), "x").parent())).isEmpty();
  }

  @Test
  void saysThatTheOtherSideDoesNotAnswer() {
    fixture.local.setAvailable(false);

    assertThatThrownBy(() -> pull(fixture.remoteStorage, "7d"))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_UNAVAILABLE));
  }
}
