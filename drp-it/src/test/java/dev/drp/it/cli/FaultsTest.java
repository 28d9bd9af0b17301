package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.it.support.Cli;
import dev.drp.it.support.HostPostgres;
import dev.drp.it.support.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a user sees when something goes wrong, each with the real fault on a real server. */
class FaultsTest {
  private static final Pattern ID = Pattern.compile("\\d{8}T\\d{6}Z-[0-9a-f]{6}");

  /** Quotes, spaces and what a shell would run. */
  private static final String DATABASE = "sh\"op's $(touch x)";

  private static HostPostgres server;

  @TempDir private Path folder;
  private Path tools;

  @BeforeAll
  static void startServer() {
    server = HostPostgres.start();
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @BeforeEach
  void makeShop() throws IOException, SQLException {
    sql("postgres", "create database " + quoted(DATABASE));
    sql(
        DATABASE,
        "create table \"sa'le $(x)\" as"
            + " select n as id, md5(n::text) as note from generate_series(1, 100000) n",
        "alter table \"sa'le $(x)\" add primary key (id)");
    tools = Files.createDirectory(folder.resolve("tools"));
    try (Stream<Path> programs = Files.list(HostPostgres.binFolder())) {
      for (Path program : programs.toList()) {
        Files.createSymbolicLink(tools.resolve(program.getFileName()), program);
      }
    }
    writePlan(DATABASE);
  }

  @AfterEach
  void dropDatabases() throws SQLException {
    for (String database :
        column("select datname from pg_database where datname !~ '^(postgres|template.)$'")) {
      sql("postgres", "drop database " + quoted(database) + " with (force)");
    }
  }

  private void writePlan(String database) throws IOException {
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
            .formatted(
                server.port(), database.replace("'", "''"), tools, folder.resolve("backups")));
  }

