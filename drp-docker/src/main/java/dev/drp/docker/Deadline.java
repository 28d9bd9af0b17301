package dev.drp.docker;

import java.time.Duration;

/** When something has to be done. */
final class Deadline {
  private final Duration limit;
  private final long start = System.nanoTime();

  Deadline(Duration limit) {
    this.limit = limit;
  }

  /** All of it. */
  Duration limit() {
    return limit;
  }

  /** What is left of it; a moment at least. */
  Duration left() {
    Duration left = limit.minusNanos(System.nanoTime() - start);
    return left.toMillis() > 0 ? left : Duration.ofMillis(1);
  }

  boolean hasPassed() {
    return System.nanoTime() - start >= limit.toNanos();
  }
}
