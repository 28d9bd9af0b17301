package dev.drp.recovery;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How long something is likely to take, from how long it took.
 *
 * @param samples how many past runs it rests on
 * @param percentile95 what 95 of 100 stay below; the longest while there are few
 */
public record Forecast(int samples, Duration median, Duration percentile95) {
  /** Empty without past runs. */
  static Optional<Forecast> of(List<Duration> past) {
    if (past.isEmpty()) {
      return Optional.empty();
    }
    List<Duration> sorted = past.stream().sorted().toList();
    return Optional.of(new Forecast(sorted.size(), rank(sorted, 0.5), rank(sorted, 0.95)));
  }

  /** The nearest rank: always a duration that really was. */
  private static Duration rank(List<Duration> sorted, double quantile) {
    return sorted.get((int) Math.ceil(quantile * sorted.size()) - 1);
  }
}
