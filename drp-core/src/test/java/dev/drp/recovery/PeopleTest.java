package dev.drp.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.recovery.TestPlans.World;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Steps that wait for people, and people who give up. */
final class PeopleTest {
  private static final String APPROVE = "approve-switch";

  @TempDir Path folder;

  private final World world = new World();
  private Executions executions;
  private RecoveryEngine engine;

  @BeforeEach
  void anEmptyStateDirectory() {
    executions = TestPlans.executions(folder.resolve("state"));
    engine = TestPlans.engine(executions);
  }

  private RecoveryPlan plan(Duration limit) {
    return RecoveryPlan.named("test", "Shop", "production")
        .phase(
            "all",
            TestPlans.effect(world, "create")
                .undo("drops it", context -> world.call("undo create")),
            Step.person(APPROVE, "the switch may be done").within(limit),
            TestPlans.effect(world, "switch"))
        .build();
  }

  /** Calls it from another thread as soon as a step of that name has begun. */
  private static ExecutionListener at(String name, Consumer<ExecutionId> action) {
    return new ExecutionListener() {
      @Override
      public void stepStarted(Execution execution, StepExecution step) {
        if (step.name().equals(name) && step.state() == StepState.RUNNING) {
          new Thread(() -> action.accept(execution.id())).start();
        }
      }
    };
  }

  private void approve(ExecutionId id) {
    assertThat(engine.approve(id, Optional.empty(), "Ada", "it looks good")).isEqualTo(APPROVE);
  }

  private void abort(ExecutionId id) {
    engine.abort(id, "Bo", "wrong server", any -> plan(Duration.ZERO), ExecutionListener.SILENT);
  }

