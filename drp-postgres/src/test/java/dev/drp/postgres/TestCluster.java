package dev.drp.postgres;

import dev.drp.RecoveryException;
import dev.drp.database.DatabaseServer;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.SecretReference;
import dev.drp.runtime.Command;
import dev.drp.runtime.LocalCommandRunner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A PostgreSQL server for tests, made of this machine's programs in a temporary folder. As the
 * programs refuse root, they run as the account postgres then.
 */
final class TestCluster implements AutoCloseable {
  static final String SUPERUSER = "admin";
  static final String PASSWORD = "pass'word \"$(x)";

  /** The newest major version that this machine has programs of. */
  static final int MAJOR = newestMajorVersion();

  private static final Path PROGRAMS = Path.of("/usr/lib/postgresql/%d/bin".formatted(MAJOR));
  private static final LocalCommandRunner RUNNER = new LocalCommandRunner();

  private final Path folder;
  private final int port;

  private TestCluster(Path folder, int port) {
    this.folder = folder;
    this.port = port;
  }

  private static int newestMajorVersion() {
    try (Stream<Path> versions = Files.list(Path.of("/usr/lib/postgresql"))) {
      return versions
          .filter(version -> Files.isExecutable(version.resolve("bin/initdb")))
          .mapToInt(version -> Integer.parseInt(version.getFileName().toString()))
          .filter(major -> major <= PostgresConnector.NEWEST)
          .max()
          .orElseThrow(() -> new IllegalStateException("no fitting PostgreSQL programs here"));
    } catch (IOException e) {
      throw new UncheckedIOException("no PostgreSQL programs here", e);
    }
  }

  private static final class Shared {
    private static final TestCluster CLUSTER = startForAll();
  }

  /** One server for all tests of this JVM. */
  static TestCluster shared() {
    return Shared.CLUSTER;
  }

  private static TestCluster startForAll() {
    TestCluster cluster = start("fsync = off");
    Runtime.getRuntime().addShutdownHook(new Thread(cluster::close));
    return cluster;
  }

  /**
   * Starts a server.
   *
   * @param settings further lines of postgresql.conf
   */
  static TestCluster start(String settings) {
    try {
      Path folder =
          Files.createTempDirectory(
              "drp-test",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
      Path password = folder.resolve("password");
      Files.writeString(password, PASSWORD);
      Path data = Files.createDirectory(folder.resolve("data"));
      if (asRoot()) {
        for (Path path : List.of(folder, password, data)) {
          Files.setOwner(
              path,
              path.getFileSystem()
                  .getUserPrincipalLookupService()
                  .lookupPrincipalByName("postgres"));
        }
      }
      run(
          "initdb",
          "--no-sync",
          "-U",
          SUPERUSER,
          "-E",
          "UTF8",
          "--locale=C.UTF-8",
          "--auth-local=trust",
          "--auth-host=scram-sha-256",
          "--pwfile=" + password,
          "-D",
          data.toString());
      int port = freePort();
      Files.writeString(
          data.resolve("postgresql.conf"),
          """
          port = %d
          listen_addresses = '127.0.0.1'
          unix_socket_directories = '%s'
          max_prepared_transactions = 5
          wal_level = logical
          %s
          """
              .formatted(port, folder, settings));
      TestCluster cluster = new TestCluster(folder, port);
      cluster.start();
      return cluster;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean asRoot() {
    return System.getProperty("user.name").equals("root");
  }

  private static void run(String program, String... arguments) {
    Stream<String> line = Stream.concat(Stream.of(program(program)), Stream.of(arguments));
    Command command = Command.of(line.toList());
    RUNNER.run(asRoot() ? command.asUser("postgres") : command);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  void start() {
    run("pg_ctl", "-s", "-w", "-D", data(), "-l", folder.resolve("log").toString(), "start");
  }

  void stop() {
    stop("immediate");
  }

  /** Ends it in order: what it holds is then in its files. */
  void shutDown() {
    stop("fast");
  }

  private void stop(String mode) {
    run("pg_ctl", "-s", "-w", "-D", data(), "-m", mode, "stop");
  }

  static String program(String name) {
    return PROGRAMS.resolve(name).toString();
  }

  String data() {
    return folder.resolve("data").toString();
  }

  Path folder() {
    return folder;
  }

  int port() {
    return port;
  }

  /** The command that restarts it. */
  String[] restartCommand() {
    String restart = PROGRAMS.resolve("pg_ctl") + " -s -w -m fast -D " + data() + " restart";
    return asRoot()
        ? new String[] {
          "setpriv",
          "--reuid=postgres",
          "--regid=postgres",
          "--clear-groups",
          "sh",
          "-c",
          restart + " > /dev/null 2>&1 < /dev/null"
        }
        : new String[] {"sh", "-c", restart + " > /dev/null 2>&1 < /dev/null"};
  }

  /** An environment with this server, over TCP with the right password. */
  Environment environment() {
    return environment(builder -> builder);
  }

  Environment environment(UnaryOperator<DatabaseSettings.Builder> change) {
    DatabaseSettings.Builder settings =
        DatabaseSettings.builder("app", SUPERUSER)
            .host("127.0.0.1", port)
            .password(new SecretReference.WholeFile(folder.resolve("password")));
    return Environment.builder("test", "local").database(change.apply(settings).build()).build();
  }

  static PostgresConnector connector() {
    return new PostgresConnector(
        () -> {
          throw new IllegalStateException("no container engine is needed here");
        },
        RUNNER,
        Clock.systemUTC());
  }

  DatabaseServer connect() {
    return connector().connect(environment());
  }

  Sessions sessions() {
    return new Sessions(
        new Route.UnixSocket(folder, port),
        new Login(SUPERUSER, Optional.empty()),
        "postgres",
        "test server");
  }

  /** Runs statements as the superuser. */
  void execute(String database, String sql) {
    try (Sessions sessions = sessions();
        Session session = sessions.open(database)) {
      session.execute(sql);
    }
  }

  String value(String database, String sql) {
    try (Sessions sessions = sessions();
        Session session = sessions.open(database)) {
      return session.value(sql).orElseThrow();
    }
  }

  List<String> values(String database, String sql) {
    try (Sessions sessions = sessions();
        Session session = sessions.open(database)) {
      return session.rows("ask", sql, row -> row.getString(1));
    }
  }

  @Override
  public void close() {
    try {
      stop();
    } catch (RecoveryException e) {
      // It has been stopped already.
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
