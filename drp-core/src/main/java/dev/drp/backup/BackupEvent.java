package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;

/**
 * Something that happened to one copy of a backup, kept beside it and never changed.
 *
 * @param at when, by the clock of who wrote it
 * @param host the machine that wrote it
 * @param detail for a person: what was checked, by which execution, what was wrong
 * @param took how long the check or the recovery took
 */
public record BackupEvent(Type type, Instant at, String host, String detail, Duration took) {
  /** What happened. */
  public enum Type {
    /** Completely copied here from another storage. */
    COPIED,
    /** Read back by hash, or restored. */
    VERIFIED,
    /** Restored in a drill that found the data as it should be. */
    DRILLED,
    /** Found damaged, or failed in a restore for its own fault. */
    FAILED
  }

  public BackupEvent {
    requireNonNull(type, "type");
    requireNonNull(at, "at");
    requireNonNull(host, "host");
    requireNonNull(detail, "detail");
    requireNonNull(took, "took");
  }
}
