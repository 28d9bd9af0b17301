package dev.drp.backup;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/** When something began, and by a monotonic clock how long it has taken since. */
record Stopwatch(Instant startedAt, long startedNanos) {
  static Stopwatch start(Clock clock) {
    return new Stopwatch(clock.instant(), System.nanoTime());
  }

  Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - startedNanos);
  }
}
