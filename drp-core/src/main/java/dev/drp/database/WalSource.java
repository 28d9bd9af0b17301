package dev.drp.database;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * The write-ahead log of a server, as it is written. Safe for concurrent use.
 *
 * <p>Every method may throw what {@link DatabaseServer} throws; DATABASE_ACCESS_DENIED where the
 * role may not replicate or pg_hba.conf lets nobody in for it.
 */
public interface WalSource extends AutoCloseable {
  /** Who the server is, and how far its log is safe on its own disk. */
  WalPosition position();

  /**
   * The history of a timeline, as the server keeps it; one without ancestors for timeline 1.
   * OBJECT_NOT_FOUND when the server does not know it.
   */
  TimelineHistory history(int timeline);

  /** A physical replication slot; empty when there is none of that name. */
  Optional<WalSlot> slot(String name);

  /**
   * Creates a physical replication slot that keeps the log from now on: from the beginning of the
   * last checkpoint. REFUSED when there is one of that name.
   */
  WalSlot createSlot(String name);

  /**
   * Drops a replication slot: the server may then remove the log that it kept. Unknown name: no
   * effect. LOCKED while somebody streams from it.
   */
  void dropSlot(String name);

  /**
   * Streams the log of a timeline. WAL_REMOVED when the server no longer has it from there, here or
   * from the stream; LOCKED when somebody else streams from the slot.
   *
   * @param slot keeps what has not been confirmed
   * @param from a position in that timeline, before the one where it ends
   */
  WalStream stream(String slot, int timeline, Lsn from);

  /**
   * Makes commits wait until a stream of {@link #application} has confirmed them, or no longer.
   *
   * <p>REFUSED when the server waits for others.
   */
  void waitForUs(boolean wait);

  /** Whether commits wait for a stream of that name. */
  boolean waitsForUs();

  /** The name under which the server knows the streams. */
  String application();

  @Override
  void close();

  /**
   * Who a server is.
   *
   * @param systemIdentifier what tells this cluster from every other
   * @param timeline the one that it writes, or replays
   * @param flushed how far its log is safe on its own disk
   */
  record WalPosition(String systemIdentifier, int timeline, Lsn flushed) {
    public WalPosition {
      requireNonNull(systemIdentifier, "systemIdentifier");
      requireNonNull(flushed, "flushed");
    }
  }
}
