package dev.drp.backup;

import static dev.drp.backup.BackupFixture.ENVIRONMENT;
import static dev.drp.backup.BackupFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.database.Lsn;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalCatalogTest {
  @TempDir Path folder;
  private BackupFixture fixture;

  @BeforeEach
  void prepare() {
    fixture = new BackupFixture(folder);
  }

  @Test
  void knowsWhatTheStoragesKnowWithoutReadingThem() {
    fixture.takeBackup().take(fixture.request(fixture.localStorage, fixture.remoteStorage));
    List<BackupSummary> fromStorages =
        fixture.listing().backups().stream().map(BackupSummary::of).toList();
    fixture.remote.setAvailable(false);

    LocalCatalog.View view = fixture.localCatalog().read(ENVIRONMENT);

    assertThat(view.backups()).isEqualTo(fromStorages);
    assertThat(view.problems()).isEmpty();
    assertThat(view.gone()).isEmpty();
  }

  @Test
  void remembersWhereTheLogOfAPhysicalBackupEnds() {
    fixture.server.setBaseBackup(FakeServerFiles.some(1 << 20).tar());
    fixture.takeBackup().take(fixture.physical(fixture.localStorage));

    assertThat(fixture.localCatalog().read(ENVIRONMENT).backups())
        .singleElement()
        .extracting(BackupSummary::logEnd)
        .isEqualTo(
            Optional.of(
                new BackupSummary.LogEnd("7000000000000000001", 1, Lsn.parse("0/2000138"))));
  }

  @Test
  void tellsHowOldItIs() {
    fixture.take();
    fixture.clock.advance(Duration.ofDays(2));

    assertThat(fixture.localCatalog().read(ENVIRONMENT).asOf()).contains(NOW);
    fixture.localCatalog().refresh(ENVIRONMENT);
    assertThat(fixture.localCatalog().read(ENVIRONMENT).asOf()).contains(fixture.clock.instant());
  }

  @Test
  void saysOnceThatAFolderIsMissingAndNoLongerWhenItIsBack() {
    fixture.take();
    fixture.local.setAvailable(false);
    fixture.localCatalog().refresh(ENVIRONMENT);

    assertThat(fixture.localCatalog().read(ENVIRONMENT).problems()).hasSize(1);
    fixture.local.setAvailable(true);
    assertThat(fixture.localCatalog().read(ENVIRONMENT).problems()).isEmpty();
  }

  @Test
  void noticesAtOnceThatABackupHasGone() {
    fixture.takeMany(2, Duration.ofHours(6));
    BackupId newest = fixture.listing().backups().get(0).id();
    fixture.local.allNames().stream()
        .filter(name -> name.contains(newest.value()))
        .forEach(name -> fixture.local.delete(new ObjectName(name)));

    LocalCatalog.View view = fixture.localCatalog().read(ENVIRONMENT);

    assertThat(view.backups()).hasSize(1).noneMatch(backup -> backup.id().equals(newest));
    assertThat(view.gone()).singleElement().asString().contains(newest.value());
  }

  @Test
  void noticesAtOnceThatABackupHasComeFromElsewhere() {
    fixture.take();
    BackupFixture other = new BackupFixture(folder.resolve("other"));
    new TakeOverBackups(other.state, other.clock)
        .takeOver(BackupFixture.APPLICATION, ENVIRONMENT, List.of(fixture.localStorage));
    BackupId id = other.takeBackup().take(other.request(fixture.localStorage)).manifest().id();

    assertThat(fixture.localCatalog().read(ENVIRONMENT).backups())
        .extracting(BackupSummary::id)
        .contains(id)
        .hasSize(2);
  }

  @Test
  void asksTheStoragesWhenItKnowsNothing() {
    fixture.take();
    BackupFixture elsewhere = new BackupFixture(folder.resolve("other"));
    LocalCatalog empty = new LocalCatalog(fixture.catalog(), elsewhere.state, elsewhere.clock);

    assertThat(empty.read(ENVIRONMENT).backups()).hasSize(1);
  }

  @Test
  void saysThatALocalStorageDoesNotAnswer() {
    fixture.take();
    fixture.local.setAvailable(false);

    LocalCatalog.View view = fixture.localCatalog().read(ENVIRONMENT);

    assertThat(view.backups()).hasSize(1);
    assertThat(view.problems())
        .singleElement()
        .matches(problem -> problem.kind() == CatalogProblem.Kind.UNREACHABLE);
  }

  @Test
  void remembersProblemsAndHostileNames() {
    fixture.take();
    fixture.local.plant("Ask%26Trust/production/tab\tline\nback\\slash/x", new byte[1]);
    List<CatalogProblem> problems = fixture.localCatalog().refresh(ENVIRONMENT).problems();

    assertThat(fixture.localCatalog().read(ENVIRONMENT).problems()).hasSize(1).isEqualTo(problems);
  }

  @Test
  void showsTheMeasuredRecoveryOfADrill() {
    fixture.take();
    CatalogEntry backup = fixture.listing().newestGood().orElseThrow();
    BackupEvents.add(
        backup.copies().get(0),
        new BackupEvent(
            BackupEvent.Type.DRILLED,
            NOW.plusSeconds(60),
            "web-1",
            "execution 1",
            Duration.ofSeconds(42)));
    fixture.localCatalog().refresh(ENVIRONMENT, backup.id());

    BackupSummary summary = fixture.localCatalog().read(ENVIRONMENT).backups().get(0);

    assertThat(summary.state()).isEqualTo(BackupState.DRILLED);
    assertThat(summary.copies().get(0).recoveryTook()).contains(Duration.ofSeconds(42));
    assertThat(summary.copies().get(0).drilledAt()).contains(NOW.plusSeconds(60));
  }
}
