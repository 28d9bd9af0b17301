package dev.drp.it.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a user of the command line has: a database whose names are full of quotes, spaces and what a
 * shell would run, on a server of this machine; a plan, a storage in a folder, and a folder with
 * the client programs, each of which a test can replace. Closing it drops all databases of the
 * server.
 */
public final class Shop implements AutoCloseable {
  public static final String DATABASE = "sh\"op's $(touch x)";

  /** As it is written in a statement. It has the columns {@code id} and {@code note}. */
  public static final String TABLE = "\"sa'le $(x)\"";

  public static final int ROWS = 100_000;

  private static final Pattern ID = Pattern.compile("\\d{8}T\\d{6}Z-[0-9a-f]{6}");
  private static final List<String> PROGRAMS =
      List.of("psql", "pg_dump", "pg_dumpall", "pg_restore");

  /** All that the command line starts inherits this variable of its environment. */
  private static final String MARK = "DRP_IT_SHOP";

  private final HostPostgres server;
  private final Path folder;
  private final String mark = UUID.randomUUID().toString();

  private Shop(HostPostgres server, Path folder) {
    this.server = server;
    this.folder = folder;
  }

  /** A shop with its rows and without a backup. */
  public static Shop open(HostPostgres server, Path folder) throws IOException, SQLException {
    Shop shop = new Shop(server, folder);
    shop.sql("postgres", "create database " + quoted(DATABASE));
    shop.sql(
        DATABASE,
        "create table %s as select n as id, md5(n::text) as note from generate_series(1, %d) n"
            .formatted(TABLE, ROWS),
        "alter table %s add primary key (id)".formatted(TABLE));
    Files.createDirectory(shop.tools());
    for (String program : PROGRAMS) {
      shop.useRealProgram(program);
    }
    shop.writePlan(DATABASE, shop.storage());
    return shop;
  }

  @Override
  public void close() throws SQLException {
    for (String database :
        column("select datname from pg_database where datname !~ '^(postgres|template.)$'")) {
      sql("postgres", "drop database " + quoted(database) + " with (force)");
    }
  }

  public Path storage() {
    return folder.resolve("backups");
  }

  private Path tools() {
    return folder.resolve("tools");
  }

  /** Writes the plan anew, for another database or storage. */
  public void writePlan(String database, Path storage) throws IOException {
    Files.writeString(
        folder.resolve("drp.yaml"),
        """
        format: 1
        application: Shop
        sites: { primary: { host: local } }
        environments:
          production:
            site: primary
            database:
              host: 127.0.0.1
              port: %d
              name: '%s'
              user: postgres
              password: env:SHOP_PASSWORD
              tools: %s
        storages: { local: { directory: %s } }
        """
            .formatted(server.port(), database.replace("'", "''"), tools(), storage));
  }

  // The command line

  public Cli cli() {
    return Cli.in(folder).with("SHOP_PASSWORD", server.password()).with(MARK, mark);
  }

  /** Runs it to its end. */
  public Programs.Result drp(String... arguments) {
    return cli().run(withState(arguments));
  }

  /** Starts it, for {@link #signal}. */
  public Process start(String... arguments) {
    return cli().start(withState(arguments));
  }

  /** The arguments with the shop's own state directory. */
  public static String[] withState(String... arguments) {
    return Stream.concat(Stream.of("--state", "state"), Stream.of(arguments))
        .toArray(String[]::new);
  }

  /** Sends a signal to a process and waits for its end. */
  public static Programs.Result signal(Process process, String signal) {
    Programs.run("kill", "-" + signal, String.valueOf(process.pid()));
    return Cli.finish(process);
  }

  /** Takes a backup, and returns its id. */
  public String backUp() {
    return firstId(drp("backup", "production").requireSuccess().stdout());
  }

  /** The id of the newest restore or drill. */
  public String newestExecution() {
    return firstId(drp("executions").stdout());
  }

  public void assertNoBackupIsListed() {
    assertThat(drp("backups").requireSuccess().stdout()).doesNotContainPattern(ID);
  }

  private static String firstId(String text) {
    Matcher matcher = ID.matcher(text);
    assertThat(matcher.find()).as(text).isTrue();
    return matcher.group();
  }

  /** A file of a backup whose name begins so. */
  public Path file(String backup, String name) throws IOException {
    try (Stream<Path> files = Files.walk(storage())) {
      return files
          .filter(file -> file.toString().contains(backup))
          .filter(file -> file.getFileName().toString().startsWith(name))
          .findFirst()
          .orElseThrow();
    }
  }

  // Programs

  /**
   * Puts a shell script in the place of {@code pg_dump}, for all that is more than a question for
   * its version; {@code $real} is the real program.
   */
  public void replacePgDump(String script) throws IOException {
    writeProgram("pg_dump", "case $1 in --version) exec $real --version;; esac\n" + script);
  }

  /** Takes back {@link #replacePgDump} and {@link #writeProgram}. */
  public void useRealProgram(String program) throws IOException {
    writeProgram(program, "exec $real \"$@\"");
  }

  public void writeProgram(String program, String script) throws IOException {
    Path file = tools().resolve(program);
    Path real = HostPostgres.binFolder().resolve(program);
    Files.writeString(file, "#!/bin/sh\nreal=%s\n%s\n".formatted(real, script));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** The command lines of what the command line has started and what still runs. */
  public List<String> runningPrograms() throws IOException {
    return Programs.running(MARK, mark);
  }

  // The database

  public long rows() throws SQLException {
    return Long.parseLong(column(DATABASE, "select count(*) from " + TABLE).get(0));
  }

  /** Databases that restores made. */
  public List<String> databasesOfRestores() throws SQLException {
    return column("select datname from pg_database where datname like 'drp\\_%' order by 1");
  }

  /** The first column of what a query in the server's own database finds. */
  public List<String> column(String query) throws SQLException {
    return column("postgres", query);
  }

  private List<String> column(String database, String query) throws SQLException {
    try (Connection connection = server.connect(database);
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      List<String> values = new ArrayList<>();
      while (result.next()) {
        values.add(result.getString(1));
      }
      return values;
    }
  }

  public void sql(String database, String... statements) throws SQLException {
    try (Connection connection = server.connect(database);
        Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    }
  }

  public static String quoted(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  /** Waits until it holds, for so long that a machine busy with much else gets there. */
  public static void await(Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + Duration.ofMinutes(5).toNanos();
    while (!condition.call()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("waited in vain");
      }
      Thread.sleep(50);
    }
  }
}
