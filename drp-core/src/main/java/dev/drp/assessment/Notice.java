package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

/**
 * Something that a person should look at.
 *
 * @param subject id or name of what it is about
 * @param what what is wrong, for a person
 */
public record Notice(Kind kind, String subject, String what) {
  /** What is wrong. */
  public enum Kind {
    /** A backup that was there is gone from a storage. */
    BACKUP_GONE,
    /** Backups that were found damaged since the last good one. */
    BACKUP_FAILED,
    /** A storage holds something that is damaged, unfinished or foreign, or does not answer. */
    STORAGE,
    /** The streamed log does not count, or not in some storage, for what is to be restored. */
    LOG,
    /** The newest run of its kind failed. */
    RUN_FAILED,
    /** An execution was interrupted or paused, and waits for somebody to resume or undo it. */
    WAITS_FOR_RESUME,
    /** A restore serves and keeps the way back until somebody commits it. */
    WAITS_FOR_COMMIT,
    /** The journal of an execution cannot be read. */
    JOURNAL,
    /** The database does not answer, or is not what it should be. */
    DATABASE
  }

  public Notice {
    requireNonNull(kind, "kind");
    requireNonNull(subject, "subject");
    requireNonNull(what, "what");
  }
}
