package dev.drp.wal;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.CanarySession;
import dev.drp.database.DatabaseServer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes the canary at an interval, in a thread and a session of its own: whatever befalls it, the
 * log goes on to be received. That it cannot be written is told once, and again when the reason is
 * another one.
 */
final class WriteCanary implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private final Supplier<DatabaseServer> connect;
  private final String database;
  private final Duration every;
  private final String writer;
  private final BiConsumer<WalEvent.Kind, String> events;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final Thread thread = new Thread(this::run, "write canary");
  private Optional<ErrorCode> told = Optional.empty();
  private boolean written;
  private @Nullable DatabaseServer server;
  private @Nullable CanarySession session;

  /**
   * @param writer who writes it, for whoever reads it
   */
  WriteCanary(
      Supplier<DatabaseServer> connect,
      String database,
      Duration every,
      String writer,
      BiConsumer<WalEvent.Kind, String> events) {
    this.connect = connect;
    this.database = database;
    this.every = every;
    this.writer = writer;
    this.events = events;
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  private void run() {
    long next = System.nanoTime();
    try {
      do {
        write();
        // At the instants of its clock, not so long after the last: a reader counts on them.
        next = Math.max(next + every.toNanos(), System.nanoTime());
      } while (!stop.await(next - System.nanoTime(), TimeUnit.NANOSECONDS));
    } catch (InterruptedException e) {
      // The stream ends.
    } finally {
      disconnect();
    }
  }

  private void write() {
    try {
      session().write(every, writer);
      if (!written || told.isPresent()) {
        events.accept(
            WalEvent.Kind.CANARY, "the canary in database %s is written".formatted(database));
      }
      written = true;
      told = Optional.empty();
    } catch (RecoveryException e) {
      disconnect();
      if (stop.getCount() > 0 && !told.equals(Optional.of(e.code()))) {
        told = Optional.of(e.code());
        events.accept(
            WalEvent.Kind.CANARY,
            "the canary cannot be written: %s; it is tried again".formatted(e.problem()));
      }
    }
  }

  private CanarySession session() {
    CanarySession known = session;
    if (known != null) {
      return known;
    }
    DatabaseServer connected = connect.get();
    CanarySession opened;
    try {
      opened = connected.openCanary(database);
    } catch (RecoveryException e) {
      connected.close();
      throw e;
    }
    synchronized (this) {
      server = connected;
      session = opened;
    }
    if (stop.getCount() == 0) {
      disconnect();
    }
    return opened;
  }

  private synchronized void disconnect() {
    if (session != null) {
      session.close();
      session = null;
    }
    if (server != null) {
      server.close();
      server = null;
    }
  }

  /** Ends it: in order, unless a write waits for longer than a moment. */
  @Override
  public void close() {
    stop.countDown();
    try {
      thread.join(PATIENCE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    disconnect();
  }
}
