package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.Optional;

/**
 * Something that the plan promises and that did not happen in time, or ends soon.
 *
 * @param path where the plan promises it
 * @param due when it was, or is, due; empty when it never happened at all
 * @param last when it happened last
 * @param what what it is, for a person
 */
public record Overdue(
    Kind kind, String path, Optional<Instant> due, Optional<Instant> last, String what) {
  /** What is overdue. */
  public enum Kind {
    /** A scheduled backup. */
    BACKUP,
    /** A drill of the test calendar. */
    DRILL,
    /** The review of the plan. */
    REVIEW,
    /** A secret or certificate is past its last day. */
    CREDENTIAL,
    /** A secret or certificate ends within 30 days. */
    CREDENTIAL_SOON
  }

  public Overdue {
    requireNonNull(kind, "kind");
    requireNonNull(path, "path");
    requireNonNull(due, "due");
    requireNonNull(last, "last");
    requireNonNull(what, "what");
  }
}
