package dev.drp.runtime;

import dev.drp.RecoveryException;
import java.util.concurrent.TimeUnit;

/**
 * Passes so many bytes a second, for all threads together, and saves up nothing while idle. Safe
 * for concurrent use.
 */
public final class Pace {
  private final long bytesPerSecond;
  private final Time time;
  private long free = Long.MIN_VALUE;

  /**
   * @param bytesPerSecond at least 1
   */
  public Pace(long bytesPerSecond) {
    this(bytesPerSecond, Time.REAL);
  }

  /** With another clock than the machine's. */
  public Pace(long bytesPerSecond, Time time) {
    if (bytesPerSecond < 1) {
      throw new IllegalArgumentException("bytes per second: " + bytesPerSecond);
    }
    this.bytesPerSecond = bytesPerSecond;
    this.time = time;
  }

  /** Waits until so many bytes may pass. INTERRUPTED when this thread is interrupted. */
  public void awaitTurn(int bytes) {
    long pause = reserve(bytes);
    if (pause > 0) {
      time.sleep(pause);
    }
  }

  private synchronized long reserve(int bytes) {
    long now = time.nanos();
    free = free == Long.MIN_VALUE || free - now < 0 ? now : free;
    long pause = free - now;
    free += bytes * TimeUnit.SECONDS.toNanos(1) / bytesPerSecond;
    return pause;
  }

  /** A clock that only goes forward, and waiting. */
  public interface Time {
    /** That of the machine. */
    Time REAL =
        new Time() {
          @Override
          public long nanos() {
            return System.nanoTime();
          }

          @Override
          public void sleep(long nanos) {
            try {
              TimeUnit.NANOSECONDS.sleep(nanos);
            } catch (InterruptedException e) {
              throw RecoveryException.interrupted("keeping to a bandwidth", e);
            }
          }
        };

    long nanos();

    /** INTERRUPTED when this thread is interrupted. */
    void sleep(long nanos);
  }
}
