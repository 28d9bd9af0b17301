package dev.drp.backup;

import static java.util.Objects.requireNonNull;

/**
 * Something in a storage that is no backup. Reported and left as it is.
 *
 * @param storage the storage's name in the plan
 * @param where folder or object in it
 * @param what what is wrong, for a person
 */
public record CatalogProblem(String storage, String where, Kind kind, String what) {
  /** What is wrong. */
  public enum Kind {
    /** A backup that is being written, or whose writer died; the next backup cleans up. */
    INCOMPLETE,
    /** A backup whose removal did not come to its end; the next expiry goes on. */
    EXPIRING,
    /** A backup whose manifest is missing or cannot be read, or an event that cannot. */
    DAMAGED,
    /** Not ours. */
    FOREIGN,
    /** The storage does not answer: what it holds is not known now. */
    UNREACHABLE
  }

  public CatalogProblem {
    requireNonNull(storage, "storage");
    requireNonNull(where, "where");
    requireNonNull(kind, "kind");
    requireNonNull(what, "what");
  }
}
