package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Optional;

/**
 * How long an environment is away once a recovery plan is started.
 *
 * @param expected the median of what it took before, else its objective; empty where there is
 *     neither
 * @param longest what 95 of 100 took at most; empty where nothing was measured
 */
public record DowntimeForecast(
    String plan,
    Basis basis,
    int samples,
    Optional<Duration> expected,
    Optional<Duration> longest) {
  /** What the forecast goes by. */
  public enum Basis {
    /** Executions of this plan. */
    MEASURED,
    /** Nobody executed it yet: only what is to be reached. */
    OBJECTIVE,
    NONE
  }

  public DowntimeForecast {
    requireNonNull(plan, "plan");
    requireNonNull(basis, "basis");
    requireNonNull(expected, "expected");
    requireNonNull(longest, "longest");
  }
}
