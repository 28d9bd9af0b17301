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

  /** Its steps in order, with those together that are done at the same time. */
  public List<Group<StepExecution>> groups() {
    return Group.of(steps, StepExecution::group);
  }

  /** The sum of its steps' durations; of a group, that of the longest. */
  public Duration took() {
    return groups().stream().map(PhaseExecution::took).reduce(Duration.ZERO, Duration::plus);
  }

  /** The longest of its steps' durations. */
  public static Duration took(Group<StepExecution> group) {
    return group.steps().stream()
        .flatMap(step -> step.took().stream())
        .max(Duration::compareTo)
        .orElse(Duration.ZERO);
  }
}
