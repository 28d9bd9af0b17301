package dev.drp.backup;

import dev.drp.RecoveryException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** One piece of work on a thread of its own while ours does another. */
final class SideBySide<T> implements AutoCloseable {
  private static final long SECONDS_TO_END = 10;

  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          work -> {
            Thread created = new Thread(work, "drp-beside");
            created.setDaemon(true);
            return created;
          });
  private final String what;
  private final Future<T> result;

  /**
   * @param what the work, for messages
   */
  SideBySide(String what, Callable<T> work) {
    this.what = what;
    this.result = thread.submit(work);
  }

  /** Waits for the result; the work's own RecoveryException comes out as it is. */
  T await() {
    return await(what, result);
  }

  /** The same of any work on another thread. */
  static <T> T await(String what, Future<T> result) {
    try {
      return result.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RecoveryException failure) {
        throw failure;
      }
      throw new IllegalStateException(what, e.getCause());
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted(what, e);
    }
  }

  /** Whether it has come to its end, good or bad. */
  boolean hasEnded() {
    return result.isDone();
  }

  /** Ends the work if it has not ended, and gives it a little time for that. */
  @Override
  public void close() {
    thread.shutdownNow();
    try {
      if (!thread.awaitTermination(SECONDS_TO_END, TimeUnit.SECONDS)) {
        return; // its connection is closed next, and that ends it
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
