package dev.drp.database;

import static java.util.Objects.requireNonNull;

import dev.drp.runtime.ImageIdentity;
import java.util.Optional;

/**
 * What server a drill needs.
 *
 * @param owner the execution's id: by it leftovers are found after a crash
 * @param majorVersion the server's major version
 * @param image the image that the environment's server ran when the backup was taken; empty for one
 *     on a host
 * @param superuser name of the superuser that the server is created with, or that the files have
 */
public record SandboxRequest(
    String owner, int majorVersion, Optional<ImageIdentity> image, String superuser) {
  public SandboxRequest {
    requireNonNull(owner, "owner");
    requireNonNull(image, "image");
    requireNonNull(superuser, "superuser");
  }
}
