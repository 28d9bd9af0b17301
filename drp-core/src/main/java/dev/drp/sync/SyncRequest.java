package dev.drp.sync;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * Which folder becomes identical to which.
 *
 * @param here absolute, on this machine
 * @param there absolute, on the other machine
 * @param deletions how many the source may ask for
 * @param bytesPerSecond what the line may be used for at most
 */
public record SyncRequest(
    Path here,
    String there,
    Direction direction,
    DeletionLimit deletions,
    OptionalLong bytesPerSecond) {
  /** From where to where. */
  public enum Direction {
    /** The other machine's folder becomes identical to ours. */
    PUSH,
    /** Our folder becomes identical to the other machine's. */
    PULL
  }

  /** Absolute, not the root, and without the names that lead elsewhere. */
  private static final Pattern FOLDER =
      Pattern.compile("(/(?!\\.{1,2}(/|$))[^/\\x00]+)+", Pattern.DOTALL);

  public SyncRequest {
    requireNonNull(direction, "direction");
    requireNonNull(deletions, "deletions");
    requireNonNull(bytesPerSecond, "bytesPerSecond");
    here = here.normalize();
    if (!here.isAbsolute() || here.getNameCount() == 0) {
      throw new IllegalArgumentException("no folder that can be synchronised: " + here);
    }
    there = there.replaceAll("/+", "/").replaceAll("/$", "");
    if (!FOLDER.matcher(there).matches()) {
      throw new IllegalArgumentException("no folder that can be synchronised: " + there);
    }
    if (bytesPerSecond.isPresent() && bytesPerSecond.getAsLong() < 1) {
      throw new IllegalArgumentException("bytes per second: " + bytesPerSecond.getAsLong());
    }
  }
}
