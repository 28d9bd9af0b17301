package dev.drp.backup;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The name of a stored object or folder: segments of {@code A-Z a-z 0-9 . _ % + = -}, parted by
 * slashes. No segment is empty or starts with a dot, so a name never leads out of its storage.
 */
public record ObjectName(String value) implements Comparable<ObjectName> {
  private static final Pattern SEGMENT =
      Pattern.compile("[A-Za-z0-9_%+=-][A-Za-z0-9._%+=-]{0,199}");

  public ObjectName {
    for (String segment : value.split("/", -1)) {
      if (!SEGMENT.matcher(segment).matches()) {
        throw new IllegalArgumentException("not a name of a stored object: " + value);
      }
    }
  }

  public ObjectName child(String segment) {
    return new ObjectName(value + "/" + segment);
  }

  /** The folder it is in, which must not be the storage's own. */
  public ObjectName parent() {
    return new ObjectName(value.substring(0, value.lastIndexOf('/')));
  }

  /** The last segment. */
  public String lastSegment() {
    return value.substring(value.lastIndexOf('/') + 1);
  }

  @Override
  public int compareTo(ObjectName other) {
    return value.compareTo(other.value);
  }

  /**
   * As a record's own, which makes method handles at its first use: a twentieth of a short start.
   */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ObjectName it && value.equals(it.value);
  }

  @Override
  public int hashCode() {
    return value.hashCode();
  }

  @Override
  public String toString() {
    return value;
  }
}
