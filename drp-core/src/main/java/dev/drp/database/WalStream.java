package dev.drp.database;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.time.Instant;

/**
 * Log as it comes in. Used by one thread; any other may {@link #close} it, which ends a {@link
 * #next} that waits.
 */
public interface WalStream extends AutoCloseable {
  /**
   * Waits for log, or for a sign of life without any, which comes every few seconds.
   * DATABASE_UNAVAILABLE when the connection is lost, the server ends it, or nothing came for too
   * long; WAL_REMOVED when the server no longer has what comes next.
   */
  Message next();

  /** Tells the server that everything before a position is safe here, so it need not keep it. */
  void confirm(Lsn safe);

  @Override
  void close();

  /**
   * What came in.
   *
   * @param start position of the first byte
   * @param data the bytes, valid until the next call of {@link #next}; empty for a sign of life
   * @param serverEnd how far the server's log went when it sent this
   * @param serverTime the server's clock then
   * @param answerWanted whether the server waits for {@link #confirm}
   */
  record Message(
      Lsn start, ByteBuffer data, Lsn serverEnd, Instant serverTime, boolean answerWanted) {
    public Message {
      requireNonNull(start, "start");
      requireNonNull(data, "data");
      requireNonNull(serverEnd, "serverEnd");
      requireNonNull(serverTime, "serverTime");
    }
  }
}
