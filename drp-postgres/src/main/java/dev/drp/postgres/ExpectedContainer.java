package dev.drp.postgres;

import dev.drp.RecoveryException;
import dev.drp.runtime.ThrowawayContainer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;

/** A throw-away container that is started while whoever needs it still does something else. */
final class ExpectedContainer implements AutoCloseable {
  private final CompletableFuture<ThrowawayContainer> started = new CompletableFuture<>();

  ExpectedContainer(Supplier<ThrowawayContainer> start) {
    Thread thread = new Thread(() -> complete(start), "start of a container");
    thread.setDaemon(true);
    thread.start();
  }

  private void complete(Supplier<ThrowawayContainer> start) {
    try {
      started.complete(start.get());
    } catch (RuntimeException e) {
      started.completeExceptionally(e);
    }
  }

  /** It, which the caller removes; or fails as its start did. */
  ThrowawayContainer await() {
    try {
      return started.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException failure
          ? failure
          : new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      close();
      throw RecoveryException.interrupted("waiting for a container to start", e);
    }
  }

  /** Removes it; does so also for a thread that is interrupted. */
  @Override
  public void close() {
    try {
      started.join().remove(); // to join heeds no interrupt
    } catch (CompletionException e) {
      // Nothing is left of one that could not be started.
    }
  }
}
