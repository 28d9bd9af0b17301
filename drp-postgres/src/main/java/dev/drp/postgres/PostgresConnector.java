package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.DatabaseServer;
import dev.drp.plan.ComposeSettings;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.SecretReference;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Connects to PostgreSQL 15, 16 and 17: in a container of a Compose project, through a tunnel, so
 * that no port need be published; on a host over TCP, or through its unix socket. Safe for
 * concurrent use.
 *
 * <p>Where the plan names a superuser, everything is done as that role; else as the database's
 * user. A restore takes a superuser: only one may give objects to their owners, create roles and
 * end the sessions of others.
 */
public final class PostgresConnector implements DatabaseConnector {
  static final int OLDEST = 15;
  static final int NEWEST = 17;

  private final Supplier<ContainerRuntime> engine;
  private final CommandRunner host;
  private final Clock clock;

  /**
   * @param engine the container engine; asked for only when an environment's server is in a
   *     container, and never closed here
   * @param host runs the client programs for servers on hosts: programs on this machine
   */
  public PostgresConnector(Supplier<ContainerRuntime> engine, CommandRunner host, Clock clock) {
    this.engine = engine;
    this.host = host;
    this.clock = clock;
  }

  @Override
  public DatabaseServer connect(Environment environment) {
    DatabaseSettings settings = environment.requireDatabase();
    Login login = login(settings);
    if (settings.service().isPresent()) {
      ContainerRuntime runtime = engine.get();
      Container container = container(environment, settings.service().get(), runtime, true);
      Place place = Place.container(runtime, container);
      Route route = new Route.Tunnelled(runtime.tunnelInto(container), settings.port());
      return connect(settings, login, route, place, runtime.commandsIn(container));
    }
    String address = settings.host().orElseThrow();
    Route route = route(settings);
    Place place =
        Place.host(address + ":" + settings.port(), route.local(), host, settings.restart());
    return connect(settings, login, route, place, host);
  }

  /** To a server on a host. */
  static Route route(DatabaseSettings settings) {
    String address = settings.host().orElseThrow();
    return settings.isUnixSocket()
        ? new Route.UnixSocket(Path.of(address), settings.port())
        : new Route.Tcp(address, settings.port());
  }

  private static Login login(DatabaseSettings settings) {
    return settings
        .superuser()
        .map(it -> new Login(it.user(), it.password().map(SecretReference::resolve)))
        .orElseGet(
            () -> new Login(settings.user(), settings.password().map(SecretReference::resolve)));
  }

  /**
   * The container of a service, one that runs first.
   *
   * @param running whether no other will do
   */
  static Container container(
      Environment environment, String service, ContainerRuntime runtime, boolean running) {
    String project = environment.compose().map(ComposeSettings::project).orElse("");
    List<Container> all = runtime.containers();
    return all.stream()
        .filter(container -> container.running() || !running)
        .filter(container -> container.composeProject().equals(Optional.of(project)))
        .filter(container -> container.composeService().equals(Optional.of(service)))
        .max(Comparator.comparing(Container::running))
        .orElseThrow(() -> notFound(project, service, all, running));
  }

  private static RecoveryException notFound(
      String project, String service, List<Container> all, boolean running) {
    List<String> existing =
        all.stream()
            .map(
                container ->
                    container.name()
                        + container
                            .composeService()
                            .map(
                                it ->
                                    " (service %s of %s)"
                                        .formatted(it, container.composeProject().orElse("?")))
                            .orElse("")
                        + (container.running() ? "" : ", not running"))
            .toList();
    return new RecoveryException(
        ErrorCode.CONTAINER_NOT_FOUND,
        "service %s of Compose project %s has no%s container"
            .formatted(service, project, running ? " running" : ""),
        existing.isEmpty()
            ? "the engine has no containers at all; start the project."
            : "the engine has: %s.".formatted(String.join("; ", existing)));
  }

  private DatabaseServer connect(
      DatabaseSettings settings, Login login, Route route, Place place, CommandRunner runner) {
    return open(
        new Sessions(route, login, settings.maintenanceDatabase(), place.name()),
        place,
        runner,
        settings,
        clock);
  }

  private static PostgresServer open(
      Sessions sessions,
      Place place,
      CommandRunner runner,
      DatabaseSettings settings,
      Clock clock) {
    try {
      return new PostgresServer(
          sessions,
          new ClientPrograms(
              runner, settings.tools().map(Path::toString), majorVersion(sessions), sessions),
          place,
          settings.schemaVersion(),
          clock);
    } catch (RecoveryException e) {
      sessions.close();
      throw e;
    }
  }

  /** The server's major version. VERSION_MISMATCH when it is not supported. */
  static int majorVersion(Sessions sessions) {
    try (Session session = sessions.maintenance()) {
      int major =
          session.row(
                  "ask for the server's version",
                  "SELECT current_setting('server_version_num')::int",
                  row -> row.getInt(1))
              / 10_000;
      if (major < OLDEST || major > NEWEST) {
        throw new RecoveryException(
            ErrorCode.VERSION_MISMATCH,
            "%s runs PostgreSQL %d; supported are %d to %d"
                .formatted(sessions.failures().place(), major, OLDEST, NEWEST),
            "upgrade the server, or use a version of this tool that knows it.");
      }
      return major;
    }
  }
}
