package dev.drp.runtime;

import static java.util.Objects.requireNonNull;

import dev.drp.Secret;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What to start as a throw-away container.
 *
 * @param owner whose it is, an execution's id: by it everything is found again after a crash
 * @param imageId the image, by content id
 * @param environment variables for its main process
 * @param arguments arguments for its entry point; the image's own when empty
 * @param memoryBytes limit of its memory; none when empty
 * @param sharedMemoryBytes size of {@code /dev/shm}; the engine's default when empty
 * @param volumesOf id of a container, running or not, whose volumes it gets at the same paths; they
 *     stay when it goes
 */
public record ThrowawayRequest(
    String owner,
    String imageId,
    Map<String, Secret> environment,
    List<String> arguments,
    OptionalLong memoryBytes,
    OptionalLong sharedMemoryBytes,
    Optional<String> volumesOf) {
  public ThrowawayRequest {
    requireNonNull(owner, "owner");
    requireNonNull(imageId, "imageId");
    environment = Map.copyOf(environment);
    arguments = List.copyOf(arguments);
    requireNonNull(memoryBytes, "memoryBytes");
    requireNonNull(sharedMemoryBytes, "sharedMemoryBytes");
    requireNonNull(volumesOf, "volumesOf");
  }

  /** With no volumes but its own. */
  public ThrowawayRequest(
      String owner,
      String imageId,
      Map<String, Secret> environment,
      List<String> arguments,
      OptionalLong memoryBytes,
      OptionalLong sharedMemoryBytes) {
    this(owner, imageId, environment, arguments, memoryBytes, sharedMemoryBytes, Optional.empty());
  }

  /** The same with the volumes of that container. */
  public ThrowawayRequest withVolumesOf(Container container) {
    return new ThrowawayRequest(
        owner,
        imageId,
        environment,
        arguments,
        memoryBytes,
        sharedMemoryBytes,
        Optional.of(container.id()));
  }
}
