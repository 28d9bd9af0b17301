package dev.drp.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.recovery.DyingClock.Died;
import dev.drp.recovery.Step.Outcome;
import dev.drp.recovery.TestPlans.World;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RecoveryEngineTest {
  @TempDir Path folder;

  private final World world = new World();
  private Executions executions;
  private RecoveryEngine engine;

  @BeforeEach
  void anEmptyStateDirectory() {
    executions = TestPlans.executions(folder.resolve("state"));
    engine = TestPlans.engine(executions);
  }

  private static Step failing(String name) {
    return Step.changing(
        name,
        "fails",
        context -> {
          throw new RecoveryException(ErrorCode.DATABASE_FAILED, name + " failed", "try harder.");
        });
  }

  private Execution run(Mode mode, Step... steps) {
    return engine.execute(plan(steps), mode, ExecutionListener.SILENT);
  }

  private static RecoveryPlan plan(Step... steps) {
    return RecoveryPlan.named("test", "Shop", "production").phase("all", steps).build();
  }

  private Execution resume(ExecutionId id, RecoveryPlan plan, Decision... decisions) {
    return engine.resume(id, List.of(decisions), before -> plan, ExecutionListener.SILENT);
  }

  private static List<StepState> states(Execution execution) {
    return execution.steps().stream().map(StepExecution::state).toList();
  }

  // --- modes

  @Test
  void explainsEveryStepWithoutTouchingAnything() {
    Step create =
        TestPlans.effect(world, "create")
            .precheck(context -> world.call("precheck"))
            .undo("drops it", context -> world.call("undo"));

    Explanation explanation = engine.explain(plan(create), Mode.RECOVERY);

    assertThat(explanation.phases().get(0).steps())
        .singleElement()
        .satisfies(
            step -> {
              assertThat(step.explanation()).isEqualTo("brings about create");
              assertThat(step.changes()).isTrue();
              assertThat(step.undo()).contains("drops it");
              assertThat(step.onFailure()).isEqualTo(FailurePolicy.PAUSE);
              assertThat(step.forecast()).isEmpty();
            });
    assertThat(world.calls).isEmpty();
    assertThat(executions.list().executions()).isEmpty();
  }

  @Test
  void forecastsFromWhatStepsTookBefore() {
    for (int i = 0; i < 3; i++) {
      run(Mode.DRILL, TestPlans.effect(world, "create"));
    }

    Explanation explanation = engine.explain(plan(TestPlans.effect(world, "create")), Mode.DRILL);

    Forecast forecast = explanation.phases().get(0).steps().get(0).forecast().orElseThrow();
    assertThat(forecast.samples()).isEqualTo(3);
    assertThat(explanation.phases().get(0).forecast()).isPresent();
    assertThat(engine.explain(plan(TestPlans.effect(world, "create")), Mode.RECOVERY))
        .satisfies(other -> assertThat(other.phases().get(0).forecast()).isEmpty());
  }

  @Test
  void takesMedianAndPercentileByNearestRank() {
    List<Duration> past = new ArrayList<>();
    for (int seconds = 100; seconds >= 1; seconds--) {
      past.add(Duration.ofSeconds(seconds));
    }

    assertThat(Forecast.of(past))
        .contains(new Forecast(100, Duration.ofSeconds(50), Duration.ofSeconds(95)));
  }

  @Test
  void checksWithoutChangingAnythingAndReportsEveryFailedPrecheck() {
    Execution execution =
        run(
            Mode.CHECK,
            Step.reading("look", "", context -> context.record("seen", "yes")),
            TestPlans.effect(world, "a")
                .precheck(
                    context -> {
                      context.found(Finding.check("a", "1", "0", context.value("seen").isEmpty()));
                      throw new RecoveryException(ErrorCode.PRECHECK_FAILED, "a cannot", "fix a.");
                    }),
            TestPlans.effect(world, "b"),
            failing("c")
                .precheck(
                    context -> {
                      throw new RecoveryException(ErrorCode.OUT_OF_SPACE, "c is full", "fix c.");
                    }));

    assertThat(world.effects).isEmpty();
    assertThat(execution.state()).isEqualTo(ExecutionState.FAILED);
    assertThat(states(execution))
        .containsExactly(
            StepState.SUCCEEDED, StepState.NOT_STARTED, StepState.SKIPPED, StepState.NOT_STARTED);
    assertThat(execution.stepExecution("a").findings()).hasSize(1);
    assertThat(execution.stepExecution("a").problem().orElseThrow().problem())
        .isEqualTo("a cannot");
    assertThat(execution.stepExecution("c").problem().orElseThrow().code())
        .isEqualTo(ErrorCode.OUT_OF_SPACE);
  }

  @Test
  void changesNothingWhenAPrecheckOfALaterStepFails() {
    Execution execution =
        run(
            Mode.RECOVERY,
            TestPlans.effect(world, "a"),
            TestPlans.effect(world, "b")
                .precheck(
                    context -> {
                      throw new RecoveryException(ErrorCode.REFUSED, "b must not", "do not.");
                    }));

    assertThat(world.effects).isEmpty();
    assertThat(execution.state()).isEqualTo(ExecutionState.FAILED);
    assertThat(execution.exitStatus()).isEqualTo(ExitStatus.REFUSED);
  }

  @Test
  void skipsWhatDoesNotApplyToTheModeAndSaysSo() {
    Execution execution =
        run(
            Mode.DRILL,
            TestPlans.effect(world, "a"),
            TestPlans.effect(world, "switch").in(Mode.RECOVERY));

    assertThat(world.effects).containsOnlyKeys("a");
    StepExecution skipped = execution.stepExecution("switch");
    assertThat(skipped.state()).isEqualTo(StepState.SKIPPED);
    assertThat(skipped.state().passed()).isFalse();
  }

  // --- failure policies

  @Test
  void pausesAtAFailedStepAndGoesOnFromItWhenResumed() {
    AtomicBoolean broken = new AtomicBoolean(true);
    RecoveryPlan plan =
        plan(
            TestPlans.effect(world, "a"),
            Step.changing(
                    "b",
                    "",
                    context -> {
                      if (broken.get()) {
                        throw new IllegalStateException("oh");
                      }
                      world.effect("b");
                    })
                .probe(context -> world.probe("b")));

    Execution paused = engine.execute(plan, Mode.RECOVERY, ExecutionListener.SILENT);
    assertThat(paused.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(paused.exitStatus()).isEqualTo(ExitStatus.PAUSED);
    assertThat(paused.problem().orElseThrow().code()).isEqualTo(ErrorCode.STEP_FAILED);

    broken.set(false);
    Execution done = resume(paused.id(), plan);

    assertThat(done.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(done.attempts()).isEqualTo(2);
    assertThat(world.calls).containsExactly("a", "b");
  }

  @Test
  void recordsAnIgnoredFailureAsAnException() {
    Execution execution =
        run(
            Mode.RECOVERY,
            failing("notify").onFailure(FailurePolicy.CONTINUE),
            TestPlans.effect(world, "a"));

    assertThat(execution.state()).isEqualTo(ExecutionState.COMPLETED_WITH_EXCEPTIONS);
    assertThat(execution.exitStatus()).isEqualTo(ExitStatus.PARTIAL);
    assertThat(states(execution)).containsExactly(StepState.FAILED_IGNORED, StepState.SUCCEEDED);
    assertThat(execution.exceptions()).extracting(StepExecution::name).containsExactly("notify");
  }

  @Test
  void abortsByUndoingInReverseOrderWhatHasAnEffect() {
    RecoveryPlan plan =
        RecoveryPlan.named("test", "Shop", "production")
            .phase(
                "all",
                TestPlans.effect(world, "a").undo("", context -> world.call("undo a")),
                TestPlans.effect(world, "b"),
                TestPlans.effect(world, "c").undo("", context -> world.call("undo c")),
                failing("d")
                    .onFailure(FailurePolicy.ABORT)
                    .undo("", context -> world.call("undo d")),
                TestPlans.effect(world, "e").undo("", context -> world.call("undo e")))
            .whatStands(execution -> "b stands, e is " + execution.stepExecution("e").state())
            .build();

    Execution execution = engine.execute(plan, Mode.RECOVERY, ExecutionListener.SILENT);

    assertThat(world.calls).containsExactly("a", "b", "c", "undo d", "undo c", "undo a");
    assertThat(execution.state()).isEqualTo(ExecutionState.FAILED);
    assertThat(execution.problem().orElseThrow().problem()).isEqualTo("d failed");
    assertThat(execution.whatStands()).isEqualTo("b stands, e is NOT_STARTED");
    assertThat(states(execution))
        .containsExactly(
            StepState.UNDONE,
            StepState.SUCCEEDED,
            StepState.UNDONE,
            StepState.UNDONE,
            StepState.NOT_STARTED);
    assertThatThrownBy(() -> resume(execution.id(), plan(failing("d"))))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.USAGE));
  }

  @Test
  void goesOnUndoingTheRestWhenOneUndoFailsAfterAnAbortAndWaitsForThatOne() {
    AtomicBoolean stuck = new AtomicBoolean(true);
    RecoveryPlan plan =
        plan(
            TestPlans.effect(world, "a").undo("", context -> world.call("undo a")),
            TestPlans.effect(world, "b")
                .undo(
                    "",
                    context -> {
                      if (stuck.get()) {
                        throw new IllegalStateException("stuck");
                      }
                      world.call("undo b");
                    }),
            failing("c").onFailure(FailurePolicy.ABORT));

    Execution paused = engine.execute(plan, Mode.RECOVERY, ExecutionListener.SILENT);

    assertThat(world.calls).containsExactly("a", "b", "undo a");
    assertThat(states(paused))
        .containsExactly(StepState.UNDONE, StepState.UNDO_FAILED, StepState.FAILED);
    assertThat(paused.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(paused.problem().orElseThrow().problem()).contains("c failed", "stuck");

    stuck.set(false);
    Execution done = resume(paused.id(), plan);
    assertThat(world.calls).containsExactly("a", "b", "undo a", "undo b");
    assertThat(done.state()).isEqualTo(ExecutionState.FAILED);
    assertThat(done.problem().orElseThrow().problem()).isEqualTo("c failed");
  }

  @Test
  void whatIsLetGoOfAtTheEndDoesNotHideHowItEnded() {
    RecoveryPlan plan =
        RecoveryPlan.named("restart", "shop", "production")
            .phase("all", failing("a"))
            .closing(
                () -> {
                  throw new IllegalStateException("nobody answers any more");
                })
            .build();

    Execution execution = engine.execute(plan, Mode.RECOVERY, ExecutionListener.SILENT);

    assertThat(execution.problem().orElseThrow().problem()).isEqualTo("a failed");
  }

  @Test
  void goesOnUndoingAfterACrashInTheMiddleOfAnAbort() {
    RecoveryPlan plan =
        plan(
            TestPlans.effect(world, "a").undo("", context -> world.call("undo a")),
            TestPlans.effect(world, "b").undo("", context -> world.call("undo b")),
            failing("c").onFailure(FailurePolicy.ABORT));
    int lines = 0;
    for (boolean died = true; died; ) {
      lines++;
      world.effects.clear();
      world.calls.clear();
      Executions journals = TestPlans.executions(folder.resolve("died-" + lines));
      try {
        TestPlans.engine(journals, new DyingClock(TestPlans.CLOCK, lines + 1))
            .execute(plan, Mode.RECOVERY, ExecutionListener.SILENT);
        died = false;
      } catch (Died e) {
        ExecutionId id = journals.list().executions().get(0).id();
        Execution done =
            TestPlans.engine(journals)
                .resume(id, List.of(), before -> plan, ExecutionListener.SILENT);
        // A crash right after c failed, before that was written: whether c had an effect is open.
        if (done.state() == ExecutionState.PAUSED_BY_FAILED_STEP) {
          assertThat(done.stepExecution("c").state()).isEqualTo(StepState.UNKNOWN);
          continue;
        }
        assertThat(done.state()).isEqualTo(ExecutionState.FAILED);
        assertThat(world.calls).containsOnlyOnce("a", "b");
        assertThat(world.calls).endsWith("undo a").contains("undo b");
      }
    }
    assertThat(lines).isGreaterThan(14);
  }

  // --- time limits and interrupts

  @Test
  void endsAStepAtItsTimeLimit() {
    AtomicBoolean wasInterrupted = new AtomicBoolean();
    Execution execution =
        run(
            Mode.RECOVERY,
            Step.changing(
                    "slow",
                    "",
                    context -> {
                      try {
                        new CountDownLatch(1).await();
                      } finally {
                        wasInterrupted.set(true);
                      }
                    })
                .within(Duration.ofMillis(50)));

    assertThat(execution.stepExecution("slow").state()).isEqualTo(StepState.TIMED_OUT);
    assertThat(execution.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(execution.problem().orElseThrow().code()).isEqualTo(ErrorCode.TIMED_OUT);
    assertThat(wasInterrupted).isTrue();
  }

  @Test
  void buildsNothingOnAStepThatCannotBeStopped() throws InterruptedException {
    CountDownLatch stop = new CountDownLatch(1);
    CountDownLatch stopped = new CountDownLatch(1);
    AtomicReference<Throwable> late = new AtomicReference<>();
    Step deaf =
        Step.changing(
                "deaf",
                "",
                context -> {
                  while (stop.getCount() > 0) {
                    try {
                      stop.await();
                    } catch (InterruptedException e) {
                      // does not listen
                    }
                  }
                  try {
                    context.record("late", "yes");
                  } catch (IllegalStateException e) {
                    late.set(e);
                  }
                  stopped.countDown();
                })
            .within(Duration.ofMillis(20))
            .onFailure(FailurePolicy.CONTINUE);

    Execution execution = run(Mode.RECOVERY, deaf, TestPlans.effect(world, "a"));
    stop.countDown();
    stopped.await();

    assertThat(execution.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(execution.problem().orElseThrow().problem()).contains("cannot be stopped");
    assertThat(world.effects).isEmpty();
    assertThat(late.get()).hasMessage("the step has ended");
  }

  @Test
  void interruptsTheRunningStepCleansUpAndCanBeResumed() throws InterruptedException {
    CountDownLatch running = new CountDownLatch(1);
    AtomicBoolean block = new AtomicBoolean(true);
    RecoveryPlan plan =
        plan(
            TestPlans.effect(world, "a"),
            Step.changing(
                    "b",
                    "",
                    context -> {
                      running.countDown();
                      if (block.get()) {
                        new CountDownLatch(1).await();
                      }
                      world.effect("b");
                    })
                .probe(context -> world.probe("b")),
            Step.changing("tear down", "", context -> world.call("torn down")).always());
    AtomicReference<Execution> result = new AtomicReference<>();
    AtomicBoolean stillInterrupted = new AtomicBoolean();
    Thread thread =
        new Thread(
            () -> {
              result.set(engine.execute(plan, Mode.RECOVERY, ExecutionListener.SILENT));
              stillInterrupted.set(Thread.currentThread().isInterrupted());
            });
    thread.start();
    running.await();
    assertThatThrownBy(() -> resume(executions.list().executions().get(0).id(), plan))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOCKED));
    assertThat(executions.list().executions().get(0).state()).isEqualTo(ExecutionState.IN_PROGRESS);
    thread.interrupt();
    thread.join();

    Execution interrupted = Objects.requireNonNull(result.get());
    assertThat(stillInterrupted).isTrue();
    assertThat(interrupted.state()).isEqualTo(ExecutionState.INTERRUPTED);
    assertThat(interrupted.exitStatus()).isEqualTo(ExitStatus.INTERRUPTED);
    assertThat(interrupted.stepExecution("b").state()).isEqualTo(StepState.UNKNOWN);
    assertThat(world.calls).containsExactly("a", "torn down");

    block.set(false);
    Execution done = resume(interrupted.id(), plan);
    assertThat(done.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(world.calls).containsExactly("a", "torn down", "b", "torn down");
  }

  // --- unknown outcomes and decisions

  /** An execution whose process died after step b had its effect and before that was written. */
  private Execution diedInStepB(RecoveryPlan plan) {
    RecoveryEngine dying = TestPlans.engine(executions, new DyingClock(TestPlans.CLOCK, 8));
    assertThatThrownBy(() -> dying.execute(plan, Mode.RECOVERY, ExecutionListener.SILENT))
        .isInstanceOf(Died.class);
    Execution left = executions.list().executions().get(0);
    assertThat(states(left)).containsExactly(StepState.SUCCEEDED, StepState.RUNNING);
    return left;
  }

  private RecoveryPlan unknowable() {
    return plan(
        TestPlans.effect(world, "a"),
        TestPlans.effect(world, "b").probe(context -> Outcome.UNKNOWN));
  }

  @Test
  void pausesWhenNobodyKnowsWhetherAStepWasDone() {
    Execution paused = resume(diedInStepB(unknowable()).id(), unknowable());

    assertThat(paused.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(paused.stepExecution("b").state()).isEqualTo(StepState.UNKNOWN);
    assertThat(world.calls).containsExactly("a", "b");
  }

  @Test
  void doesWhatAPersonDecidesAboutAnUnknownOutcome() {
    ExecutionId id = diedInStepB(unknowable()).id();

    Execution done =
        resume(id, unknowable(), new Decision("b", Decision.Kind.DONE, "ann", "seen it"));

    assertThat(done.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(done.stepExecution("b").state()).isEqualTo(StepState.ALREADY_DONE);
    assertThat(done.decisions()).extracting(Decision::who).containsExactly("ann");
    assertThat(world.calls).containsExactly("a", "b");
  }

  @Test
  void repeatsAStepOnlyWhenAPersonSaysSo() {
    ExecutionId id = diedInStepB(unknowable()).id();

    Execution done =
        resume(id, unknowable(), new Decision("b", Decision.Kind.RETRY, "ann", "it is gone"));

    assertThat(done.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(world.calls).containsExactly("a", "b", "b");
  }

  @Test
  void recordsAnOverriddenFailureAsAnException() {
    RecoveryPlan plan = plan(failing("a"), TestPlans.effect(world, "b"));
    Execution paused = engine.execute(plan, Mode.RECOVERY, ExecutionListener.SILENT);

    Execution done =
        resume(paused.id(), plan, new Decision("a", Decision.Kind.IGNORE, "ann", "no matter"));

    assertThat(done.state()).isEqualTo(ExecutionState.COMPLETED_WITH_EXCEPTIONS);
    assertThat(states(done)).containsExactly(StepState.FAILED_IGNORED, StepState.SUCCEEDED);
    assertThat(done.exceptions().get(0).problem().orElseThrow().problem()).isEqualTo("a failed");
  }

  @Test
  void refusesADecisionAboutAStepThatNeedsNone() {
    RecoveryPlan plan = plan(TestPlans.effect(world, "a"), failing("b"));
    Execution paused = engine.execute(plan, Mode.RECOVERY, ExecutionListener.SILENT);

    assertThatThrownBy(
            () -> resume(paused.id(), plan, new Decision("a", Decision.Kind.RETRY, "ann", "again")))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.USAGE))
        .hasMessageContaining("[b]");
  }

  @Test
  void refusesToGoOnWithAnotherPlan() {
    Execution paused = run(Mode.RECOVERY, failing("a"));

    assertThatThrownBy(() -> resume(paused.id(), plan(failing("a"), failing("new"))))
        .isInstanceOf(RecoveryException.class)
        .hasMessageContaining("differ in [new]");
  }

  // --- throw-away targets

  @Test
  void doesAnewWhatAnEarlierAttemptMadeInAThrowAwayTarget() {
    AtomicBoolean broken = new AtomicBoolean(true);
    RecoveryPlan plan =
        plan(
            TestPlans.effect(world, "a"),
            TestPlans.effect(world, "start").ephemeral(),
            TestPlans.effect(world, "load"),
            Step.changing(
                "verify",
                "",
                context -> {
                  if (broken.getAndSet(false)) {
                    Thread.currentThread().interrupt();
                    throw new IllegalStateException("broken");
                  }
                }));

    Execution paused = engine.execute(plan, Mode.DRILL, ExecutionListener.SILENT);
    Execution done = resume(paused.id(), plan);

    assertThat(done.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(world.calls).containsExactly("a", "start", "load", "start", "load");
  }

  @Test
  void cleansUpAfterAFailureAndSaysWhenThatFails() {
    Execution failed =
        run(
            Mode.DRILL,
            failing("a").onFailure(FailurePolicy.ABORT),
            Step.changing("tear down", "", context -> world.call("torn down")).always());
    assertThat(failed.state()).isEqualTo(ExecutionState.FAILED);
    assertThat(failed.stepExecution("tear down").state()).isEqualTo(StepState.SUCCEEDED);

    Execution left =
        run(
            Mode.DRILL,
            TestPlans.effect(world, "a"),
            failing("tear down").always().onFailure(FailurePolicy.CONTINUE));
    assertThat(left.state()).isEqualTo(ExecutionState.COMPLETED_WITH_EXCEPTIONS);
    assertThat(left.problem().orElseThrow().problem()).isEqualTo("tear down failed");
  }

  // --- the way back

  private RecoveryPlan committable() {
    return RecoveryPlan.named("test", "Shop", "production")
        .phase(
            "all",
            TestPlans.effect(world, "create").undo("", context -> world.call("undo create")),
            TestPlans.effect(world, "switch").undo("", context -> world.call("undo switch")))
        .commit(TestPlans.effect(world, "drop"))
        .build();
  }

  @Test
  void keepsTheWayBackUntilSomebodyCommits() {
    Execution waiting = engine.execute(committable(), Mode.RECOVERY, ExecutionListener.SILENT);
    assertThat(waiting.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(waiting.exitStatus()).isEqualTo(ExitStatus.OK);
    assertThat(world.calls).containsExactly("create", "switch");

    Execution committed =
        engine.commit(waiting.id(), before -> committable(), ExecutionListener.SILENT);

    assertThat(committed.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(committed.reached(MeasuringPoint.COMMITTED)).isPresent();
    assertThat(world.calls).containsExactly("create", "switch", "drop");
    assertThatThrownBy(
            () -> engine.undo(waiting.id(), before -> committable(), ExecutionListener.SILENT))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.USAGE));
  }

  @Test
  void takesTheWayBackAndCanThenStillGiveUpWhatWasSetAside() {
    Execution waiting = engine.execute(committable(), Mode.RECOVERY, ExecutionListener.SILENT);

    Execution back = engine.undo(waiting.id(), before -> committable(), ExecutionListener.SILENT);
    assertThat(back.state()).isEqualTo(ExecutionState.ROLLED_BACK);
    assertThat(world.calls).containsExactly("create", "switch", "undo switch", "undo create");

    Execution committed =
        engine.commit(waiting.id(), before -> committable(), ExecutionListener.SILENT);
    assertThat(committed.state()).isEqualTo(ExecutionState.ROLLED_BACK);
    assertThat(world.calls).endsWith("drop");
  }

  // --- measuring

  @Test
  void measuresMachineTimeAndWaitingApart() {
    SettableClock clock = new SettableClock();
    engine = TestPlans.engine(executions, clock);
    RecoveryPlan plan =
        RecoveryPlan.named("test", "Shop", "production")
            .objectives(
                new RecoveryObjectives(
                    Optional.of(Duration.ofMinutes(30)), Optional.of(Duration.ofMinutes(5))))
            .phase(
                "all",
                Step.reading(
                    "choose",
                    "",
                    context ->
                        context.reached(
                            MeasuringPoint.RECOVERY_POINT,
                            TestPlans.NOW.minus(Duration.ofMinutes(4)))),
                Step.changing(
                        "once",
                        "",
                        context -> {
                          if (world.effects.isEmpty()) {
                            world.effect("once");
                            throw new IllegalStateException("first");
                          }
                        })
                    .probe(context -> Outcome.NOT_DONE),
                Step.reading("ready", "", context -> context.reached(MeasuringPoint.READY)))
            .build();
    Execution paused = engine.execute(plan, Mode.RECOVERY, ExecutionListener.SILENT);
    clock.now = clock.now.plus(Duration.ofMinutes(40));

    Execution done = resume(paused.id(), plan);

    assertThat(done.waitingTime()).isEqualTo(Duration.ofMinutes(40));
    assertThat(done.machineTime()).isPositive().isLessThan(Duration.ofMinutes(1));
    assertThat(done.recoveryTimeActual()).contains(Duration.ofMinutes(40));
    assertThat(done.recoveryTimeObjective()).isEqualTo(ObjectiveState.MISSED);
    assertThat(done.recoveryPointActual()).contains(Duration.ofMinutes(4));
    assertThat(done.recoveryPointObjective()).isEqualTo(ObjectiveState.MET);
    assertThat(done.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(done.exitStatus()).isEqualTo(ExitStatus.OBJECTIVE_MISSED);
  }

  @Test
  void losesNothingWhereTheDataGoesFurtherThanTheImpact() {
    Instant impact = TestPlans.NOW.minus(Duration.ofMinutes(5));
    RecoveryPlan plan =
        RecoveryPlan.named("restore", "shop", "production")
            .phase(
                "restore",
                Optional.empty(),
                Step.reading(
                    "measure",
                    "",
                    context -> {
                      context.reached(MeasuringPoint.IMPACT, impact);
                      context.reached(MeasuringPoint.RECOVERY_POINT, impact.plusMillis(97));
                    }))
            .build();

    Execution done = engine.execute(plan, Mode.RECOVERY, ExecutionListener.SILENT);

    assertThat(done.recoveryPointActual()).contains(Duration.ZERO);
  }

  @Test
  void neverCallsAnObjectiveMetThatWasNotMeasured() {
    Execution execution =
        engine.execute(
            RecoveryPlan.named("test", "Shop", "production")
                .objectives(
                    new RecoveryObjectives(Optional.of(Duration.ofHours(1)), Optional.empty()))
                .phase("all", TestPlans.effect(world, "a"))
                .build(),
            Mode.RECOVERY,
            ExecutionListener.SILENT);

    assertThat(execution.recoveryTimeObjective()).isEqualTo(ObjectiveState.NOT_MEASURED);
    assertThat(execution.recoveryPointObjective()).isEqualTo(ObjectiveState.NOT_MEASURED);
  }

  @Test
  void tellsListenersWhatItDoes() {
    List<String> heard = new ArrayList<>();

    engine.execute(
        plan(TestPlans.effect(world, "a")),
        Mode.RECOVERY,
        new ExecutionListener() {
          @Override
          public void stepStarted(Execution execution, StepExecution step) {
            heard.add("start " + step.name() + " " + step.state());
          }

          @Override
          public void stepEnded(Execution execution, StepExecution step) {
            heard.add("end " + step.name() + " " + step.state());
          }

          @Override
          public void ended(Execution execution) {
            heard.add("ended " + execution.state());
          }
        });

    assertThat(heard).containsExactly("start a RUNNING", "end a SUCCEEDED", "ended COMPLETED");
  }

  @Test
  void letsOnlyOneExecutionOfAModeActOnAnEnvironment() {
    List<Object> results = new ArrayList<>();
    Step inside =
        Step.changing(
            "inside",
            "",
            context -> {
              for (Mode mode : List.of(Mode.RECOVERY, Mode.DRILL, Mode.CHECK)) {
                try {
                  results.add(run(mode, Step.reading("look", "", c -> {})).state());
                } catch (RecoveryException e) {
                  results.add(e);
                }
              }
            });

    Execution outer = run(Mode.RECOVERY, inside);

    assertThat(results.get(0))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.LOCKED);
              assertThat(e).hasMessageContaining(outer.id().value());
            });
    assertThat(results.subList(1, 3))
        .containsExactly(ExecutionState.COMPLETED, ExecutionState.COMPLETED);
    assertThat(run(Mode.RECOVERY, Step.reading("look", "", c -> {})).state())
        .isEqualTo(ExecutionState.COMPLETED);
  }

  private static final class SettableClock extends Clock {
    private Instant now = TestPlans.NOW;

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }
}
