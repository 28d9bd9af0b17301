package dev.drp.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.Progress;
import dev.drp.backup.BackupRequest;
import dev.drp.backup.Coding;
import dev.drp.backup.NamedStorage;
import dev.drp.backup.TakeBackup;
import dev.drp.it.support.AgeKey;
import dev.drp.it.support.BareShell;
import dev.drp.it.support.HostPostgres;
import dev.drp.it.support.Programs;
import dev.drp.it.support.SharedPostgres;
import dev.drp.plan.BackupKind;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.SecretReference;
import dev.drp.postgres.PostgresConnector;
import dev.drp.runtime.LocalCommandRunner;
import dev.drp.state.StateDirectory;
import dev.drp.transfer.DirectoryStorage;
import dev.drp.transfer.ZstdCompression;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A backup is restored with its own script and a few standard programs: no Java is in reach. */
class RestoreByHandTest {
  private static final String DATABASE = "it's \"a\" shop; $(touch pwned) \\ =";
  private static final String TARGET = "-- new 'one' = \"\\ $(touch pwned)";
  private static final String EVIL_ROLE = "line\nCREATE ROLE evil SUPERUSER; --";
  private static HostPostgres source;
  private static HostPostgres fresh;

  @TempDir Path folder;
  private BareShell shell;
  private Path set;

  @BeforeAll
  static void startServers() {
    source = HostPostgres.start();
    fresh = HostPostgres.start();
  }

  @AfterAll
  static void stopServers() {
    source.close();
    fresh.close();
  }

  @BeforeEach
  void takeBackup() throws Exception {
    run(
        source,
        "postgres",
        "DROP DATABASE IF EXISTS " + name(DATABASE),
        "DROP ROLE IF EXISTS " + name("app \"x\""),
        "DROP ROLE IF EXISTS " + name(EVIL_ROLE),
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE %s LOGIN".formatted(name(EVIL_ROLE)),
        "CREATE ROLE " + name("app \"x\"") + " LOGIN PASSWORD 'secret'",
        "CREATE ROLE reader",
        "GRANT reader TO " + name("app \"x\""),
        "GRANT reader TO " + name(EVIL_ROLE),
        "CREATE DATABASE %s OWNER %s".formatted(name(DATABASE), name("app \"x\"")),
        "ALTER DATABASE %s SET search_path TO \"$user\", shop".formatted(name(DATABASE)),
        "ALTER DATABASE %s SET work_mem TO '5MB'".formatted(name(DATABASE)),
        "REVOKE ALL ON DATABASE %s FROM PUBLIC".formatted(name(DATABASE)),
        "GRANT CONNECT ON DATABASE %s TO reader".formatted(name(DATABASE)));
    run(
        source,
        DATABASE,
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.\"line\nbreak\" (id int PRIMARY KEY, text text)",
        "INSERT INTO shop.\"line\nbreak\" SELECT i, 'row ' || i FROM generate_series(1, 1000) i",
        "ALTER TABLE shop.\"line\nbreak\" OWNER TO " + name("app \"x\""));
    run(
        fresh,
        "postgres",
        "DROP DATABASE IF EXISTS " + name(TARGET),
        "DROP DATABASE IF EXISTS " + name(TARGET + " again"),
        "DROP ROLE IF EXISTS evil",
        "DROP ROLE IF EXISTS " + name(EVIL_ROLE),
        "DROP ROLE IF EXISTS " + name("app \"x\""),
        "DROP ROLE IF EXISTS reader");
    set = backUp(Coding.plain(new ZstdCompression()), "a storage's $(touch pwned)");
    shell =
        new BareShell(folder)
            .putInReach("awk", "cat", "dirname", "mktemp", "rm", "sed", "sha256sum", "zstd")
            .putInReach(HostPostgres.binFolder().resolve("psql"))
            .putInReach(HostPostgres.binFolder().resolve("pg_restore"));
  }

  @Test
  void bringsBackRowsRolesOwnerPrivilegesAndSettings() throws Exception {
    BareShell.Ended script = restore(TARGET);

    assertThat(script.exitCode()).as(script.output()).isZero();
    assertThat(value(TARGET, "SELECT count(*) || ' ' || sum(id) FROM \"line\nbreak\""))
        .isEqualTo("1000 500500");
    assertThat(value(TARGET, "SHOW work_mem")).isEqualTo("5MB");
    assertThat(
            value(
                "postgres",
                "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = "
                    + literal(TARGET)))
        .isEqualTo("app \"x\"");
    assertThat(
            value(
                "postgres",
                "SELECT has_database_privilege('reader', %s, 'CONNECT')"
                    .formatted(literal(TARGET))))
        .isEqualTo("t");
    assertThat(value("postgres", "SELECT pg_has_role('app \"x\"', 'reader', 'MEMBER')"))
        .isEqualTo("t");
    assertThat(filesNamed("pwned")).isEmpty();
  }

