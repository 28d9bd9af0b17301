package dev.drp.cli.demo;

import static java.util.Objects.requireNonNull;

import dev.drp.database.DatabaseSandboxes;
import dev.drp.database.SandboxRequest;
import dev.drp.database.ThrowawayServer;
import dev.drp.runtime.ImageIdentity;
import java.util.Optional;
import java.util.Set;

/**
 * Where the demo gets its servers from.
 *
 * @param runtime {@code docker} or {@code host}
 * @param image the image they run; empty on a host
 * @param majorVersion of PostgreSQL
 */
public record DemoServers(
    String runtime, DatabaseSandboxes sandboxes, Optional<ImageIdentity> image, int majorVersion) {
  static final String SUPERUSER = "postgres";

  /** Those whose files and log this tool knows; of others it takes logical backups. */
  private static final Set<Integer> WITH_LOG = Set.of(15, 17);

  public DemoServers {
    requireNonNull(runtime, "runtime");
    requireNonNull(sandboxes, "sandboxes");
    requireNonNull(image, "image");
  }

  boolean streamsLog() {
    return WITH_LOG.contains(majorVersion);
  }

  ThrowawayServer start(String owner) {
    return sandboxes.start(new SandboxRequest(owner, majorVersion, image, SUPERUSER));
  }
}
