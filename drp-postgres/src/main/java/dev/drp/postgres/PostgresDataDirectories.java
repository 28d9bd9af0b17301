package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.DataDirectories;
import dev.drp.database.DataDirectory;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.Login;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Data directories of PostgreSQL servers. Those in containers of Compose projects must be on a
 * volume; all is done through the engine: whatever needs the files runs in throw-away containers of
 * the server's own image that share its volumes. Those on a host must be on this one.
 */
public final class PostgresDataDirectories implements DataDirectories {
  private static final String DEFAULT = "/var/lib/postgresql/data";
  private static final Path DEBIAN = Path.of("/etc/postgresql");

  private final Supplier<ContainerRuntime> engine;
  private final CommandRunner host;
  private final HostServers servers;
  private final Clock clock;

  /**
   * @param engine the container engine; asked for only when an environment's server is in a
   *     container, and never closed here
   * @param host runs programs on this machine
   */
  public PostgresDataDirectories(
      Supplier<ContainerRuntime> engine, CommandRunner host, Clock clock) {
    this.engine = engine;
    this.host = host;
    this.servers = new HostServers(new DebianClusters(DEBIAN));
    this.clock = clock;
  }

  @Override
  public DataDirectory open(Environment environment, String owner) {
    DatabaseSettings settings = environment.requireDatabase();
    String superuser = settings.superuser().map(Login::user).orElse(settings.user());
    if (settings.service().isEmpty()) {
      return onHost(servers.of(environment), owner, superuser);
    }
    ContainerRuntime runtime = engine.get();
    Container container =
        PostgresConnector.container(environment, settings.service().get(), runtime, false);
    String directory = container.environment().getOrDefault("PGDATA", DEFAULT);
    Container.Mount volume = volume(container, directory);
    return new ContainerDataDirectory(
        runtime, host, container, directory, volume, owner, superuser, clock);
  }

  @Override
  public DataDirectory openFolder(Environment environment, Path folder, String owner) {
    DatabaseSettings settings = environment.requireDatabase();
    String superuser = settings.superuser().map(Login::user).orElse(settings.user());
    return onHost(servers.folder(folder, settings), owner, superuser);
  }

  @Override
  public Optional<Path> liveDirectory(Environment environment) {
    DatabaseSettings settings = environment.requireDatabase();
    return settings.service().isPresent() ? Optional.empty() : servers.directory(settings);
  }

  private DataDirectory onHost(HostServer server, String owner, String superuser) {
    return new HostDataDirectory(
        host, server, owner, superuser, PostgresSandboxes.defaultFolder(), clock);
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
