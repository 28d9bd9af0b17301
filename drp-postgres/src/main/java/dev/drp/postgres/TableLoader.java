package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;
import org.postgresql.core.BaseConnection;

/**
 * Copies rows into tables over several sessions at once, also those of one table: pg_restore gives
 * each table to one session, so that the largest one decides how long it takes. The rows of a table
 * arrive in batches, and each session takes the next batch that there is.
 */
final class TableLoader implements DumpArchive.DataReader, AutoCloseable {
  private static final int BATCH = 1 << 19;
  private static final byte[] END_OF_DATA = {'\\', '.', '\n', '\n', '\n'};

  private final Sessions sessions;
  private final String database;
  private final BlockingQueue<Batch> batches;
  private final List<Thread> copiers = new ArrayList<>();
  private final AtomicReference<@Nullable RecoveryException> failure = new AtomicReference<>();
  private byte[] rows = new byte[BATCH + (1 << 16)];
  private int filled;
  private @Nullable LargeObjects largeObjects;

  TableLoader(Sessions sessions, String database, int jobs) {
    this.sessions = sessions;
    this.database = database;
    this.batches = new ArrayBlockingQueue<>(jobs + 1);
    for (int i = 0; i < jobs; i++) {
      Thread copier = new Thread(this::copy, "restore-" + (i + 1));
      copier.setDaemon(true);
      copiers.add(copier);
      copier.start();
    }
  }

  /** Whole rows of one table; no statement means that there is no more. */
  private static final class Batch {
    private final @Nullable String statement;
    private final byte[] rows;
    private final int length;

    Batch(@Nullable String statement, byte[] rows, int length) {
      this.statement = statement;
      this.rows = rows;
      this.length = length;
    }
  }

  @Override
  public void rows(DumpArchive.Entry table, byte[] bytes, int offset, int length) {
    if (filled >= BATCH) {
      // Only now, so that the end of the data is still here when the table ends.
      handOver(table, endOfLastRow());
    }
    if (filled + length > rows.length) {
      rows = Arrays.copyOf(rows, Math.max(2 * rows.length, filled + length));
    }
    System.arraycopy(bytes, offset, rows, filled, length);
    filled += length;
  }

  @Override
  public void endOfTable(DumpArchive.Entry table) {
    int length = filled;
    if (length >= END_OF_DATA.length
        && Arrays.equals(
            rows, length - END_OF_DATA.length, length, END_OF_DATA, 0, END_OF_DATA.length)) {
      length -= END_OF_DATA.length; // it ends a script of psql; here the batches end
    }
    handOver(table, length);
    filled = 0;
  }

  /** A line end is the end of a row: those within values are written otherwise. */
  private int endOfLastRow() {
    int end = filled;
    while (end > 0 && rows[end - 1] != '\n') {
      end--;
    }
    return end;
  }

  private void handOver(DumpArchive.Entry table, int length) {
    if (length == 0) {
      return;
    }
    byte[] full = rows;
    int rest = filled - length;
    rows = new byte[Math.max(BATCH + (1 << 16), rest)];
    System.arraycopy(full, length, rows, 0, rest);
    filled = rest;
    put(new Batch(table.copy(), full, length));
  }

  private void put(Batch batch) {
    try {
      while (!batches.offer(batch, 100, TimeUnit.MILLISECONDS)) {
        throwFailure();
      }
      throwFailure();
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("loading " + database, e);
    }
  }

  private void throwFailure() {
    RecoveryException thrown = failure.get();
    if (thrown != null) {
      throw thrown;
    }
  }

  @Override
  public void largeObject(long oid, byte[] bytes, int offset, int length) {
    if (largeObjects == null) {
      largeObjects = new LargeObjects(open());
    }
    largeObjects.write(oid, bytes, offset, length);
  }

  private Session open() {
    Session session = sessions.openLong(database);
    session.change(
        "prepare to load",
        "SET search_path = ''; SET row_security = off; SET check_function_bodies = false;"
            + " SET xmloption = content; SET synchronous_commit = off; SET lock_timeout = 0");
    return session;
  }

  /** What each thread does: takes batches, and stays in one COPY as long as the table stays. */
  private void copy() {
    try (Session session = open()) {
      session.run(
          "load the rows of " + database,
          connection -> {
            copy(connection);
            return database;
          });
    } catch (RecoveryException e) {
      failure.compareAndSet(null, e);
    } catch (InterruptedInWork e) {
      Thread.currentThread().interrupt();
    }
  }

  private void copy(Connection connection) throws SQLException {
    CopyManager copies = new CopyManager(connection.unwrap(BaseConnection.class));
    String current = null;
    CopyIn copy = null;
    while (true) {
      Batch batch = take();
      if (copy != null && !Objects.equals(batch.statement, current)) {
        copy.endCopy();
        copy = null;
      }
      if (batch.statement == null) {
        return;
      }
      if (copy == null) {
        current = batch.statement;
        copy = copies.copyIn(current);
      }
      copy.writeToCopy(batch.rows, 0, batch.length);
    }
  }

  private Batch take() {
    try {
      return batches.take();
    } catch (InterruptedException e) {
      throw new InterruptedInWork(e);
    }
  }

  /** The loader has been closed before the end: the session ends, and its COPY with it. */
  private static final class InterruptedInWork extends RuntimeException {
    private static final long serialVersionUID = 1L;

    InterruptedInWork(InterruptedException cause) {
      super(cause);
    }
  }

  /** Waits until all that was handed over is in the tables. */
  void finish() {
    for (int i = 0; i < copiers.size(); i++) {
      put(new Batch(null, new byte[0], 0));
    }
    try {
      for (Thread copier : copiers) {
        copier.join();
      }
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("loading " + database, e);
    }
    throwFailure();
  }

  @Override
  public void close() {
    copiers.forEach(Thread::interrupt);
    if (largeObjects != null) {
      largeObjects.close();
    }
  }

  /** Writes large objects, which pg_restore has created already. */
  private static final class LargeObjects {
    private final Session session;
    private long current = -1; // no large object
    private long written;

    LargeObjects(Session session) {
      this.session = session;
    }

    void write(long oid, byte[] bytes, int offset, int length) {
      if (oid != current) {
        current = oid;
        written = 0;
      }
      if (length > 0) {
        session.row(
            "load large object " + oid,
            "SELECT pg_catalog.lo_put(?::oid, ?, ?)",
            row -> oid,
            oid,
            written,
            Arrays.copyOfRange(bytes, offset, offset + length));
        written += length;
      }
    }

    void close() {
      session.close();
    }
  }

  /** For a failure that the stream has, not the server. */
  static RecoveryException endsTooEarly(String database, Exception cause) {
    return new RecoveryException(
        ErrorCode.COMMAND_FAILED,
        "the dump for %s cannot be read to its end: %s".formatted(database, cause.getMessage()),
        "verify the backup; restore an older one if it is damaged.",
        cause);
  }
}
