package dev.drp.cli.demo;

import dev.drp.RecoveryException;
import dev.drp.database.SqlSession;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The application's life goes on: users answer questions, one transaction after the other, until
 * the server is gone.
 */
final class AnsweringUsers implements AutoCloseable {
  private static final int ROWS_PER_TRANSACTION = 5;

  private final AtomicLong acknowledged = new AtomicLong();
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final Thread thread;

  private AnsweringUsers(SqlSession session) {
    thread = new Thread(() -> write(session), "answering users");
    thread.setDaemon(true);
  }

  /** Starts to write, in a session that is closed when it ends. */
  static AnsweringUsers start(SqlSession session) {
    AnsweringUsers users = new AnsweringUsers(session);
    users.thread.start();
    return users;
  }

  /** Rows whose commit the server has confirmed. */
  long acknowledged() {
    return acknowledged.get();
  }

  private void write(SqlSession session) {
    try (session) {
      while (!stopped.get()) {
        acknowledged.addAndGet(
            session.execute(
                "insert into answers (\"userId\", \"questionId\", content)"
                    + " select u.id, q.id, 'written while it happens, ' || clock_timestamp()"
                    + " from (select 1 + (random() * 9999)::int as id"
                    + " from generate_series(1, %d)) u,".formatted(ROWS_PER_TRANSACTION)
                    + " lateral (select 1 + (random() * 19999)::int + 0 * u.id as id) q"
                    + " on conflict do nothing"));
        pause();
      }
    } catch (RecoveryException e) {
      stopped.set(true); // the server is gone: what was not confirmed was not committed for anybody
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Leaves the server room for the backup, as real users do. */
  private static void pause() throws InterruptedException {
    Thread.sleep(5);
  }

  /** Stops writing and waits until the last transaction has ended. */
  @Override
  public void close() {
    stopped.set(true);
    try {
      thread.join(10_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
