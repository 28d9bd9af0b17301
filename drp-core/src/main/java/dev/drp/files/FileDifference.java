package dev.drp.files;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * What is not as in a backup.
 *
 * @param path for people
 * @param aspects of one that has changed: type, content, link, mode, owner, time
 */
public record FileDifference(Kind kind, String path, List<String> aspects) {
  /** How it differs. */
  public enum Kind {
    /** The backup has it, and it is no longer there. */
    MISSING,
    /** It is there, and the backup does not have it. */
    ADDED,
    CHANGED
  }

  public FileDifference {
    requireNonNull(kind, "kind");
    requireNonNull(path, "path");
    aspects = List.copyOf(aspects);
  }
}
