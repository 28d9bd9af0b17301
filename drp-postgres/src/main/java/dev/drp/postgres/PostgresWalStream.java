package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.Lsn;
import dev.drp.database.WalStream;
import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.postgresql.copy.CopyDual;

/** Log as the server sends it, message by message. */
final class PostgresWalStream implements WalStream {
  private static final byte LOG = 'w';
  private static final byte ALIVE = 'k';
  private static final byte STATUS = 'r';
  private static final int STATUS_BYTES = 34;

  /** The protocol counts microseconds from here. */
  private static final Instant EPOCH = Instant.parse("2000-01-01T00:00:00Z");

  private static final String UNDEFINED_FILE = "58P01";

  private final Session session;
  private final CopyDual copy;
  private final Failures failures;
  private Lsn received = new Lsn(0);

  PostgresWalStream(Session session, CopyDual copy, Failures failures) {
    this.session = session;
    this.copy = copy;
    this.failures = failures;
  }

  @Override
  public Message next() {
    try {
      byte[] message = copy.readFromCopy(true);
      if (message == null) {
        throw new RecoveryException(
            ErrorCode.DATABASE_UNAVAILABLE,
            "%s ended the stream of its log".formatted(failures.place()),
            "it is stopping, or the timeline ends here; connect again.");
      }
      return decoded(ByteBuffer.wrap(message));
    } catch (SQLException e) {
      throw translated(failures, "", failures.of(e, "stream its log"));
    }
  }

  private Message decoded(ByteBuffer message) {
    byte kind = message.get();
    if (kind == LOG) {
      Lsn start = new Lsn(message.getLong());
      Lsn end = new Lsn(message.getLong());
      Instant time = time(message.getLong());
      ByteBuffer data = message.slice();
      received = start.plus(data.remaining());
      return new Message(start, data, end, time, false);
    }
    if (kind == ALIVE) {
      Lsn end = new Lsn(message.getLong());
      Instant time = time(message.getLong());
      return new Message(received, ByteBuffer.allocate(0), end, time, message.get() != 0);
    }
    throw new RecoveryException(
        ErrorCode.DATABASE_FAILED,
        "%s sent a message of kind %d in the stream of its log".formatted(failures.place(), kind),
        "this version of the server speaks another protocol.");
  }

  private static Instant time(long microseconds) {
    return EPOCH.plus(microseconds, ChronoUnit.MICROS);
  }

  @Override
  public void confirm(Lsn safe) {
    ByteBuffer status = ByteBuffer.allocate(STATUS_BYTES);
    status.put(STATUS);
    status.putLong((received.isBefore(safe) ? safe : received).value());
    status.putLong(safe.value());
    status.putLong(0); // nothing is applied here
    status.putLong(Duration.between(EPOCH, Instant.now()).toNanos() / 1000);
    status.put((byte) 0);
    try {
      copy.writeToCopy(status.array(), 0, STATUS_BYTES);
      copy.flushCopy();
    } catch (SQLException e) {
      throw translated(failures, "", failures.of(e, "confirm what was streamed"));
    }
  }

  /** Not in order: that would wait for a thread that waits for the server. */
  @Override
  public void close() {
    session.abort();
  }

  static RecoveryException translated(Failures failures, String slot, RecoveryException e) {
    if (isNoFile(e)) {
      return new RecoveryException(
          ErrorCode.WAL_REMOVED,
          e.problem(),
          "take a base backup now: the log from here on cannot be had any more.",
          e);
    }
    return hasState(e, Failures.OBJECT_IN_USE) ? inUse(failures, slot, e) : e;
  }

  static RecoveryException inUse(Failures failures, String slot, RecoveryException e) {
    return new RecoveryException(
        ErrorCode.LOCKED,
        "%s: somebody streams from replication slot %s".formatted(failures.place(), slot),
        "look for it in pg_stat_replication; one machine can stream an environment's log.",
        e);
  }

  static boolean isNoFile(RecoveryException e) {
    return hasState(e, UNDEFINED_FILE);
  }

  static boolean hasState(RecoveryException e, String state) {
    return e.getCause() instanceof SQLException cause && state.equals(cause.getSQLState());
  }
}
