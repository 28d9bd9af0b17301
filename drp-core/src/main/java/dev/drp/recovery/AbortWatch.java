package dev.drp.recovery;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Interrupts a thread once somebody asks for its execution to be aborted. */
final class AbortWatch implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(250);

  private final Requests requests;
  private final Thread watched;
  private final Thread watch;
  private Requests.@Nullable Word heard;

  /** Watches from here on, until it is closed. */
  AbortWatch(Requests requests, Thread watched) {
    this.requests = requests;
    this.watched = watched;
    this.watch = new Thread(this::watch, "watch for an abort");
    watch.setDaemon(true);
    watch.start();
  }

  private void watch() {
    try {
      while (!listen()) {
        Thread.sleep(PAUSE.toMillis());
      }
    } catch (InterruptedException closed) {
      // nobody needs to know any more
    }
  }

  private synchronized boolean listen() {
    heard = requests.abort().orElse(null);
    if (heard != null && !watch.isInterrupted()) {
      watched.interrupt();
    }
    return heard != null;
  }

  /** Who asked for it; empty when nobody has. */
  synchronized Optional<Requests.Word> heard() {
    return Optional.ofNullable(heard);
  }

  /** It interrupts nobody any more. */
  @Override
  public synchronized void close() {
    watch.interrupt();
  }
}
