package dev.drp.runtime;

import static java.util.Objects.requireNonNull;

import java.util.Map;
import java.util.Optional;

/**
 * A volume as the engine knows it.
 *
 * @param driver {@code local} for those in the engine's own folder
 */
public record Volume(String name, String driver, Map<String, String> labels) {
  private static final String PROJECT = "com.docker.compose.project";
  private static final String KEY = "com.docker.compose.volume";

  public Volume {
    requireNonNull(name, "name");
    requireNonNull(driver, "driver");
    labels = Map.copyOf(labels);
  }

  /** The Compose project that made it. */
  public Optional<String> composeProject() {
    return Optional.ofNullable(labels.get(PROJECT));
  }

  /** Its name in the files of that project. */
  public Optional<String> composeKey() {
    return Optional.ofNullable(labels.get(KEY));
  }
}
