package dev.drp.it.support;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A PostgreSQL server of this machine's own binaries, in a temporary folder, on a Unix socket and
 * on a port of 127.0.0.1. TCP connections need the password, those over the socket none. Where the
 * tests run as root, it runs as the account {@code postgres}. Closing it removes all of it.
 */
public final class HostPostgres implements AutoCloseable {
  private static final String USER = "postgres";
  private static final String PASSWORD = "correct horse";

  private final Path folder;
  private final int port;
  private final Thread cleanup = new Thread(this::remove, "remove host PostgreSQL");

  private HostPostgres(Path folder, int port) {
    this.folder = folder;
    this.port = port;
  }

  /** A server without durability, as a test needs it. */
  public static HostPostgres start() {
    return start(Map.of("fsync", "off"));
  }

  /** A server with these settings in its configuration file, the others at their defaults. */
  public static HostPostgres start(Map<String, String> settings) {
    try {
      HostPostgres server = newServer();
      Path passwordFile = Files.writeString(server.folder.resolve("password"), PASSWORD + "\n");
      server.ownFiles();
      server.runAsServer(
          "initdb",
          "--pgdata=" + server.dataFolder(),
          "--username=" + USER,
          "--pwfile=" + passwordFile,
          "--auth-local=trust",
          "--auth-host=scram-sha-256",
          "--encoding=UTF8",
          "--locale=C.UTF-8",
          "--no-sync");
      server.configure(settings);
      server.startServer();
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A server on the files of another one of this class, which were copied or restored to a folder
   * on the same file system as temporary files; the folder is moved.
   */
  public static HostPostgres startOn(Path dataFolder) {
    try {
      HostPostgres server = newServer();
      Files.move(dataFolder, server.dataFolder());
      server.ownFiles();
      server.configure(Map.of("fsync", "off"));
      server.startServer();
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A server that replays this one's changes as they come. */
  public HostPostgres startStandby() {
    try {
      HostPostgres standby = newServer();
      standby.ownFiles();
      runAsServer(
          "pg_basebackup", "--no-sync", "-c", "fast", "-R", "-D", "" + standby.dataFolder());
      Path settings = standby.dataFolder().resolve("postgresql.auto.conf");
      Files.writeString(
          settings,
          Files.readString(settings)
              + "port = %d%nunix_socket_directories = '%s'%n"
                  .formatted(standby.port, standby.socketFolder()));
      standby.startServer();
      return standby;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Makes a standby a primary. */
  public void promote() {
    runAsServer("pg_ctl", "promote", "-w", "-D", "" + dataFolder());
  }

  private static HostPostgres newServer() throws IOException {
    Path folder = Files.createTempDirectory("drp-it-postgres");
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    HostPostgres server = new HostPostgres(folder, freePort());
    Runtime.getRuntime().addShutdownHook(server.cleanup);
    Files.createDirectory(server.socketFolder());
    return server;
  }

  private void ownFiles() {
    if (isRoot()) {
      Programs.run("chown", "-R", USER, folder.toString());
    }
  }

  private void configure(Map<String, String> settings) throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("listen_addresses = '127.0.0.1'");
    lines.add("port = " + port);
    lines.add("unix_socket_directories = '" + socketFolder() + "'");
    settings.forEach((name, value) -> lines.add("%s = '%s'".formatted(name, value)));
    Files.write(
        dataFolder().resolve("postgresql.auto.conf"),
        (String.join("\n", lines) + "\n").getBytes(UTF_8));
  }

  /** Where this machine has the newest PostgreSQL server binaries. */
  public static Path binFolder() {
    try (Stream<Path> versions = Files.list(Path.of("/usr/lib/postgresql"))) {
      return versions
          .map(version -> version.resolve("bin"))
          .filter(bin -> Files.isExecutable(bin.resolve("initdb")))
          .max(Comparator.comparingInt(bin -> Integer.parseInt(bin.getName(3).toString())))
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException("no PostgreSQL server binaries on this machine", e);
    }
  }

  public String host() {
    return "127.0.0.1";
  }

  public int port() {
    return port;
  }

  /** The superuser. */
  public String user() {
    return USER;
  }

  public String password() {
    return PASSWORD;
  }

  public Path dataFolder() {
    return folder.resolve("own").resolve("data");
  }

  public Path socketFolder() {
    return folder.resolve("own");
  }

  /** The caller closes it. */
  public Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:postgresql://%s:%d/%s".formatted(host(), port, database), USER, PASSWORD);
  }

  /** Runs SQL over the socket; returns values only, a line for each row. */
  public String sql(String database, String statement) {
    return runAsServer("psql", Psql.arguments(USER, database, statement)).strip();
  }

  /** Waits until whoever streams the log has safely what was committed so far. */
  public void awaitStreamed() throws Exception {
    String committed = sql("postgres", "select pg_current_wal_flush_lsn()");
    String safe =
        "select count(*) from pg_stat_replication where flush_lsn >= '%s'".formatted(committed);
    Shop.await(() -> sql("postgres", safe).equals("1"));
  }

  /** Runs one of PostgreSQL's programs as the server's account, over the socket. */
  public String runAsServer(String program, String... arguments) {
    return Programs.run(
            asServer(program, arguments), folder, variables(), "", Duration.ofMinutes(3))
        .requireSuccess()
        .stdout();
  }

  /** Starts one of them, without its output; the caller ends it. */
  public Process startAsServer(String program, String... arguments) {
    ProcessBuilder builder =
        new ProcessBuilder(asServer(program, arguments))
            .directory(folder.toFile())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().putAll(variables());
    return Programs.start(builder);
  }

  private static List<String> asServer(String program, String... arguments) {
    List<String> command = new ArrayList<>();
    if (isRoot()) {
      command.addAll(
          List.of("setpriv", "--reuid=" + USER, "--regid=" + USER, "--init-groups", "--"));
    }
    command.add(binFolder().resolve(program).toString());
    command.addAll(Arrays.asList(arguments));
    return command;
  }

  /** Programs and arguments that stop and start it, as a plan has them. */
  public List<String> stopCommand() {
    return asServer("pg_ctl", "stop", "-w", "-m", "fast", "-D", "" + dataFolder());
  }

  public List<String> startCommand() {
    return asServer(
        "pg_ctl", "start", "-w", "-D", "" + dataFolder(), "-l", "" + folder.resolve("own/log"));
  }

  private Map<String, String> variables() {
    return Map.of(
        "PGHOST", socketFolder().toString(), "PGPORT", "" + port, "PGUSER", USER, "LC_ALL", "C");
  }

  /** Starts it again after {@link #stop} or {@link #kill}. */
  public void startServer() {
    runAsServer(
        "pg_ctl", "start", "-w", "-D", "" + dataFolder(), "-l", "" + folder.resolve("own/log"));
  }

  public void stop() {
    runAsServer("pg_ctl", "stop", "-w", "-m", "fast", "-D", "" + dataFolder());
  }

  /** Kills the server and its children as a crash would: no process gets the time to tidy up. */
  public void kill() {
    serverProcess()
        .ifPresent(
            server -> {
              List<ProcessHandle> all = new ArrayList<>(server.descendants().toList());
              all.add(server);
              all.forEach(ProcessHandle::destroyForcibly);
              all.forEach(process -> process.onExit().join());
            });
  }

  private Optional<ProcessHandle> serverProcess() {
    Path pidFile = dataFolder().resolve("postmaster.pid");
    try {
      return Files.exists(pidFile)
          ? ProcessHandle.of(Long.parseLong(Files.readAllLines(pidFile).get(0).strip()))
          : Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    Runtime.getRuntime().removeShutdownHook(cleanup);
    remove();
  }

  private void remove() {
    kill();
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
