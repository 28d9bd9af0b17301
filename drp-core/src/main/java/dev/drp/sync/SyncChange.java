package dev.drp.sync;

import static java.util.Objects.requireNonNull;

/**
 * Something that is done, or would be, to the target.
 *
 * @param name below the folder, with {@code \xNN} for bytes that are not UTF-8; the folder itself
 *     is {@code .}
 * @param bytes size of the file as it is in the source; 0 for everything else
 */
public record SyncChange(Kind kind, String name, long bytes) {
  /** What is done. */
  public enum Kind {
    /** The target does not have it. */
    NEW,
    /** The target has it with other content, or as something else. */
    CHANGED,
    /** The source does not have it. */
    DELETED
  }

  public SyncChange {
    requireNonNull(kind, "kind");
    requireNonNull(name, "name");
  }
}
