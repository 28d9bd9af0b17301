package dev.drp.runtime;

import static java.util.Objects.requireNonNull;

/**
 * What is stored on a container engine, in bytes; the figures of {@code docker system df}.
 *
 * @param containers what containers wrote into themselves
 */
public record EngineDiskUsage(Use images, Use containers, Use volumes, Use buildCache) {
  public EngineDiskUsage {
    requireNonNull(images, "images");
    requireNonNull(containers, "containers");
    requireNonNull(volumes, "volumes");
    requireNonNull(buildCache, "buildCache");
  }

  /**
   * What one kind of things takes.
   *
   * @param count how many there are
   * @param unusedBytes what those take that no container uses, or that do not run
   */
  public record Use(int count, long bytes, long unusedBytes) {}
}
