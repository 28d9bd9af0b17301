package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.Optional;

/** A file or folder that belongs to an environment's configuration. */
@Shorthand("path")
public record ConfiguredPath(
    @Key("the file or folder; within the container where a service is named") Path path,
    @Key("service of the Compose project whose container has it; this machine if left out")
        Optional<String> service) {
  public ConfiguredPath {
    requireNonNull(path, "path");
    requireNonNull(service, "service");
    Rules.of("configuration")
        .check(
            path.isAbsolute() && path.getNameCount() > 0,
            "path",
            path,
            "the path of a file or of a folder other than /")
        .enforce();
    path = path.normalize();
  }

  /** On the machine itself. */
  public static ConfiguredPath of(Path path) {
    return new ConfiguredPath(path.toAbsolutePath(), Optional.empty());
  }

  @Override
  public String toString() {
    return service.map(name -> path + " in service " + name).orElse(path.toString());
  }
}
