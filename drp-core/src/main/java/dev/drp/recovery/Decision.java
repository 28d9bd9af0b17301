package dev.drp.recovery;

import static java.util.Objects.requireNonNull;

/**
 * What a person decided about a step that failed or whose outcome is not known. The journal keeps
 * it.
 */
public record Decision(String step, Kind kind, String who, String reason) {
  public Decision {
    requireNonNull(step, "step");
    requireNonNull(kind, "kind");
    requireNonNull(who, "who");
    requireNonNull(reason, "reason");
  }

  /** What to do about the step. */
  public enum Kind {
    /** Do it again, without asking its probe. */
    RETRY,
    /** It is done. */
    DONE,
    /** Go on without it; it counts as FAILED_IGNORED. */
    IGNORE
  }
}
