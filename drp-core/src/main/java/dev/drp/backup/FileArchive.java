package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.plan.Consistency;
import java.util.List;

/**
 * A file or a folder in a backup, as a tar of its own.
 *
 * @param part plain name of the part that holds it
 * @param origin what kind of place it is from
 * @param name the service or volume; empty for the machine itself
 * @param path where it was: names in the tar begin with its last name, or are relative to it in the
 *     case of a volume
 * @param consistency how it was read
 * @param without what below it is not in here: the live database's files, backups
 * @param files how many files it has
 * @param bytes size of their content
 */
public record FileArchive(
    String part,
    Origin origin,
    String name,
    String path,
    Consistency consistency,
    List<String> without,
    long files,
    long bytes) {
  /** What kind of place files are from. */
  public enum Origin {
    HOST,
    SERVICE,
    VOLUME
  }

  public FileArchive {
    requireNonNull(part, "part");
    requireNonNull(origin, "origin");
    requireNonNull(name, "name");
    requireNonNull(path, "path");
    requireNonNull(consistency, "consistency");
    without = List.copyOf(without);
  }

  /** Where it is, for people. */
  public String place() {
    return switch (origin) {
      case HOST -> path;
      case SERVICE -> "%s in service %s".formatted(path, name);
      case VOLUME -> "volume " + name;
    };
  }

  /** Where it goes below the folder that a backup is restored into. */
  public String folder() {
    return switch (origin) {
      case HOST -> "host" + parent();
      case SERVICE -> "services/" + name + parent();
      case VOLUME -> "volumes/" + name;
    };
  }

  /** With which all names in the tar begin; empty where there is nothing of that kind. */
  public String root() {
    return origin == Origin.VOLUME ? "" : path.substring(path.lastIndexOf('/') + 1);
  }

  /** Where those names begin, for people. */
  public String base() {
    return origin == Origin.VOLUME ? "volume " + name + "/" : parent() + "/";
  }

  private String parent() {
    return path.substring(0, Math.max(path.lastIndexOf('/'), 0));
  }
}
