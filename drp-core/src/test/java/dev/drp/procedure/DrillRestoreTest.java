package dev.drp.procedure;

import static dev.drp.procedure.ProcedureFixture.LIVE;
import static dev.drp.procedure.ProcedureFixture.PRODUCTION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupEvent;
import dev.drp.backup.BackupId;
import dev.drp.backup.BackupState;
import dev.drp.database.FakeDatabaseServer;
import dev.drp.database.SandboxRequest;
import dev.drp.plan.Objectives;
import dev.drp.procedure.DrillResult.Cleanup;
import dev.drp.procedure.DrillResult.Outcome;
import dev.drp.recovery.DyingClock;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionListener;
import dev.drp.recovery.ExecutionState;
import dev.drp.recovery.Mode;
import dev.drp.recovery.ObjectiveState;
import dev.drp.recovery.RecoveryEngine;
import dev.drp.recovery.StepExecution;
import dev.drp.recovery.StepState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DrillRestoreTest {
  @TempDir Path folder;
  private ProcedureFixture fixture;
  private BackupId backup;

  /** Prepares the throw-away server as soon as it is there. */
  private final ExecutionListener sandboxAnswers =
      new ExecutionListener() {
        @Override
        public void stepEnded(Execution execution, StepExecution step) {
          if (step.name().equals("start-sandbox") && step.state() == StepState.SUCCEEDED) {
            sandbox(execution).answer("select count(*) from orders", database -> orders);
          }
        }
      };

  private String orders = "3";

  @BeforeEach
  void anEnvironmentWithABackup() {
    fixture = new ProcedureFixture(folder.resolve("state"));
    backup = fixture.backUp();
  }

  private FakeDatabaseServer sandbox(Execution execution) {
    return fixture.sandboxes.running(execution.id().value()).orElseThrow();
  }

  private Execution drill(DrillRequest request) {
    return drill(fixture.engine(), request);
  }

  private Execution drill(RecoveryEngine engine, DrillRequest request) {
    return engine.execute(
        fixture.drillRestore().plan(PRODUCTION, request), Mode.DRILL, sandboxAnswers);
  }

  private void assertNothingLeft(Execution execution) {
    assertThat(fixture.sandboxes.running(execution.id().value())).isEmpty();
    assertThat(fixture.databases()).containsExactly(LIVE);
    assertThat(fixture.server.calls()).doesNotContain("create", "load", "switchDatabases");
  }

  @Test
  void restoresTheNewestBackupOnAThrowAwayServerAndLeavesNothing() {
    Execution execution = drill(DrillRequest.NEWEST);

    DrillResult result = DrillResult.of(execution);
    assertThat(result.outcome()).as("%s", execution.problem()).isEqualTo(Outcome.PASSED);
    assertThat(result.exitStatus()).isEqualTo(ExitStatus.OK);
    assertThat(result.cleanup()).isEqualTo(Cleanup.DONE);
    assertThat(result.recoveryTimeObjective()).isEqualTo(ObjectiveState.MET);
    assertThat(result.recoveryPoint()).contains(Duration.ofMinutes(5));
    assertThat(result.recoveryPointObjective()).isEqualTo(ObjectiveState.MET);
    assertThat(execution.value("rowsExpected")).isEqualTo(execution.value("rowsActual"));
    assertNothingLeft(execution);
  }

  @Test
  void asksForTheImageAndVersionThatTheBackupWasTakenFrom() {
    Execution execution = drill(DrillRequest.NEWEST);

    assertThat(fixture.sandboxes.requests())
        .containsExactly(
            new SandboxRequest(
                execution.id().value(),
                15,
                fixture.backups.listing().require(backup).manifest().server().image(),
                "postgres"));
  }

  @Test
  void writesDownBesideTheBackupThatItWasDrilled() {
    Execution execution = drill(DrillRequest.NEWEST);

    assertThat(fixture.backups.listing().require(backup).state()).isEqualTo(BackupState.DRILLED);
    BackupEvent event =
        fixture
            .backups
            .listing()
            .require(backup)
            .copies()
            .get(0)
            .last(BackupEvent.Type.DRILLED)
            .orElseThrow();
    assertThat(event.took()).isEqualTo(execution.recoveryTimeActual().orElseThrow());
    assertThat(event.detail()).contains(execution.id().value());
    assertThat(fixture.backups.localCatalog().read(PRODUCTION).backups().get(0).state())
        .isEqualTo(BackupState.DRILLED);
  }

  @Test
  void readsFromOneStorageOnlyWhereOneIsNamed() {
    fixture.copyToRemote(backup);
    BackupId newer = fixture.backUp();

    Execution there = drill(DrillRequest.NEWEST.from(new DrillRequest.Source("offsite", false)));

    assertThat(there.value("backup")).contains(backup.value());
    assertThat(there.value("storage")).contains("offsite");
    assertThat(DrillResult.of(there).recoveryPoint()).contains(Duration.ofMinutes(10));
    assertThat(drill(DrillRequest.NEWEST).value("backup")).contains(newer.value());
    assertThatThrownBy(
            () -> drill(DrillRequest.NEWEST.from(new DrillRequest.Source("nowhere", false))))
        .hasMessageContaining("there are: local, offsite");
  }

  @Test
  void anIsolatedDrillAsksNoOtherStorageAndTellsThisMachineNothing() {
    fixture.copyToRemote(backup);
    Path catalog = fixture.backups.memory().file("catalog");
    assertThat(catalog.toFile().delete()).isTrue();
    fixture.backups.local.setAvailable(false);

    Execution execution = drill(DrillRequest.NEWEST.from(new DrillRequest.Source("offsite", true)));

    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.PASSED);
    assertThat(execution.stepExecution("record-drill").state()).isEqualTo(StepState.SUCCEEDED);
    assertThat(catalog).doesNotExist();
    assertThat(execution.stepExecution("choose-backup").findings())
        .anySatisfy(it -> assertThat(it.actual()).startsWith("storage offsite"))
        .anySatisfy(it -> assertThat(it.subject()).isEqualTo("not used"))
        .noneSatisfy(it -> assertThat(it.subject()).isEqualTo("storage local"));
    assertThat(DrillRequest.fromArguments(execution.arguments()).source())
        .contains(new DrillRequest.Source("offsite", true));
  }

  @Test
  void drawsABackupBySeedButJudgesTheRecoveryPointOnTheNewest() {
    fixture.backups.clock.advance(Duration.ofHours(1));
    fixture.backUp();
    fixture.backups.clock.advance(Duration.ofHours(1));
    fixture.backUp();
    Set<String> drawn = new HashSet<>();
    for (long seed = 0; seed < 5; seed++) {
      Execution execution = drill(DrillRequest.random(seed));
      assertThat(execution.arguments()).containsEntry("seed", String.valueOf(seed));
      assertThat(DrillResult.of(execution).recoveryPoint()).contains(Duration.ofMinutes(5));
      drawn.add(execution.value("backup").orElseThrow());
    }
    assertThat(drawn).hasSizeGreaterThan(1);
    assertThat(drill(DrillRequest.random(3)).value("backup"))
        .isEqualTo(drill(DrillRequest.random(3)).value("backup"));
  }

  @Test
  void restoresTheBackupThatWasAskedForButJudgesTheRecoveryPointOnTheNewest() {
    BackupId older = fixture.backUp();
    fixture.backups.clock.advance(Duration.ofHours(1));
    fixture.backUp();

    Execution execution = drill(DrillRequest.of(older));

    assertThat(execution.value("backup")).contains(older.value());
    assertThat(DrillResult.of(execution).recoveryPoint()).contains(Duration.ofMinutes(5));
    assertThat(fixture.drillRestore().plan(execution).arguments())
        .isEqualTo(execution.arguments())
        .containsEntry("backup", older.value());
  }

  @Test
  void keepsTheResultApartFromTheObjectives() {
    fixture.objectives = Objectives.of(Duration.ofNanos(1), Duration.ofHours(6));
    DrillResult slow = DrillResult.of(drill(DrillRequest.NEWEST));
    assertThat(slow.outcome()).isEqualTo(Outcome.FAILED_OBJECTIVE);
    assertThat(slow.recoveryTimeObjective()).isEqualTo(ObjectiveState.MISSED);
    assertThat(slow.recoveryPointObjective()).isEqualTo(ObjectiveState.MET);
    assertThat(slow.exitStatus()).isEqualTo(ExitStatus.OBJECTIVE_MISSED);

    fixture.objectives = Objectives.of(Duration.ofHours(2), Duration.ofMinutes(4));
    assertThat(DrillResult.of(drill(DrillRequest.NEWEST)).recoveryPointObjective())
        .isEqualTo(ObjectiveState.MISSED);

    fixture.objectives = Objectives.NONE;
    DrillResult unmeasured = DrillResult.of(drill(DrillRequest.NEWEST));
    assertThat(unmeasured.outcome()).isEqualTo(Outcome.PASSED);
    assertThat(unmeasured.recoveryTimeObjective()).isEqualTo(ObjectiveState.NOT_MEASURED);
  }

  @Test
  void isInconclusiveOnAnotherImageUnlessTheFingerprintsAreTheSame() {
    fixture.sandboxes.setSameImage(false);
    assertThat(DrillResult.of(drill(DrillRequest.NEWEST)).outcome()).isEqualTo(Outcome.PASSED);
    BackupId newer = fixture.backUp();
    ExecutionListener otherCollation =
        new ExecutionListener() {
          @Override
          public void stepEnded(Execution execution, StepExecution step) {
            sandboxAnswers.stepEnded(execution, step);
            if (step.name().equals("start-sandbox") && step.state() == StepState.SUCCEEDED) {
              sandbox(execution).setCollationVersion("2.41");
            }
          }
        };

    Execution execution =
        fixture
            .engine()
            .execute(
                fixture.drillRestore().plan(PRODUCTION, DrillRequest.NEWEST),
                Mode.DRILL,
                otherCollation);

    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.INCONCLUSIVE);
    assertThat(DrillResult.of(execution).exitStatus()).isEqualTo(ExitStatus.FAILED);
    assertThat(fixture.backups.listing().require(newer).state()).isEqualTo(BackupState.VERIFIED);

    fixture.sandboxes.setSameImage(true);
    assertThat(
            DrillResult.of(
                    fixture
                        .engine()
                        .execute(
                            fixture.drillRestore().plan(PRODUCTION, DrillRequest.NEWEST),
                            Mode.DRILL,
                            otherCollation))
                .outcome())
        .isEqualTo(Outcome.PASSED);
  }

  @Test
  void failsAndTearsDownWhenTheDataIsNotAsExpected() {
    orders = "0";

    Execution execution = drill(DrillRequest.NEWEST);

    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.FAILED);
    assertThat(execution.problem().orElseThrow().code()).isEqualTo(ErrorCode.VERIFICATION_FAILED);
    assertThat(DrillResult.of(execution).cleanup()).isEqualTo(Cleanup.DONE);
    assertThat(DrillResult.of(execution).recoveryTimeObjective())
        .isEqualTo(ObjectiveState.NOT_MEASURED);
    assertNothingLeft(execution);
    // The data is what was backed up: the backup is not to blame.
    assertThat(fixture.backups.listing().require(backup).isGood()).isTrue();
  }

  @Test
  void marksABackupAsFailedThatTurnsOutToBeDamaged() {
    fixture.backups.local.flipBit(fixture.backups.object(backup, "database.dump.gz"), 15);

    Execution execution = drill(DrillRequest.NEWEST);

    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.FAILED);
    assertThat(fixture.backups.listing().require(backup).state()).isEqualTo(BackupState.FAILED);
    assertThat(fixture.sandboxes.requests()).isEmpty();
  }

  @Test
  void failsWhenNoServerCanBeStarted() {
    fixture.sandboxes.failNextStart(
        new RecoveryException(ErrorCode.IMAGE_NOT_FOUND, "no image", "pull it."));

    Execution execution = drill(DrillRequest.NEWEST);

    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.FAILED);
    assertThat(execution.problem().orElseThrow().code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND);
    assertThat(execution.whatStands()).isEqualTo("Environment production was not touched.");
    assertThat(DrillResult.of(execution).cleanup()).isEqualTo(Cleanup.DONE);
  }

  @Test
  void saysWhatItCouldNotRemove() {
    fixture.sandboxes.leaveBehind(List.of("container drp-drill-1"));

    Execution execution = drill(DrillRequest.NEWEST);

    assertThat(execution.state()).isEqualTo(ExecutionState.COMPLETED_WITH_EXCEPTIONS);
    DrillResult result = DrillResult.of(execution);
    assertThat(result.outcome()).isEqualTo(Outcome.PASSED);
    assertThat(result.cleanup()).isEqualTo(Cleanup.INCOMPLETE);
    assertThat(result.exitStatus()).isEqualTo(ExitStatus.PARTIAL);
    assertThat(execution.problem().orElseThrow().problem()).contains("container drp-drill-1");
  }

  @Test
  void startsANewServerWhenItIsResumedAfterACrashAndLeavesNothing() {
    int lines = 1;
    for (boolean died = true; died; lines += 3) {
      fixture = new ProcedureFixture(folder.resolve("died-" + lines));
      backup = fixture.backUp();
      try {
        drill(
            fixture.engine(new DyingClock(fixture.backups.clock, lines + 1)), DrillRequest.NEWEST);
        died = false;
      } catch (DyingClock.Died e) {
        Execution left = fixture.executions.list().executions().get(0);
        fixture.engine().resume(left.id(), List.of(), fixture.drillRestore()::plan, sandboxAnswers);
      }
      Execution done = fixture.executions.list().executions().get(0);
      assertThat(DrillResult.of(done).outcome()).as("line %d", lines).isEqualTo(Outcome.PASSED);
      assertThat(DrillResult.of(done).cleanup()).isEqualTo(Cleanup.DONE);
      assertNothingLeft(done);
    }
    assertThat(lines).isGreaterThan(30);
  }

  @Test
  void clearsUpAfterEarlierDrillsThatDied() {
    assertThatThrownBy(
            () ->
                drill(
                    fixture.engine(new DyingClock(fixture.backups.clock, 24)), DrillRequest.NEWEST))
        .isInstanceOf(DyingClock.Died.class);
    Execution died = fixture.executions.list().executions().get(0);
    fixture.sandboxes.start(
        new SandboxRequest(died.id().value(), 15, Optional.empty(), "postgres"));
    fixture.backups.clock.advance(Duration.ofMinutes(1));

    Execution next = drill(DrillRequest.NEWEST);

    assertThat(DrillResult.of(next).outcome()).isEqualTo(Outcome.PASSED);
    assertThat(fixture.sandboxes.running(died.id().value())).isEmpty();
  }
}
