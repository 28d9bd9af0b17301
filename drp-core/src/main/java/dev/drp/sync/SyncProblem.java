package dev.drp.sync;

import static java.util.Objects.requireNonNull;

/**
 * Why something is not in the target as it is in the source.
 *
 * @param name as in {@link SyncChange}
 */
public record SyncProblem(Kind kind, String name) {
  /** What happened. */
  public enum Kind {
    /** It changed while it was read; the next run sends it again. */
    CHANGED_MEANWHILE,
    /** It was removed before it was read. */
    VANISHED,
    /** It could not be read, or not be written as it is; the next run tries again. */
    NOT_COPIED,
    /** The source does not have it, and it could not be deleted. */
    NOT_DELETED,
    /** It is a socket, a pipe or a device: these are never copied. */
    LEFT_OUT
  }

  public SyncProblem {
    requireNonNull(kind, "kind");
    requireNonNull(name, "name");
  }
}
