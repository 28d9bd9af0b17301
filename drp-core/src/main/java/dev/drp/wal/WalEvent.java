package dev.drp.wal;

import static java.util.Objects.requireNonNull;

import java.time.Instant;

/** Something that happened to a stream, in one line for people. */
public record WalEvent(Instant at, Kind kind, String text) {
  public WalEvent {
    requireNonNull(at, "at");
    requireNonNull(kind, "kind");
    requireNonNull(text, "text");
  }

  /** What it is about. */
  public enum Kind {
    /** Log comes in, from some position of some timeline. */
    STREAMING,
    /** The connection was lost, or could not be made; it is tried again. */
    DISCONNECTED,
    /** Log is missing, for good. */
    GAP,
    /** A storage does not take what is shipped; it is tried again. */
    STORAGE_FAILED,
    /** A storage takes what is shipped again. */
    STORAGE_BACK,
    /** The server keeps more log than it may. */
    SLOT_ALARM,
    /** The slot was made or dropped. */
    SLOT,
    /** Commits wait for the stream, or no longer. */
    SYNCHRONOUS,
    /** The canary is written, or cannot be, which harms nothing but what a recovery can prove. */
    CANARY,
    /** What other commands are to know of the stream cannot be written down; it is tried again. */
    STATUS,
    /** The stream has ended in order. */
    STOPPED
  }
}