  @Test
  void goesOnOnceSomebodyApprovesAndSaysWho() {
    Execution execution =
        engine.execute(
            plan(Duration.ofMinutes(5)), Mode.RECOVERY, at(APPROVE, PeopleTest.this::approve));

    assertThat(execution.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(world.calls).containsExactly("create", "switch");
    StepExecution approval = execution.stepExecution(APPROVE);
    assertThat(approval.forPerson()).isTrue();
    assertThat(approval.findings())
        .singleElement()
        .satisfies(it -> assertThat(it.actual()).contains("Ada").contains("it looks good"));
    assertThat(execution.waitingTime()).isGreaterThanOrEqualTo(approval.took().orElseThrow());
    assertThat(executions.show(execution.id()).waitingTime()).isEqualTo(execution.waitingTime());
  }

  @Test
  void pausesWhenNobodyDoesInTimeAndGoesOnWhenResumedWithTheApproval() {
    Execution paused =
        engine.execute(plan(Duration.ofMillis(50)), Mode.RECOVERY, ExecutionListener.SILENT);

    assertThat(paused.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(paused.exitStatus()).isEqualTo(ExitStatus.PAUSED);
    assertThat(paused.stepExecution(APPROVE).state()).isEqualTo(StepState.TIMED_OUT);
    assertThat(world.calls).containsExactly("create");

    approve(paused.id());
    Execution resumed =
        engine.resume(
            paused.id(), List.of(), any -> plan(Duration.ofMillis(500)), ExecutionListener.SILENT);
    assertThat(resumed.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(world.calls).containsExactly("create", "switch");
  }

  @Test
  void refusesWordsAboutWhatDoesNotWait() {
    Execution paused =
        engine.execute(plan(Duration.ofMillis(50)), Mode.RECOVERY, ExecutionListener.SILENT);
    assertUsage(() -> engine.approve(paused.id(), Optional.of("switch"), "Ada", ""), APPROVE);
    assertUsage(() -> engine.approve(paused.id(), Optional.empty(), " ", ""), "nobody");

    abort(paused.id());
    assertUsage(() -> engine.approve(paused.id(), Optional.empty(), "Ada", ""), "ROLLED_BACK");
    assertUsage(() -> abort(paused.id()), "ROLLED_BACK");
  }

  private static void assertUsage(Runnable call, String problem) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.USAGE);
              assertThat(e).hasMessageContaining(problem);
            });
  }

  @Test
  void anAbortWhileItWaitsUndoesWhatWasDoneAndSaysWhoAndWhy() {
    Execution execution =
        engine.execute(plan(Duration.ofMinutes(5)), Mode.RECOVERY, at(APPROVE, this::abort));

    assertAborted(execution);
    assertThat(world.calls).containsExactly("create", "undo create");
  }

  private void assertAborted(Execution execution) {
    assertThat(execution.state()).isEqualTo(ExecutionState.ROLLED_BACK);
    assertThat(execution.problem().orElseThrow().problem()).contains("aborted by Bo: wrong server");
    assertThat(execution.exitStatus()).isEqualTo(ExitStatus.INTERRUPTED);
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    assertThat(executions.requests(execution.id()).abort()).isEmpty();
  }

  @Test
  void anAbortInterruptsTheRunningStep() {
    CountDownLatch never = new CountDownLatch(1);
    Step endless =
        Step.changing(
                "endless",
                "waits",
                context -> {
                  world.call("endless");
                  never.await();
                })
            .undo("stops", context -> world.call("undo endless"));
    RecoveryPlan plan =
        RecoveryPlan.named("test", "Shop", "production")
            .phase(
                "all",
                TestPlans.effect(world, "create")
                    .undo("drops it", context -> world.call("undo create")),
                endless)
            .build();

    Execution execution = engine.execute(plan, Mode.RECOVERY, at("endless", this::abort));

    assertAborted(execution);
    assertThat(world.calls).endsWith("undo endless", "undo create");
  }

  @Test
  void anAbortOfAPausedExecutionUndoesIt() {
    Execution paused =
        engine.execute(plan(Duration.ofMillis(50)), Mode.RECOVERY, ExecutionListener.SILENT);

    abort(paused.id());

    assertAborted(executions.show(paused.id()));
    assertThat(world.calls).containsExactly("create", "undo create");
  }

  @Test
  void anAbortThatComesTooLateChangesNothing() {
    RecoveryPlan plan =
        RecoveryPlan.named("test", "Shop", "production")
            .phase(
                "all",
                Step.changing(
                    "create",
                    "the last one",
                    context ->
                        executions
                            .requests(context.execution())
                            .abort(new Requests.Word("Bo", "", TestPlans.NOW))))
            .build();

    Execution execution = engine.execute(plan, Mode.RECOVERY, ExecutionListener.SILENT);

    assertThat(execution.state())
        .isIn(ExecutionState.COMPLETED, ExecutionState.ROLLED_BACK); // whichever was first
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void aPlanThatIncludesAnotherHasItsPhasesArgumentsAndCommit() {
    RecoveryPlan inner =
        RecoveryPlan.named("inner", "Shop", "production")
            .argument("backup", "b1")
            .phase("restore", TestPlans.effect(world, "restore"))
            .commit(TestPlans.effect(world, "drop"))
            .whatStands(any -> "The old one stands.")
            .closing(() -> world.call("close inner"))
            .build();
    RecoveryPlan outer =
        RecoveryPlan.named("outer", "Shop", "production")
            .phase("before", TestPlans.effect(world, "stop"))
            .whatStands(any -> "All is stopped.")
            .closing(() -> world.call("close outer"))
            .including(inner)
            .phase("after", TestPlans.effect(world, "start"))
            .build();

    Execution execution = engine.execute(outer, Mode.RECOVERY, ExecutionListener.SILENT);

    assertThat(execution.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(execution.arguments()).containsEntry("backup", "b1");
    assertThat(world.calls)
        .containsExactly("stop", "restore", "start", "close inner", "close outer");
    assertThat(outer.whatStands(execution)).isEqualTo("All is stopped. The old one stands.");
  }

  @Test
  void aRehearsalIsUndoneOnceItIsCompleteAndLeavesNothing() {
    RecoveryPlan rehearsal =
        RecoveryPlan.named("rehearsal", "Shop", "staging")
            .phase(
                "all",
                TestPlans.effect(world, "stop").undo("starts", context -> world.call("undo stop")),
                TestPlans.effect(world, "restore")
                    .undo("goes back", context -> world.call("undo restore")))
            .commit(TestPlans.effect(world, "drop"))
            .rehearsal()
            .build();

    Execution execution = engine.execute(rehearsal, Mode.DRILL, ExecutionListener.SILENT);

    assertThat(execution.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(execution.exitStatus()).isEqualTo(ExitStatus.OK);
    assertThat(world.calls).containsExactly("stop", "restore", "undo restore", "undo stop", "drop");
  }

  private Step undoneAtTheSecondTry(String name) {
    String undo = "undo " + name;
    return TestPlans.effect(world, name)
        .undo(
            "takes it back",
            context -> {
              boolean first = !world.calls.contains(undo);
              world.call(undo);
              if (first) {
                throw new IllegalStateException("not yet");
              }
            });
  }

  @Test
  void aRehearsalThatCannotBeUndonePausesAndGoesOn() {
    RecoveryPlan rehearsal =
        RecoveryPlan.named("rehearsal", "Shop", "staging")
            .phase("all", undoneAtTheSecondTry("stop"))
            .commit(TestPlans.effect(world, "drop"))
            .rehearsal()
            .build();

    Execution paused = engine.execute(rehearsal, Mode.DRILL, ExecutionListener.SILENT);
    assertThat(paused.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);

    Execution resumed =
        engine.resume(paused.id(), List.of(), any -> rehearsal, ExecutionListener.SILENT);
    assertThat(resumed.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(world.calls).containsExactly("stop", "undo stop", "undo stop", "drop");
  }

  @Test
  void aRehearsalThatFailsAndCannotBeUndoneGivesNothingUp() {
    RecoveryPlan rehearsal =
        RecoveryPlan.named("rehearsal", "Shop", "staging")
            .phase(
                "all",
                undoneAtTheSecondTry("switch"),
                Step.changing(
                        "start",
                        "fails",
                        context -> {
                          throw new IllegalStateException("does not start");
                        })
                    .onFailure(FailurePolicy.ABORT))
            .commit(TestPlans.effect(world, "drop"))
            .rehearsal()
            .build();

    Execution paused = engine.execute(rehearsal, Mode.DRILL, ExecutionListener.SILENT);
    assertThat(paused.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(world.calls).containsExactly("switch", "undo switch");

    Execution resumed =
        engine.resume(paused.id(), List.of(), any -> rehearsal, ExecutionListener.SILENT);
    assertThat(resumed.state()).isEqualTo(ExecutionState.FAILED);
    assertThat(world.calls).containsExactly("switch", "undo switch", "undo switch", "drop");
  }

  @Test
  void aDrillThatActsInPlaceDoesNotRunBesideARecovery() {
    RecoveryPlan inPlace =
        RecoveryPlan.named("restart", "Shop", "staging")
            .phase("all", TestPlans.effect(world, "stop"))
            .inPlace()
            .build();
    RecoveryPlan recovery =
        RecoveryPlan.named("test", "Shop", "staging")
            .phase(
                "all",
                Step.changing(
                    "meanwhile",
                    "drills",
                    context ->
                        assertThatThrownBy(
                                () -> engine.execute(inPlace, Mode.DRILL, ExecutionListener.SILENT))
                            .hasMessageContaining(context.execution().value())))
            .build();

    Execution execution = engine.execute(recovery, Mode.RECOVERY, ExecutionListener.SILENT);

    assertThat(execution.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(world.calls).isEmpty();
  }
}
