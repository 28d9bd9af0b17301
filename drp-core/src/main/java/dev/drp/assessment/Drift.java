package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.ExitStatus;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * A difference between the plan and what there is.
 *
 * @param path where the plan names it, or where it should
 * @param name what it is about
 * @param nearest what was probably meant, of what there is; empty where nothing comes near
 * @param what what is wrong, for people
 */
public record Drift(Kind kind, String path, String name, Optional<String> nearest, String what) {
  /** What the difference is. */
  public enum Kind {
    /** The plan names it, and it does not exist. */
    MISSING,
    /** It could not be told whether it exists. */
    UNKNOWN,
    /** It exists, and nothing in the plan brings it back. */
    UNPROTECTED
  }

  public Drift {
    requireNonNull(kind, "kind");
    requireNonNull(path, "path");
    requireNonNull(name, "name");
    requireNonNull(nearest, "nearest");
    requireNonNull(what, "what");
  }

  /** FAILED when something is missing or could not be told, PARTIAL when all is unprotected. */
  public static ExitStatus exitStatus(Collection<Drift> drifts) {
    List<Kind> kinds = drifts.stream().map(Drift::kind).toList();
    if (kinds.contains(Kind.MISSING) || kinds.contains(Kind.UNKNOWN)) {
      return ExitStatus.FAILED;
    }
    return kinds.isEmpty() ? ExitStatus.OK : ExitStatus.PARTIAL;
  }
}
