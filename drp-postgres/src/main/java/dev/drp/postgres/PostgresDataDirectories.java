package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.DataDirectories;
import dev.drp.database.DataDirectory;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.Login;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import java.time.Clock;
import java.util.Comparator;
import java.util.function.Supplier;

/**
 * Data directories of PostgreSQL servers in containers of Compose projects, which must be on a
 * volume. All is done through the engine: whatever needs the files runs in throw-away containers of
 * the server's own image that share its volumes.
 */
public final class PostgresDataDirectories implements DataDirectories {
  private static final String DEFAULT = "/var/lib/postgresql/data";

  private final Supplier<ContainerRuntime> engine;
  private final Clock clock;

  /**
   * @param engine the container engine; asked for only when an environment's server is in a
   *     container, and never closed here
   */
  public PostgresDataDirectories(Supplier<ContainerRuntime> engine, Clock clock) {
    this.engine = engine;
    this.clock = clock;
  }

  @Override
  public DataDirectory open(Environment environment, String owner) {
    DatabaseSettings settings = environment.requireDatabase();
    String service =
        settings
            .service()
            .orElseThrow(
                () ->
                    new RecoveryException(
                        ErrorCode.REFUSED,
                        "the server of environment %s is not in a container, and only of one that"
                                .formatted(environment.name())
                            + " is all the files can be replaced",
                        "restore its database from a logical backup; or the whole server by hand,"
                            + " as the README.md of the physical backup tells."));
    ContainerRuntime runtime = engine.get();
    Container container = PostgresConnector.container(environment, service, runtime, false);
    String directory = container.environment().getOrDefault("PGDATA", DEFAULT);
    Container.Mount volume = volume(container, directory);
    String superuser = settings.superuser().map(Login::user).orElse(settings.user());
    return new PostgresDataDirectory(
        runtime, container, directory, volume, owner, superuser, clock);
  }

  private static Container.Mount volume(Container container, String directory) {
    for (Container.Mount mount : container.volumes()) {
      if (mount.path().startsWith(directory + "/")) {
        throw new RecoveryException(
            ErrorCode.REFUSED,
            "container %s has %s mounted inside of its data directory %s: it cannot be renamed"
                .formatted(container.name(), mount.path(), directory),
            "mount it elsewhere (the server takes config_file, hba_file and others as settings).");
      }
    }
    return container.volumes().stream()
        .filter(mount -> (directory + "/").startsWith(mount.path() + "/"))
        .max(Comparator.comparingInt(mount -> mount.path().length()))
        .orElseThrow(
            () ->
                new RecoveryException(
                    ErrorCode.REFUSED,
                    "container %s has its data directory %s on no volume: it would be lost with the"
                            .formatted(container.name(), directory)
                        + " container",
                    "give the service a volume there, and create the container anew."));
  }
}