  @Test
  void bringsBackWhatIsEncryptedWithAgeAndAnyOfItsIdentities() throws Exception {
    AgeKey operator = AgeKey.generate(folder.resolve("operator's key"));
    AgeKey emergency = AgeKey.generate(folder.resolve("emergency"));
    AgeKey stranger = AgeKey.generate(folder.resolve("stranger"));
    set = backUp(AgeKey.codingTo(operator, emergency), "encrypted");
    shell.putInReach("age");

    BareShell.Ended without = restore(TARGET);
    assertThat(without.exitCode()).isEqualTo(1);
    assertThat(without.output()).contains("set IDENTITY to the file with your identity");
    BareShell.Ended refused = restoreWith(stranger.identity().toString(), TARGET);
    assertThat(refused.exitCode()).isNotZero();
    assertThat(refused.output()).contains("no identity matched").doesNotContain("done");

    BareShell.Ended script = restoreWith(operator.identity().toString(), TARGET);

    assertThat(script.exitCode()).as(script.output()).isZero();
    assertThat(value(TARGET, "SELECT count(*) || ' ' || sum(id) FROM \"line\nbreak\""))
        .isEqualTo("1000 500500");
    assertThat(value(TARGET, "SHOW work_mem")).isEqualTo("5MB");
    assertThat(restoreWith(emergency.identity().toString(), TARGET + " again").exitCode()).isZero();
    assertThat(filesNamed("pwned")).isEmpty();
    assertThat(filesNamed("database.dump")).isEmpty(); // nothing decrypted is left
  }

