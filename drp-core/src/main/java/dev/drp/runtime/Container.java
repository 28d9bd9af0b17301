package dev.drp.runtime;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A container as the engine knows it.
 *
 * @param id the engine's full id
 * @param name without the leading slash
 * @param image which image it was created from
 * @param running whether its main process runs
 * @param environment names and values of the variables it was created with; may hold secrets: never
 *     print values
 * @param volumes what is mounted into it
 */
public record Container(
    String id,
    String name,
    ImageIdentity image,
    boolean running,
    Map<String, String> labels,
    Map<String, String> environment,
    List<Mount> volumes) {
  private static final String PROJECT = "com.docker.compose.project";
  private static final String SERVICE = "com.docker.compose.service";

  public Container {
    requireNonNull(id, "id");
    requireNonNull(name, "name");
    requireNonNull(image, "image");
    labels = Map.copyOf(labels);
    environment = Map.copyOf(environment);
    volumes = List.copyOf(volumes);
  }

  /** The Compose project that it belongs to. */
  public Optional<String> composeProject() {
    return Optional.ofNullable(labels.get(PROJECT));
  }

  /** The Compose service that it runs. */
  public Optional<String> composeService() {
    return Optional.ofNullable(labels.get(SERVICE));
  }

  /** Names no value of the environment: they may be secrets. */
  @Override
  public String toString() {
    return "container %s (%.12s)".formatted(name, id);
  }

  /**
   * Something mounted into a container.
   *
   * @param volume the volume's name, or the host's path for a bind mount
   * @param path where the container sees it
   */
  public record Mount(String volume, String path) {}
}
