package dev.drp.runtime;

import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Does something once a time has passed, unless it is closed before. */
public final class TimeLimit implements AutoCloseable {
  private static final ScheduledThreadPoolExecutor CLOCK = clock();

  private final ScheduledFuture<?> timer;
  private volatile boolean reached;

  private TimeLimit(Duration limit, Runnable action) {
    this.timer = CLOCK.schedule(() -> reach(action), limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Runs the action after that time, on a thread of its own that does not keep the JVM alive. */
  public static TimeLimit of(Duration limit, Runnable action) {
    return new TimeLimit(limit, action);
  }

  private void reach(Runnable action) {
    reached = true;
    daemon("time limit", action).start();
  }

  /** Whether the time has passed: true before the action begins, and ever after. */
  public boolean isReached() {
    return reached;
  }

  /** The action will not begin any more; one that has begun goes on. */
  @Override
  public void close() {
    timer.cancel(false);
  }

  private static ScheduledThreadPoolExecutor clock() {
    ScheduledThreadPoolExecutor clock =
        new ScheduledThreadPoolExecutor(1, tick -> daemon("time limits", tick));
    clock.setRemoveOnCancelPolicy(true);
    return clock;
  }

  private static Thread daemon(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }
}