  @Test
  void wrongPassword() {
    Programs.Result result =
        Cli.in(folder)
            .with("SHOP_PASSWORD", "wrong")
            .run("--state", "state", "backup", "production");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.stderr()).contains("password", "HINT:").doesNotContain(server.password());
  }

  @Test
  void absentDatabaseNamesThoseThatExist() throws IOException {
    writePlan("shopp");

    Programs.Result result = drp("backup", "production");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.stderr()).contains("shopp", DATABASE);
  }

  @Test
  void dumpProgramOlderThanTheServerIsRefusedBeforeItStarts() throws IOException {
    replacePgDump(
        "case $1 in --version) echo 'pg_dump (PostgreSQL) 14.9';; *) touch ran; exit 1;; esac");

    Programs.Result result = drp("backup", "production");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.stderr()).contains("14");
    assertThat(folder.resolve("ran")).doesNotExist();
    assertThat(drp("backups").stdout()).doesNotContainPattern(ID);
  }

  @Test
  void dumpKilledHalfWayIsNoBackupAndTheNextRunSucceeds() throws IOException {
    Path real = HostPostgres.binFolder().resolve("pg_dump");
    replacePgDump(
        "case $1 in --version) exec %1$s --version;; esac; %1$s \"$@\" | head -c 300000; kill -9 $$"
            .formatted(real));

    Programs.Result killed = drp("backup", "production");
    assertThat(killed.exitCode()).isEqualTo(1);
    assertThat(killed.stderr()).contains("pg_dump");
    assertThat(drp("backups").stdout()).doesNotContainPattern(ID);

    Files.delete(tools.resolve("pg_dump"));
    Files.createSymbolicLink(tools.resolve("pg_dump"), real);
    assertThat(drp("backup", "production").exitCode()).isZero();
  }

  @Test
  void twoBackupsAtOnce() throws IOException, InterruptedException {
    Path real = HostPostgres.binFolder().resolve("pg_dump");
    Path goOn = folder.resolve("go-on");
    Path dumping = folder.resolve("dumping");
    replacePgDump(
        "case $1 in --version) exec %1$s --version;; esac; touch %2$s; until [ -e %3$s ]; do sleep 0.1; done; exec %1$s \"$@\""
            .formatted(real, dumping, goOn));
    Process first = start("backup", "production");
    await(() -> Files.exists(dumping));

    Programs.Result second = drp("backup", "production");
    Files.createFile(goOn);

    assertThat(second.exitCode()).isEqualTo(5);
    assertThat(second.stderr()).contains("process " + first.pid());
    assertThat(first.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(first.exitValue()).isZero();
  }

  @Test
  void flippedBitIsFoundAndTheOlderGoodBackupIsNamed() throws IOException {
    String older = backUp();
    String newer = backUp();
    flipABit(newer);

    Programs.Result refused =
        drp("restore", "production", "--backup", newer, "--confirm", DATABASE);
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.stdout() + refused.stderr()).contains(newer, older, "was not touched");

    assertThat(drp("backups", "verify").exitCode()).isNotZero();
    assertThat(drp("backups").stdout()).containsPattern(newer + " .*FAILED");
  }

  @Test
  void restoreKilledInTheMiddleIsResumed() throws Exception {
    backUp();
    sql(DATABASE, "delete from \"sa'le $(x)\"");
    Process restore = start("restore", "production", "--confirm", DATABASE);
    await(
        () ->
            !column("select datname from pg_database where datname like 'drp_restore_%'")
                .isEmpty());
    restore.destroyForcibly().waitFor();
    assertThat(rows()).as("the live database is untouched").isZero();

    String execution = firstId(drp("executions").stdout());
    Programs.Result resumed = drp("resume", execution);

    assertThat(resumed.exitCode()).as(resumed.toString()).isZero();
    assertThat(rows()).isEqualTo(100_000);
    assertThat(column("select datname from pg_database where datname like 'drp_%'"))
        .containsExactly("drp_aside_" + execution);
    assertThat(drp("restore-commit", execution, "--confirm", DATABASE).exitCode()).isZero();
    assertThat(column("select datname from pg_database where datname like 'drp_%'")).isEmpty();
    assertThat(column("show fsync")).containsExactly("off"); // as this server was started
  }

  @Test
  void databaseWithContentIsNotReplacedUnconfirmed() throws SQLException {
    backUp();

    Programs.Result result = drp("restore", "production");

    assertThat(result.exitCode()).isEqualTo(6);
    assertThat(rows()).isEqualTo(100_000);
  }

  private Programs.Result drp(String... arguments) {
    return cli().run(withState(arguments));
  }

  private Process start(String... arguments) {
    return cli().start(withState(arguments));
  }

  private Cli cli() {
    return Cli.in(folder).with("SHOP_PASSWORD", server.password());
  }

  private static String[] withState(String... arguments) {
    return Stream.concat(Stream.of("--state", "state"), Stream.of(arguments))
        .toArray(String[]::new);
  }

  private String backUp() {
    return firstId(drp("backup", "production").requireSuccess().stdout());
  }

  private static String firstId(String text) {
    Matcher matcher = ID.matcher(text);
    assertThat(matcher.find()).as(text).isTrue();
    return matcher.group();
  }

  private void replacePgDump(String script) throws IOException {
    Path program = tools.resolve("pg_dump");
    Files.delete(program);
    Files.writeString(program, "#!/bin/sh\n" + script + "\n", StandardOpenOption.CREATE_NEW);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private void flipABit(String backup) throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("backups"))) {
      Path part =
          files
              .filter(file -> file.toString().contains(backup))
              .filter(file -> file.getFileName().toString().startsWith("database.dump"))
              .findFirst()
              .orElseThrow();
      byte[] bytes = Files.readAllBytes(part);
      bytes[bytes.length / 2] ^= 1;
      Files.write(part, bytes);
    }
  }

  private long rows() throws SQLException {
    try (Connection connection = server.connect(DATABASE);
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("select count(*) from \"sa'le $(x)\"")) {
      result.next();
      return result.getLong(1);
    }
  }

  private static List<String> column(String query) throws SQLException {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      List<String> values = new ArrayList<>();
      while (result.next()) {
        values.add(result.getString(1));
      }
      return values;
    }
  }

  private static void sql(String database, String... statements) throws SQLException {
    try (Connection connection = server.connect(database);
        Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    }
  }

  private static String quoted(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(Condition condition) throws InterruptedException {
    for (int i = 0; i < 600; i++) {
      try {
        if (condition.holds()) {
          return;
        }
      } catch (Exception e) {
        throw new AssertionError(e);
      }
      Thread.sleep(50);
    }
    throw new AssertionError("waited in vain");
  }
}
