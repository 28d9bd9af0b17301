package dev.drp.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The design note shows the transition tables of the code, and nothing else. */
final class StateDiagramTest {
  private static final Path NOTE = Path.of("../docs/design/recovery-engine.md");

  @Test
  void showsTheTransitionsOfAStep() throws IOException {
    assertThat(Files.readString(NOTE)).contains(diagram(StepState.values(), StepState::successors));
  }

  @Test
  void showsTheTransitionsOfAnExecution() throws IOException {
    assertThat(Files.readString(NOTE))
        .contains(diagram(ExecutionState.values(), ExecutionState::successors));
  }

  private static <S extends Enum<S>> String diagram(S[] states, Function<S, Set<S>> successors) {
    return Arrays.stream(states)
        .filter(state -> !successors.apply(state).isEmpty())
        .map(
            state ->
                "%s → %s"
                    .formatted(
                        state,
                        successors.apply(state).stream()
                            .map(S::name)
                            .collect(Collectors.joining(", "))))
        .collect(Collectors.joining("\n", "```text\n", "\n```"));
  }
}
