package dev.drp.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.recovery.JournalEvent.Act;
import dev.drp.recovery.JournalEvent.AttemptBegan;
import dev.drp.recovery.JournalEvent.Created;
import dev.drp.recovery.JournalEvent.PhaseOutline;
import dev.drp.recovery.JournalEvent.StepBegan;
import dev.drp.recovery.JournalEvent.StepEnded;
import dev.drp.recovery.JournalEvent.StepOutline;
import dev.drp.recovery.TestPlans.World;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Steps that are done at the same time. */
final class GroupTest {
  private static final String GROUP = "together";
  private static final Duration LONG = Duration.ofMinutes(5);

  @TempDir Path folder;

  private final World world = new World();
  private Executions executions;
  private RecoveryEngine engine;

  @BeforeEach
  void anEmptyStateDirectory() {
    executions = TestPlans.executions(folder.resolve("state"));
    engine = TestPlans.engine(executions);
  }

  /** These steps as a group, after one and before another. */
  private RecoveryPlan plan(Step... members) {
    return RecoveryPlan.named("test", "Shop", "production")
        .phase("before", undone("begin"))
        .phase("all", Arrays.stream(members).map(it -> it.inGroup(GROUP)).toArray(Step[]::new))
        .phase("after", undone("end"))
        .build();
  }

  private Step undone(String name) {
    return TestPlans.effect(world, name).undo("", context -> world.call("undo " + name));
  }

  /** Has its effect once all that share the barrier are at it. */
  private Step meeting(String name, CyclicBarrier barrier) {
    return Step.changing(
            name,
            "meets the others",
            context -> {
              barrier.await(LONG.toSeconds(), TimeUnit.SECONDS);
              world.effect(name);
            })
        .probe(context -> world.probe(name))
        .undo("", context -> world.call("undo " + name));
  }

  private static Step failing(String name, FailurePolicy policy) {
    return Step.changing(
            name,
            "fails",
            context -> {
              throw new RecoveryException(ErrorCode.DATABASE_FAILED, name + " broke", "mend it.");
            })
        .onFailure(policy);
  }

  private Execution run(RecoveryPlan plan) {
    return engine.execute(plan, Mode.RECOVERY, ExecutionListener.SILENT);
  }

  private Execution resume(Execution left, RecoveryPlan plan) {
    return engine.resume(left.id(), List.of(), before -> plan, ExecutionListener.SILENT);
  }

  private static StepState state(Execution execution, String step) {
    return execution.stepExecution(step).state();
  }

