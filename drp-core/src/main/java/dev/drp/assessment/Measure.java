package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.plan.EffectiveObjectives.Sourced;
import dev.drp.recovery.ObjectiveState;
import java.time.Duration;
import java.util.Optional;

/**
 * An objective against what was measured.
 *
 * @param state MET only when there is an objective and a measured value that keeps it
 * @param objective with the place in the plan that it comes from; empty where the plan sets none
 * @param actual what was measured; empty when nothing was
 * @param explanation what was measured, or why nothing was, for a person
 */
public record Measure(
    ObjectiveState state,
    Optional<Sourced<Duration>> objective,
    Optional<Duration> actual,
    String explanation) {
  public Measure {
    requireNonNull(state, "state");
    requireNonNull(objective, "objective");
    requireNonNull(actual, "actual");
    requireNonNull(explanation, "explanation");
  }

  static Measure of(
      Optional<Sourced<Duration>> objective, Optional<Duration> actual, String explanation) {
    ObjectiveState state = ObjectiveState.of(objective.map(Sourced::value), actual);
    return new Measure(state, objective, actual, explanation);
  }

  /** Whether the plan sets an objective that is not known to be kept. */
  public boolean isUnmet() {
    return objective.isPresent() && state != ObjectiveState.MET;
  }
}
