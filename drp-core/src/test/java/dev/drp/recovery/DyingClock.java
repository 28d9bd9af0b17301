package dev.drp.recovery;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.concurrent.atomic.AtomicInteger;

/** A clock whose process dies, for good, when it is asked for the n-th time: by the journal. */
public final class DyingClock extends Clock {
  private final Clock clock;
  private final AtomicInteger left;

  public DyingClock(Clock clock, int lines) {
    this.clock = clock;
    this.left = new AtomicInteger(lines);
  }

  @Override
  public Instant instant() {
    if (left.decrementAndGet() < 0) {
      throw new Died();
    }
    return clock.instant();
  }

  @Override
  public ZoneId getZone() {
    return clock.getZone();
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }

  /** What stands for the end of a process. */
  public static final class Died extends Error {
    private static final long serialVersionUID = 1L;
  }
}