  @Test
  void takesALineOfARolesNameForNoStatement() throws Exception {
    BareShell.Ended script = restore(TARGET);

    assertThat(script.exitCode()).as(script.output()).isZero();
    assertThat(value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname = 'evil'"))
        .isEqualTo("0");
    assertThat(
            value(
                "postgres",
                "SELECT rolcanlogin || ' ' || pg_has_role(rolname, 'reader', 'MEMBER')"
                    + " FROM pg_roles WHERE rolname = "
                    + literal(EVIL_ROLE)))
        .isEqualTo("true true");

    run(
        fresh,
        "postgres",
        "ALTER ROLE %s NOLOGIN".formatted(name(EVIL_ROLE)),
        "REVOKE reader FROM " + name(EVIL_ROLE));
    assertThat(restore(TARGET + " again").exitCode()).isZero();
    assertThat(
            value(
                "postgres",
                "SELECT rolcanlogin || ' ' || pg_has_role(rolname, 'reader', 'MEMBER')"
                    + " FROM pg_roles WHERE rolname = "
                    + literal(EVIL_ROLE)))
        .as("it exists, so it stays as it is")
        .isEqualTo("false false");
  }

  @Test
  @Tag("docker")
  void restoresInAContainerWithoutJavaIntoItsOwnServer() {
    SharedPostgres server = SharedPostgres.get();
    String container = server.containerName();
    assertThat(
            inContainer(container, "sh", "-c", "command -v java || find / -xdev -name 'libjvm*'"))
        .isEmpty();
    String copy = "/tmp/set-" + UUID.randomUUID();
    Programs.run("docker", "cp", set.toString(), container + ":" + copy);

    inContainer(container, "sh", copy + "/restore.sh", TARGET);

    assertThat(
            inContainer(
                container,
                "psql",
                "--tuples-only",
                "--no-align",
                "--dbname=" + connectionTo(TARGET),
                "--command=SELECT count(*) || ' ' || current_user FROM shop.\"line\nbreak\""))
        .isEqualTo("1000 owner\n");
    inContainer(container, "sh", "-c", "rm -r " + copy + "; ! ls /tmp/drp-restore.*");
  }

  private static String inContainer(String container, String... command) {
    List<String> arguments =
        new ArrayList<>(List.of("docker", "exec", "--env=PGUSER=owner", container));
    arguments.addAll(List.of(command));
    return Programs.run(arguments.toArray(String[]::new)).stdout();
  }

  private static String connectionTo(String database) {
    return "dbname='" + database.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }

  @Test
  void leavesRolesThatExistAsTheyAre() throws Exception {
    String before = value("postgres", PASSWORD_OF_POSTGRES);

    assertThat(restore(TARGET).exitCode()).isZero();

    assertThat(value("postgres", PASSWORD_OF_POSTGRES)).isEqualTo(before);
  }

  @Test
  void refusesADatabaseThatIsNotEmpty() throws Exception {
    assertThat(restore(TARGET).exitCode()).isZero();
    run(fresh, TARGET, "DELETE FROM \"line\nbreak\" WHERE id > 1");

    BareShell.Ended again = restore(TARGET);

    assertThat(again.exitCode()).isEqualTo(1);
    assertThat(again.output()).contains("is not empty");
    assertThat(value(TARGET, "SELECT count(*) FROM \"line\nbreak\"")).isEqualTo("1");
  }

  @Test
  void fillsAnEmptyDatabaseThatExists() throws Exception {
    run(fresh, "postgres", "CREATE DATABASE " + name(TARGET));

    assertThat(restore(TARGET).exitCode()).isZero();
    assertThat(value(TARGET, "SELECT count(*) FROM \"line\nbreak\"")).isEqualTo("1000");
  }

  @Test
  void refusesADamagedBackupBeforeItTouchesTheServer() throws Exception {
    Path dump = set.resolve("database.dump.zst");
    byte[] bytes = Files.readAllBytes(dump);
    bytes[bytes.length / 2] ^= 1;
    Files.write(dump, bytes);

    BareShell.Ended script = restore(TARGET);

    assertThat(script.exitCode()).isEqualTo(1);
    assertThat(script.output()).contains("damaged").contains("database.dump.zst: FAILED");
    assertThat(value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname = 'reader'"))
        .isEqualTo("0");
  }

  @Test
  void refusesASetThatNeverBecameABackup() throws Exception {
    Files.delete(set.resolve("manifest.json"));

    BareShell.Ended script = restore(TARGET);

    assertThat(script.exitCode()).isEqualTo(1);
    assertThat(script.output()).contains("no complete backup");
  }

  @Test
  void tellsHowItIsUsed() throws Exception {
    assertThat(restore("").exitCode()).isEqualTo(2);
    assertThat(restore(TARGET, "two").output()).contains("usage: sh restore.sh DATABASE");
  }

  private static final String PASSWORD_OF_POSTGRES =
      "SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'";

  private Path backUp(Coding coding, String storageFolder) throws IOException {
    Path password = Files.writeString(folder.resolve("password"), source.password());
    Environment environment =
        Environment.builder("production", "primary")
            .database(
                DatabaseSettings.builder(DATABASE, source.user())
                    .host(source.host(), source.port())
                    .password(new SecretReference.WholeFile(password))
                    .tools(HostPostgres.binFolder())
                    .build())
            .build();
    Clock clock = Clock.systemUTC();
    TakeBackup takeBackup =
        new TakeBackup(
            new PostgresConnector(
                () -> {
                  throw new AssertionError("no container here");
                },
                new LocalCommandRunner(),
                clock),
            coding,
            StateDirectory.open(folder.resolve("state of " + storageFolder), clock),
            clock,
            Progress.SILENT,
            "test");
    Path storage = folder.resolve(storageFolder);
    takeBackup.take(
        new BackupRequest(
            "Ask&Trust",
            environment,
            BackupKind.LOGICAL,
            Optional.empty(),
            List.of(new NamedStorage("local", false, true, new DirectoryStorage(storage))),
            false));
    try (Stream<Path> files = Files.walk(storage)) {
      Path script = files.filter(file -> file.endsWith("restore.sh")).findFirst().orElseThrow();
      return Optional.ofNullable(script.getParent()).orElseThrow();
    }
  }

  private BareShell.Ended restore(String... arguments) throws Exception {
    return restoreWith("", arguments);
  }

  private BareShell.Ended restoreWith(String identity, String... arguments) throws Exception {
    return shell.run(
        set.resolve("restore.sh"),
        Map.of(
            "PGHOST", fresh.socketFolder().toString(),
            "PGPORT", String.valueOf(fresh.port()),
            "PGUSER", fresh.user(),
            "IDENTITY", identity,
            "TMPDIR", folder.toString()),
        arguments);
  }

  private List<Path> filesNamed(String name) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.endsWith(name)).toList();
    }
  }

  private static Connection connect(HostPostgres server, String database) throws SQLException {
    return server.connect(URLEncoder.encode(database, UTF_8));
  }

  private static String name(String name) {
    return "\"" + name.replace("\"", "\"\"") + "\"";
  }

  private static String literal(String value) {
    return "'" + value.replace("'", "''") + "'";
  }

  private static void run(HostPostgres server, String database, String... statements)
      throws SQLException {
    try (Connection connection = connect(server, database);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private static String value(String database, String sql) throws SQLException {
    try (Connection connection = connect(fresh, database);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      assertThat(row.next()).isTrue();
      return String.valueOf(row.getString(1));
    }
  }
}
