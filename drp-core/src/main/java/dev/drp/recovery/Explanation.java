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
   */
  public record ExplainedPhase(
      String name,
      Optional<Duration> target,
      boolean commit,
      Optional<Forecast> forecast,
      List<ExplainedStep> steps) {
    public ExplainedPhase {
      steps = List.copyOf(steps);
    }
  }

  /**
   * A step in words.
   *
   * @param undo what undoing it does
   * @param always whether it runs however the execution ends
   */
  public record ExplainedStep(
      String name,
      String explanation,
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
