package dev.drp.recovery;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What became of a phase in an execution.
 *
 * @param target how long it should take at most
 * @param commit whether it runs only when somebody commits
 */
public record PhaseExecution(
    String name, Optional<Duration> target, boolean commit, List<StepExecution> steps) {
  public PhaseExecution {
    requireNonNull(name, "name");
    requireNonNull(target, "target");
    steps = List.copyOf(steps);
  }

  /** The sum of its steps' durations. */
  public Duration took() {
    return steps.stream()
        .flatMap(step -> step.took().stream())
        .reduce(Duration.ZERO, Duration::plus);
  }
}
