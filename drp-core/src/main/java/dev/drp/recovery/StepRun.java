package dev.drp.recovery;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * How a piece of a step's work ended that ran in a thread of its own, under a time limit.
 *
 * @param result what it returned
 * @param thrown what it threw
 * @param stillRunning true when its thread did not end although it was interrupted
 */
record StepRun<T>(
    End end, @Nullable T result, @Nullable Throwable thrown, boolean stillRunning, Duration took) {
  enum End {
    RETURNED,
    THREW,
    TIMED_OUT,
    /** The thread that waits was interrupted, and the work did not end well. */
    INTERRUPTED
  }

  /**
   * Runs the work. When the calling thread is interrupted, so is the work, and the calling thread
   * stays interrupted.
   *
   * @param grace how long an interrupted work may take to end
   */
  static <T> StepRun<T> run(String name, Duration limit, Duration grace, Callable<T> work) {
    long began = System.nanoTime();
    AtomicReference<@Nullable T> result = new AtomicReference<>();
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                result.set(work.call());
              } catch (Throwable e) {
                thrown.set(e);
              }
            },
            "step " + name);
    thread.setDaemon(true);
    thread.start();
    End forced = null;
    try {
      thread.join(Math.max(1, limit.toMillis()));
      if (thread.isAlive()) {
        forced = End.TIMED_OUT;
        thread.interrupt();
        thread.join(grace.toMillis());
      }
    } catch (InterruptedException e) {
      forced = forced == null ? End.INTERRUPTED : forced;
      thread.interrupt();
      joinUninterruptibly(thread, grace);
      Thread.currentThread().interrupt();
    }
    boolean alive = thread.isAlive();
    Throwable failure = alive ? null : thrown.get();
    boolean endedWell = !alive && failure == null;
    End end;
    if (forced == null) {
      end = endedWell ? End.RETURNED : End.THREW;
    } else {
      // Work that ended well although it was told to stop has done what it is for.
      end = endedWell && forced == End.INTERRUPTED ? End.RETURNED : forced;
    }
    return new StepRun<>(
        end, result.get(), failure, alive, Duration.ofNanos(System.nanoTime() - began));
  }

  private static void joinUninterruptibly(Thread thread, Duration grace) {
    long until = System.nanoTime() + grace.toNanos();
    boolean interrupted = false;
    while (thread.isAlive()) {
      long left = (until - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        break;
      }
      try {
        thread.join(left);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
