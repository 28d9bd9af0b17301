package dev.drp.runtime;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A container as the engine knows it.
 *
 * @param id the engine's full id
 * @param name without the leading slash
 * @param image which image it was created from
 * @param running whether its main process runs; not while the engine waits to restart it
 * @param restarting whether it ended, and the engine starts it again after a while
 * @param health what its health check says; empty when it has none, or does not run
 * @param end how its main process ended; empty while it runs and when it never ran
 * @param environment names and values of the variables it was created with; may hold secrets: never
 *     print values
 * @param volumes what is mounted into it
 */
public record Container(
    String id,
    String name,
    ImageIdentity image,
    boolean running,
    boolean restarting,
    Optional<Health> health,
    Optional<End> end,
    Map<String, String> labels,
    Map<String, String> environment,
    List<Mount> volumes) {
  private static final String PROJECT = "com.docker.compose.project";
  private static final String SERVICE = "com.docker.compose.service";
  private static final String ONE_OFF = "com.docker.compose.oneoff";

  public Container {
    requireNonNull(id, "id");
    requireNonNull(name, "name");
    requireNonNull(image, "image");
    requireNonNull(health, "health");
    requireNonNull(end, "end");
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

  /** Whether it was made by {@code docker compose run}, for one program, and is no service. */
  public boolean isOneOff() {
    return Boolean.parseBoolean(labels.get(ONE_OFF));
  }

  /** Whether it runs, and is healthy where it has a health check. */
  public boolean isUp() {
    return running && health.map(Health.HEALTHY::equals).orElse(true);
  }

  /** Names no value of the environment: they may be secrets. */
  @Override
  public String toString() {
    return "container %s (%.12s)".formatted(name, id);
  }

  /** What a health check says. */
  public enum Health {
    /** It has not succeeded yet, and may still do. */
    STARTING,
    HEALTHY,
    /** It failed as often in a row as it may. */
    UNHEALTHY
  }

  /**
   * How a container's main process ended.
   *
   * @param exitCode its exit code; 128 + N when signal N ended it
   * @param at when, by the engine's clock
   * @param outOfMemory whether the kernel ended it because its memory was used up
   */
  public record End(int exitCode, Instant at, boolean outOfMemory) {
    public End {
      requireNonNull(at, "at");
    }
  }

  /**
   * Something mounted into a container.
   *
   * @param volume the volume's name, or the host's path for a bind mount
   * @param path where the container sees it
   * @param source where the engine's machine has it, which need not be this one; empty where the
   *     engine does not tell
   */
  public record Mount(String volume, String path, Optional<String> source) {
    public Mount {
      requireNonNull(volume, "volume");
      requireNonNull(path, "path");
      requireNonNull(source, "source");
    }
  }
}
