package dev.drp.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.recovery.DyingClock.Died;
import dev.drp.recovery.TestPlans.World;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The process dies before every single line of the journal, once and twice over. */
final class ResumeAfterCrashTest {
  @TempDir Path folder;

  private final World world = new World();

  /** Effects, two of them at the same time, and one that uses a value recorded before. */
  private RecoveryPlan plan() {
    return RecoveryPlan.named("three", "Shop", "production")
        .argument("greeting", "hello")
        .phase(
            "prepare",
            Step.reading("choose", "chooses", context -> context.record("chosen", "hello")),
            TestPlans.effect(world, "create"))
        .phase(
            "act",
            TestPlans.effect(world, "load"),
            TestPlans.effect(world, "first").inGroup("together"),
            TestPlans.effect(world, "second").inGroup("together"),
            Step.reading("look", "looks", context -> {}).inGroup("together"),
            Step.changing(
                    "write",
                    "writes what was chosen",
                    context -> {
                      world.written = context.value("chosen");
                      world.effect("write");
                    })
                .probe(context -> world.probe("write")))
        .build();
  }

  private int linesOfAnUndisturbedRun() {
    World undisturbed = new World();
    Executions executions = TestPlans.executions(folder.resolve("undisturbed"));
    RecoveryPlan plan =
        RecoveryPlan.named("three", "Shop", "production")
            .phase(
                "all",
                Step.reading("choose", "", context -> context.record("chosen", "")),
                TestPlans.effect(undisturbed, "create"),
                TestPlans.effect(undisturbed, "load"),
                TestPlans.effect(undisturbed, "first").inGroup("together"),
                TestPlans.effect(undisturbed, "second").inGroup("together"),
                Step.reading("look", "", context -> {}).inGroup("together"),
                TestPlans.effect(undisturbed, "write"))
            .build();
    Execution execution =
        TestPlans.engine(executions).execute(plan, Mode.RECOVERY, ExecutionListener.SILENT);
    return Journal.read(executions.journal(execution.id())).lines().size();
  }

  @Test
  void endsInTheSameStateWhereverTheProcessDiedAndRepeatsNoEffect() {
    int lines = linesOfAnUndisturbedRun();
    assertThat(lines).isGreaterThan(10);
    // The clock is asked once for the id and once for each line.
    for (int first = 2; first <= lines; first++) {
      for (int second = 1 + first % 4; second <= lines; second += 4) {
        world.effects.clear();
        world.written = "";
        Executions executions = TestPlans.executions(folder.resolve(first + "-" + second));
        dieAfter(first, executions);
        Execution left = executions.list().executions().get(0);
        assertThat(left.state()).isEqualTo(ExecutionState.INTERRUPTED);

        Execution done = resumeTwice(second, executions, left.id());

        assertThat(done.state()).as("%d, %d", first, second).isEqualTo(ExecutionState.COMPLETED);
        assertThat(world.effects)
            .isEqualTo(Map.of("create", 1, "load", 1, "first", 1, "second", 1, "write", 1));
        assertThat(world.written).isEqualTo("hello");
      }
    }
  }

  private void dieAfter(int lines, Executions executions) {
    assertThatThrownBy(
            () ->
                TestPlans.engine(executions, new DyingClock(TestPlans.CLOCK, lines))
                    .execute(plan(), Mode.RECOVERY, ExecutionListener.SILENT))
        .isInstanceOf(Died.class);
  }

  private Execution resumeTwice(int lines, Executions executions, ExecutionId id) {
    try {
      return resume(TestPlans.engine(executions, new DyingClock(TestPlans.CLOCK, lines)), id);
    } catch (Died e) {
      return resume(TestPlans.engine(executions), id);
    }
  }

  private Execution resume(RecoveryEngine engine, ExecutionId id) {
    return engine.resume(
        id,
        List.of(),
        execution -> {
          assertThat(execution.arguments()).containsEntry("greeting", "hello");
          return plan();
        },
        ExecutionListener.SILENT);
  }
}