  @Test
  void itsStepsAreDoneAtTheSameTimeAndAllBeforeTheNext() {
    CyclicBarrier barrier = new CyclicBarrier(3);

    Execution execution =
        run(plan(meeting("a", barrier), meeting("b", barrier), meeting("c", barrier)));

    assertThat(execution.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(world.calls).startsWith("begin").contains("a", "b", "c").endsWith("end");
    assertThat(world.effects.values()).containsOnly(1);
  }

  @Test
  void aPhaseTakesAsLongAsTheLongestOfItsGroup() {
    CountDownLatch shortOne = new CountDownLatch(1);
    RecoveryPlan plan =
        plan(
            Step.reading("long", "", context -> shortOne.await()),
            Step.reading("short", "", context -> {}));
    ExecutionListener whenShortEnded =
        new ExecutionListener() {
          @Override
          public void stepEnded(Execution execution, StepExecution step) {
            if (step.name().equals("short")) {
              shortOne.countDown();
            }
          }
        };

    Execution execution = engine.execute(plan, Mode.RECOVERY, whenShortEnded);

    PhaseExecution phase = execution.phases().get(1);
    // Usually that of "long", unless its thread was late.
    Duration longest =
        Stream.of("long", "short")
            .map(name -> execution.stepExecution(name).took().orElseThrow())
            .max(Comparator.naturalOrder())
            .orElseThrow();
    assertThat(phase.took()).isEqualTo(longest);
    assertThat(phase.groups())
        .singleElement()
        .satisfies(it -> assertThat(it.name()).contains(GROUP))
        .satisfies(it -> assertThat(PhaseExecution.took(it)).isEqualTo(longest));
    Explanation.ExplainedPhase explained = engine.explain(plan, Mode.RECOVERY).phases().get(1);
    assertThat(explained.forecast()).contains(new Forecast(1, longest, longest));
    assertThat(explained.groupForecasts()).containsEntry(GROUP, new Forecast(1, longest, longest));
    assertThat(explained.groups().get(0).steps()).hasSize(2);
  }

  @Test
  void afterAFailureTheOthersEndAndOnlyWhatFailedIsDoneAgain() {
    CountDownLatch failed = new CountDownLatch(1);
    AtomicBoolean broken = new AtomicBoolean(true);
    RecoveryPlan plan =
        plan(
            Step.changing(
                    "a",
                    "",
                    context -> {
                      if (broken.get()) {
                        throw new IllegalStateException("oh");
                      }
                      world.effect("a");
                    })
                .probe(context -> world.probe("a")),
            Step.changing(
                "b",
                "goes on once a has failed",
                context -> {
                  failed.await();
                  world.effect("b");
                }));
    ExecutionListener whenFailed =
        new ExecutionListener() {
          @Override
          public void stepEnded(Execution execution, StepExecution step) {
            if (step.state() == StepState.FAILED) {
              failed.countDown();
            }
          }
        };

    Execution paused = engine.execute(plan, Mode.RECOVERY, whenFailed);

    assertThat(paused.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(paused.problem().orElseThrow().problem()).contains("oh");
    assertThat(state(paused, "b")).isEqualTo(StepState.SUCCEEDED);

    broken.set(false);
    assertThat(resume(paused, plan).state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(world.calls).containsExactly("begin", "b", "a", "end");
  }

  @Test
  void anAbortWaitsForTheOthersAndUndoesAllInReverseOrder() {
    CyclicBarrier barrier = new CyclicBarrier(2);

    Execution execution =
        run(plan(failing("x", FailurePolicy.ABORT), meeting("a", barrier), meeting("b", barrier)));

    assertThat(execution.state()).isEqualTo(ExecutionState.FAILED);
    assertThat(execution.problem().orElseThrow().problem()).isEqualTo("x broke");
    assertThat(world.calls.subList(1, 3)).containsExactlyInAnyOrder("a", "b");
    assertThat(world.calls.subList(3, world.calls.size()))
        .containsExactly("undo b", "undo a", "undo begin");
  }

  @Test
  void goesOnAfterWhatMayFailAndSaysSo() {
    Execution execution =
        run(plan(failing("notify", FailurePolicy.CONTINUE), TestPlans.effect(world, "backup")));

    assertThat(execution.state()).isEqualTo(ExecutionState.COMPLETED_WITH_EXCEPTIONS);
    assertThat(execution.exceptions()).extracting(StepExecution::name).containsExactly("notify");
    assertThat(world.calls).containsExactly("begin", "backup", "end");
  }

  @Test
  void namesAllThatFailedAndPausesWhereOneOfThemDoes() {
    Execution execution =
        run(plan(failing("a", FailurePolicy.ABORT), failing("b", FailurePolicy.PAUSE)));

    assertThat(execution.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(execution.problem().orElseThrow().problem())
        .isEqualTo("step a: a broke; step b: b broke");
    assertThat(world.calls).containsExactly("begin");
  }

  @Test
  void anInterruptEndsAllOfThemAndEachIsFoundOutAbout() throws InterruptedException {
    CountDownLatch running = new CountDownLatch(2);
    AtomicBoolean block = new AtomicBoolean(true);
    RecoveryPlan plan = plan(blocking("a", running, block), blocking("b", running, block));
    AtomicReference<Execution> result = new AtomicReference<>();
    Thread thread = new Thread(() -> result.set(run(plan)));
    thread.start();
    running.await();
    thread.interrupt();
    thread.join();

    Execution interrupted = Objects.requireNonNull(result.get());
    assertThat(interrupted.state()).isEqualTo(ExecutionState.INTERRUPTED);
    assertThat(state(interrupted, "a")).isEqualTo(StepState.UNKNOWN);
    assertThat(state(interrupted, "b")).isEqualTo(StepState.UNKNOWN);

    block.set(false);
    assertThat(resume(interrupted, plan).state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(world.effects.values()).containsOnly(1);
  }

  private Step blocking(String name, CountDownLatch running, AtomicBoolean block) {
    return Step.changing(
            name,
            "",
            context -> {
              running.countDown();
              if (block.get()) {
                new CountDownLatch(1).await();
              }
              world.effect(name);
            })
        .probe(context -> world.probe(name))
        .undo("", context -> world.call("undo " + name));
  }

  @Test
  void anAbortThatSomebodyAsksForInterruptsAndUndoesAll() {
    CountDownLatch running = new CountDownLatch(2);
    AtomicBoolean block = new AtomicBoolean(true);
    Step asks =
        Step.reading(
            "ask",
            "aborts once the others run",
            context -> {
              running.await();
              executions
                  .requests(context.execution())
                  .abort(new Requests.Word("Bo", "wrong server", TestPlans.NOW));
            });

    Execution execution =
        run(plan(blocking("a", running, block), blocking("b", running, block), asks));

    assertThat(execution.state()).isEqualTo(ExecutionState.ROLLED_BACK);
    assertThat(world.calls).containsExactly("begin", "undo b", "undo a", "undo begin");
  }

  @Test
  void nobodyIsWaitedForOnceAnotherHasFailed() {
    CountDownLatch asked = new CountDownLatch(1);
    AtomicBoolean broken = new AtomicBoolean(true);
    RecoveryPlan plan =
        plan(
            Step.person("call", "call the registrar").within(LONG),
            Step.changing(
                    "work",
                    "",
                    context -> {
                      asked.await();
                      if (broken.get()) {
                        throw new IllegalStateException("oh");
                      }
                    })
                .probe(context -> Step.Outcome.NOT_DONE));
    ExecutionListener hears =
        new ExecutionListener() {
          @Override
          public void stepStarted(Execution execution, StepExecution step) {
            if (step.forPerson()) {
              asked.countDown();
            }
          }
        };

    Execution paused = engine.execute(plan, Mode.RECOVERY, hears);

    assertThat(paused.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(paused.problem().orElseThrow().problem()).contains("oh");
    assertThat(state(paused, "call")).isEqualTo(StepState.UNKNOWN);

    broken.set(false);
    engine.approve(paused.id(), Optional.of("call"), "Ada", "done");
    assertThat(resume(paused, plan).state()).isEqualTo(ExecutionState.COMPLETED);
  }

  @Test
  void itWaitsForPeopleOnlyWhileNothingElseIsAtWork() {
    List<StepOutline> steps =
        List.of(
            new StepOutline("call", "", true, true, GROUP),
            new StepOutline("work", "", true, null, GROUP),
            new StepOutline("approve", "", true, true, null));
    List<Journal.Line> lines =
        List.of(
            line(0, created(steps)),
            line(0, new AttemptBegan(1, Act.RUN, "host", 1, List.of(), 0)),
            line(1, new StepBegan("call", StepState.RUNNING)),
            line(3, new StepBegan("work", StepState.RUNNING)),
            line(10, ended("call")),
            line(12, ended("work")),
            line(12, new StepBegan("approve", StepState.RUNNING)),
            line(20, ended("approve")));

    Execution execution =
        Execution.of(folder.resolve("journal"), new Journal.Contents(lines, 0), true);

    assertThat(execution.waitingTime()).isEqualTo(Duration.ofSeconds(2 + 8));
    assertThat(execution.machineTime()).isEqualTo(Duration.ofSeconds(10));
  }

  private static Created created(List<StepOutline> steps) {
    return new Created(
        Journal.FORMAT,
        ExecutionId.draw(TestPlans.NOW).value(),
        "test",
        "Shop",
        "production",
        Mode.RECOVERY,
        null,
        null,
        Map.of(),
        List.of(new PhaseOutline("all", null, false, steps)));
  }

  private static StepEnded ended(String step) {
    return new StepEnded(
        step, StepState.SUCCEEDED, Duration.ofSeconds(1), Map.of(), List.of(), null);
  }

  private static Journal.Line line(int seconds, JournalEvent event) {
    Duration elapsed = Duration.ofSeconds(seconds);
    return new Journal.Line(TestPlans.NOW.plus(elapsed), elapsed, event, "line " + seconds);
  }

  @Test
  void listenersHearOneThingAtATime() {
    AtomicInteger inside = new AtomicInteger();
    List<Integer> most = new ArrayList<>();
    CyclicBarrier barrier = new CyclicBarrier(4);
    ExecutionListener counting =
        new ExecutionListener() {
          @Override
          public void stepStarted(Execution execution, StepExecution step) {
            hear();
          }

          @Override
          public void stepEnded(Execution execution, StepExecution step) {
            hear();
          }

          private void hear() {
            most.add(inside.incrementAndGet());
            LockSupport.parkNanos(1_000_000);
            inside.decrementAndGet();
          }
        };

    engine.execute(
        plan(
            meeting("a", barrier),
            meeting("b", barrier),
            meeting("c", barrier),
            meeting("d", barrier)),
        Mode.RECOVERY,
        counting);

    assertThat(most).hasSize(12).containsOnly(1);
  }

  @Test
  void theFirstStepThatChangesMayFailItsPrecheckAndBeGonePast() {
    Execution execution =
        engine.execute(
            RecoveryPlan.named("test", "Shop", "production")
                .phase(
                    "all",
                    TestPlans.effect(world, "notify")
                        .onFailure(FailurePolicy.CONTINUE)
                        .precheck(
                            context -> {
                              throw new IllegalStateException("nobody to tell");
                            }),
                    TestPlans.effect(world, "work"))
                .build(),
            Mode.RECOVERY,
            ExecutionListener.SILENT);

    assertThat(execution.state()).isEqualTo(ExecutionState.COMPLETED_WITH_EXCEPTIONS);
    assertThat(world.calls).containsExactly("work");
  }

  @Test
  void refusesGroupsThatStandApartAndCleanupInOne() {
    Step a = TestPlans.effect(world, "a").inGroup(GROUP);
    Step b = TestPlans.effect(world, "b");
    Step c = TestPlans.effect(world, "c").inGroup(GROUP);

    assertThatThrownBy(() -> build(a, b, c)).hasMessage("two groups are called " + GROUP);
    assertThatThrownBy(() -> build(a.always(), b)).hasMessageContaining("step a");
  }

  private static RecoveryPlan build(Step... steps) {
    return RecoveryPlan.named("test", "Shop", "production").phase("all", steps).build();
  }
}
