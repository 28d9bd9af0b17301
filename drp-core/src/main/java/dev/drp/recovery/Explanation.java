package dev.drp.recovery;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A recovery plan in words, for mode {@link Mode#PLAN}: what would be done, in order.
 *
 * @param outlook see {@link RecoveryPlan#outlook()}
 */
public record Explanation(
    String plan,
    String environment,
    RecoveryObjectives objectives,
    Map<String, String> outlook,
    List<ExplainedPhase> phases) {
  public Explanation {
    outlook = Collections.unmodifiableMap(new LinkedHashMap<>(outlook));
    phases = List.copyOf(phases);
  }

  /**
   * A phase in words.
   *
   * @param commit whether it runs only when somebody commits
   * @param forecast from past executions; empty when there are none
   * @param groupForecasts the same of its groups, by their names, as far as there are any
   */
  public record ExplainedPhase(
      String name,
      Optional<Duration> target,
      boolean commit,
      Optional<Forecast> forecast,
      Map<String, Forecast> groupForecasts,
      List<ExplainedStep> steps) {
    public ExplainedPhase {
      groupForecasts = Map.copyOf(groupForecasts);
      steps = List.copyOf(steps);
    }

    /** Its steps in order, with those together that are done at the same time. */
    public List<Group<ExplainedStep>> groups() {
      return Group.of(steps, ExplainedStep::group);
    }
  }

  /**
   * A step in words.
   *
   * @param group the group that it is done with, at the same time; empty: by itself
   * @param undo what undoing it does
   * @param always whether it runs however the execution ends
   */
  public record ExplainedStep(
      String name,
      String explanation,
      Optional<String> group,
      boolean changes,
      Duration limit,
      FailurePolicy onFailure,
      List<Mode> modes,
      Optional<String> undo,
      boolean always,
      Optional<Forecast> forecast) {
    public ExplainedStep {
      modes = List.copyOf(modes);
    }
  }
}
