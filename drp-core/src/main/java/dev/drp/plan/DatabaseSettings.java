package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The database of an environment, in a service of its Compose project or on a host. Names are kept
 * exactly as they are written, whatever they hold.
 */
public record DatabaseSettings(
    @Key("service of the Compose project that runs the server; or give host")
        Optional<String> service,
    @Key("name or address of the server, or the folder of its unix socket; or give service")
        Optional<String> host,
    @Key(value = "port that the server listens on", defaultsTo = "5432") int port,
    @Key("name of the database") String name,
    @Key("role that owns the database and reads all of it") String user,
    @Key("where that role's password is") Optional<SecretReference> password,
    @Key(
            value = "database to connect to while this one is made, renamed or dropped",
            defaultsTo = "postgres")
        String maintenanceDatabase,
    @Key("role that may make databases and roles, where user may not") Optional<Login> superuser,
    @Key("program and arguments that restart the server, for a server on a host")
        List<String> restart,
    @Key(
            "folder of its files, to restore all of them on a host; that of the Debian cluster with"
                + " this port if left out")
        Optional<Path> dataDirectory,
    @Key(
            "program and arguments that stop the server, to restore all of its files; pg_ctlcluster"
                + " for a Debian cluster")
        List<String> stop,
    @Key("program and arguments that start it again, and come back; pg_ctlcluster likewise")
        List<String> start,
    @Key("folder of the client programs (pg_dump, pg_restore, psql), for a server on a host")
        Optional<Path> tools,
    @Key("how to ask for the version of the application's schema") SchemaVersion schemaVersion,
    @Key("which migrations of that schema restored data lacks, and whether to apply them")
        Optional<Migrations> migrations,
    @Key("what restored data must give") List<Expectation> expectations,
    @Key("how its write-ahead log is streamed to the storages") Optional<WalSettings> wal) {
  public static final int DEFAULT_PORT = 5432;
  public static final String DEFAULT_MAINTENANCE_DATABASE = "postgres";

  public DatabaseSettings {
    requireNonNull(password, "password");
    requireNonNull(superuser, "superuser");
    requireNonNull(schemaVersion, "schemaVersion");
    requireNonNull(migrations, "migrations");
    requireNonNull(wal, "wal");
    requireNonNull(dataDirectory, "dataDirectory");
    restart = List.copyOf(restart);
    stop = List.copyOf(stop);
    start = List.copyOf(start);
    expectations = List.copyOf(expectations);
    Rules rules =
        Rules.of("database")
            .check(
                service.isEmpty() || host.isEmpty(),
                "host",
                "both service and host",
                "service for a server in the Compose project, or host for one outside, not both")
            .check(
                service.isPresent() || host.isPresent(),
                "",
                "neither service nor host",
                "service for a server in the Compose project, or host for one outside")
            .check(port >= 1 && port <= 65535, "port", port, "a port from 1 to 65535")
            .check(
                service.isEmpty() || restart.isEmpty(),
                "restart",
                "a restart command for a service",
                "restart only with host; Compose restarts a service")
            .check(
                service.isEmpty() || dataDirectory.isEmpty(),
                "data-directory",
                "a data directory for a service",
                "data-directory only with host; a service has its data on a volume")
            .check(
                service.isEmpty() || stop.isEmpty(),
                "stop",
                "a stop command for a service",
                "stop only with host; Compose stops a service")
            .check(
                service.isEmpty() || start.isEmpty(),
                "start",
                "a start command for a service",
                "start only with host; Compose starts a service")
            .check(
                stop.isEmpty() == start.isEmpty(),
                stop.isEmpty() ? "stop" : "start",
                "only one of stop and start",
                "both of stop and start, or none")
            .check(
                service.isEmpty() || tools.isEmpty(),
                "tools",
                "a tools folder for a service",
                "tools only with host; a service brings its own programs");
    service.ifPresent(it -> nonEmpty(rules, "service", it));
    host.ifPresent(it -> nonEmpty(rules, "host", it));
    nonEmpty(rules, "name", name);
    nonEmpty(rules, "user", user);
    nonEmpty(rules, "maintenance-database", maintenanceDatabase);
    rules
        .check(
            !name.equals(maintenanceDatabase),
            "maintenance-database",
            "the database itself",
            "another database of the same server")
        .enforce();
  }

  private static void nonEmpty(Rules rules, String key, String value) {
    rules.check(
        !value.isEmpty() && value.indexOf('\0') < 0, key, Text.quote(value), "a name, not empty");
  }

  public static Builder builder(String name, String user) {
    return new Builder(name, user);
  }

  /** Whether {@link #host()} is the folder of a unix socket. */
  public boolean isUnixSocket() {
    return host.filter(it -> it.startsWith("/")).isPresent();
  }

  /** Collects the settings of a database; not thread-safe. */
  public static final class Builder {
    private final String name;
    private final String user;
    private Optional<String> service = Optional.empty();
    private Optional<String> host = Optional.empty();
    private int port = DEFAULT_PORT;
    private Optional<SecretReference> password = Optional.empty();
    private String maintenanceDatabase = DEFAULT_MAINTENANCE_DATABASE;
    private Optional<Login> superuser = Optional.empty();
    private List<String> restart = List.of();
    private Optional<Path> dataDirectory = Optional.empty();
    private List<String> stop = List.of();
    private List<String> start = List.of();
    private Optional<Path> tools = Optional.empty();
    private SchemaVersion schemaVersion = SchemaVersion.DEFAULT;
    private Optional<Migrations> migrations = Optional.empty();
    private final List<Expectation> expectations = new ArrayList<>();
    private Optional<WalSettings> wal = Optional.empty();

    private Builder(String name, String user) {
      this.name = name;
      this.user = user;
    }

    /** A server in this service of the environment's Compose project. */
    public Builder service(String composeService) {
      service = Optional.of(composeService);
      return this;
    }

    /** A server at this name, address or folder of a unix socket. */
    public Builder host(String address, int listeningPort) {
      host = Optional.of(address);
      return port(listeningPort);
    }

    public Builder port(int listeningPort) {
      port = listeningPort;
      return this;
    }

    public Builder password(SecretReference reference) {
      password = Optional.of(reference);
      return this;
    }

    public Builder maintenanceDatabase(String database) {
      maintenanceDatabase = database;
      return this;
    }

    public Builder superuser(Login login) {
      superuser = Optional.of(login);
      return this;
    }

    public Builder restart(String... programAndArguments) {
      restart = List.of(programAndArguments);
      return this;
    }

    public Builder dataDirectory(Path folder) {
      dataDirectory = Optional.of(folder);
      return this;
    }

    /** How it is stopped and started again, each a program and its arguments. */
    public Builder stopAndStart(List<String> toStop, List<String> toStart) {
      stop = List.copyOf(toStop);
      start = List.copyOf(toStart);
      return this;
    }

    public Builder tools(Path folder) {
      tools = Optional.of(folder);
      return this;
    }

    public Builder schemaVersion(SchemaVersion question) {
      schemaVersion = question;
      return this;
    }

    public Builder migrations(Migrations settings) {
      migrations = Optional.of(settings);
      return this;
    }

    public Builder expectation(Expectation expectation) {
      expectations.add(expectation);
      return this;
    }

    public Builder wal(WalSettings settings) {
      wal = Optional.of(settings);
      return this;
    }

    public DatabaseSettings build() {
      return new DatabaseSettings(
          service,
          host,
          port,
          name,
          user,
          password,
          maintenanceDatabase,
          superuser,
          restart,
          dataDirectory,
          stop,
          start,
          tools,
          schemaVersion,
          migrations,
          expectations,
          wal);
    }
  }
}
