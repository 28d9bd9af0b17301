package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseProperties;
import dev.drp.database.DatabaseServer;
import dev.drp.database.ExpectationResult;
import dev.drp.database.RestoreTarget;
import dev.drp.database.RoleChanges;
import dev.drp.database.TableRows;
import dev.drp.plan.Expectation;
import dev.drp.plan.ExpectedResult;
import dev.drp.runtime.LocalCommandRunner;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a real database holds survives a backup and a restore. */
@Tag("postgres")
class RestoreTest {
  private static final String TEMPORARY_FOLDERS =
      "/tmp/drp-restore." + ShortHash.of("rt-copy") + ".";

  private static final String CONTENT =
      """
      CREATE SCHEMA app;
      CREATE TABLE app.people (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE,
        name_length int GENERATED ALWAYS AS (length(name)) STORED);
      INSERT INTO app.people (name) SELECT 'person ' || n FROM generate_series(1, 20000) n;
      CREATE TABLE app.events (id serial, at date NOT NULL, who bigint REFERENCES app.people)
        PARTITION BY RANGE (at);
      CREATE TABLE app.events_1 PARTITION OF app.events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
      CREATE TABLE app.events_2 PARTITION OF app.events FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
      INSERT INTO app.events (at, who)
        SELECT '2020-01-01'::date + n % 730, 1 + n % 20000 FROM generate_series(1, 50000) n;
      CREATE TABLE parent (a int);
      CREATE TABLE child () INHERITS (parent);
      INSERT INTO parent VALUES (1);
      INSERT INTO child VALUES (2), (3);
      CREATE MATERIALIZED VIEW app.per_day AS SELECT at, count(*) FROM app.events GROUP BY at;
      CREATE VIEW app.short AS SELECT * FROM app.people WHERE name_length < 10;
      CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'triggers must not run in a restore'; END $$;
      CREATE TRIGGER note BEFORE INSERT ON app.people FOR EACH ROW EXECUTE FUNCTION app.note();
      CREATE FUNCTION app.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
      CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION app.watch();
      CREATE PUBLICATION everything FOR ALL TABLES;
      CREATE SUBSCRIPTION elsewhere CONNECTION 'host=192.0.2.1' PUBLICATION x
        WITH (connect = false, slot_name = NONE);
      COMMENT ON TABLE app.people IS 'those who answer';
      SELECT lo_from_bytea(4711, decode(repeat('00ff0a5c2e', 20000), 'hex'));
      SELECT lo_from_bytea(4712, '');
      CREATE EXTENSION pgcrypto;
      CREATE TABLE app.empty (a int, b int GENERATED ALWAYS AS (a) STORED);
      """;

  private final TestCluster cluster = TestCluster.shared();
  private final DatabaseServer server = cluster.connect();
  private final RestoreTarget target = server.restoreTarget();

  @BeforeEach
  void clean() {
    for (String database : List.of("rt-source", "rt-copy")) {
      dropDatabase(database);
    }
  }

  @AfterEach
  void close() {
    clean();
    server.close();
  }

  private void dropDatabase(String database) {
    if (cluster
        .value(
            "postgres", "SELECT count(*) FROM pg_database WHERE datname = '%s'".formatted(database))
        .equals("0")) {
      return;
    }
    for (String name :
        cluster.values(
            database,
            "SELECT subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE"
                + " datname = current_database()")) {
      cluster.execute(database, "DROP SUBSCRIPTION " + name);
    }
    cluster.execute("postgres", "DROP DATABASE \"%s\" WITH (FORCE)".formatted(database));
  }

  @Test
  void bringsBackEverything() throws IOException {
    cluster.execute("postgres", "CREATE DATABASE \"rt-source\"");
    cluster.execute("rt-source", CONTENT);

    List<TableRows> rows;
    byte[] dump;
    try (ConsistentSnapshot snapshot = server.openSnapshot("rt-source")) {
      rows = snapshot.countRows();
      dump = dump(snapshot);
    }
    assertThat(rows)
        .containsExactly(
            new TableRows("app", "empty", 0),
            new TableRows("app", "events_1", 25248),
            new TableRows("app", "events_2", 24752),
            new TableRows("app", "people", 20000),
            new TableRows("public", "child", 2),
            new TableRows("public", "parent", 1));

    Path left = Files.createDirectory(Path.of(TEMPORARY_FOLDERS + "killed"));

    load(dump);

    assertThat(left).as("of an attempt that was killed").doesNotExist();
    try (ConsistentSnapshot snapshot = server.openSnapshot("rt-copy")) {
      assertThat(snapshot.countRows()).isEqualTo(rows);
    }
    for (String question :
        List.of(
            "SELECT md5(string_agg(p::text, ',' ORDER BY id)) FROM app.people p",
            "SELECT md5(string_agg(e::text, ',' ORDER BY id)) FROM app.events e",
            "SELECT md5(string_agg(d::text, ',' ORDER BY at)) FROM app.per_day d",
            "SELECT count(*)::text FROM app.short",
            "SELECT md5(lo_get(4711))",
            "SELECT length(lo_get(4712))::text",
            "SELECT last_value::text FROM app.events_id_seq",
            "SELECT obj_description('app.people'::regclass)",
            "SELECT string_agg(conname, ',' ORDER BY conname) FROM pg_constraint",
            "SELECT string_agg(evtname, ',') FROM pg_event_trigger",
            "SELECT string_agg(tgname, ',') FROM pg_trigger WHERE NOT tgisinternal",
            "SELECT string_agg(pubname, ',') FROM pg_publication",
            "SELECT string_agg(extname, ',' ORDER BY extname) FROM pg_extension")) {
      assertThat(cluster.value("rt-copy", question))
          .as(question)
          .isEqualTo(cluster.value("rt-source", question));
    }
    assertThat(
            cluster.value(
                "rt-copy",
                "SELECT subenabled::text FROM pg_subscription s JOIN pg_database d"
                    + " ON d.oid = s.subdbid WHERE datname = 'rt-copy'"))
        .as("a restored database follows nobody")
        .isEqualTo("false");
    assertThat(temporaryFolders()).isEmpty();
  }

  @Test
  void gathersStatisticsOfAllThatHoldsRows() {
    cluster.execute("postgres", "CREATE DATABASE \"rt-source\"");
    cluster.execute(
        "rt-source",
        """
        CREATE TABLE "plain 'one'" WITH (autovacuum_enabled = off)
          AS SELECT n FROM generate_series(1, 1000) n;
        CREATE TABLE parted (n int) PARTITION BY RANGE (n);
        CREATE TABLE part_1 PARTITION OF parted FOR VALUES FROM (0) TO (700)
          WITH (autovacuum_enabled = off);
        CREATE TABLE part_2 PARTITION OF parted FOR VALUES FROM (700) TO (1000)
          WITH (autovacuum_enabled = off);
        INSERT INTO parted SELECT generate_series(0, 999);
        CREATE TABLE parent (n int) WITH (autovacuum_enabled = off);
        CREATE TABLE child () INHERITS (parent) WITH (autovacuum_enabled = off);
        INSERT INTO parent SELECT generate_series(1, 20);
        INSERT INTO child SELECT generate_series(1, 30);
        CREATE MATERIALIZED VIEW view WITH (autovacuum_enabled = off)
          AS SELECT n FROM parted WHERE n < 100\
        """);
    byte[] dump;
    try (ConsistentSnapshot snapshot = server.openSnapshot("rt-source")) {
      dump = dump(snapshot);
    }
    load(dump);
    String statistics =
        """
        SELECT tablename || CASE WHEN inherited THEN ' and its parts, ' ELSE ', ' END || reltuples
          FROM pg_stats JOIN pg_class ON relname = tablename
         WHERE schemaname = 'public' AND attname = 'n' ORDER BY tablename COLLATE "C", inherited\
        """;
    assertThat(cluster.values("rt-copy", statistics)).isEmpty();

    target.analyze("rt-copy");

    assertThat(cluster.values("rt-copy", statistics))
        .containsExactly(
            "child, 30",
            "parent, 20",
            "parent and its parts, 20",
            "part_1, 700",
            "part_2, 300",
            "parted and its parts, 1000",
            "plain 'one', 1000",
            "view, 100");
  }

  @Test
  void keepsTextsOfOtherEncodings() {
    cluster.execute(
        "postgres", "CREATE DATABASE \"rt-source\" TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'");
    cluster.execute(
        "rt-source", "CREATE TABLE \"été\" (a text); INSERT INTO \"été\" VALUES ('naïf')");
    byte[] dump;
    try (ConsistentSnapshot snapshot = server.openSnapshot("rt-source")) {
      dump = dump(snapshot);
    }

    load(dump);

    assertThat(server.describe("rt-copy").properties().encoding()).isEqualTo("LATIN1");
    assertThat(cluster.value("rt-copy", "SELECT a FROM \"été\"")).isEqualTo("naïf");
  }

  @Test
  void carriesOverOwnerPrivilegesAndSettingsThatWouldHinderALoad() {
    cluster.execute(
        "postgres",
        """
        DROP ROLE IF EXISTS "rt owner"; CREATE ROLE "rt owner";
        DROP ROLE IF EXISTS rt_guest; CREATE ROLE rt_guest LOGIN\
        """);
    cluster.execute(
        "postgres", "CREATE DATABASE \"rt-source\" OWNER \"rt owner\" CONNECTION LIMIT 7");
    cluster.execute("rt-source", "CREATE TABLE t AS SELECT 1 AS n");
    cluster.execute(
        "postgres",
        """
        REVOKE ALL ON DATABASE "rt-source" FROM PUBLIC;
        GRANT CONNECT ON DATABASE "rt-source" TO rt_guest WITH GRANT OPTION;
        ALTER DATABASE "rt-source" SET default_transaction_read_only = on;
        ALTER DATABASE "rt-source" SET search_path = "$user", 'odd "one', public;
        ALTER DATABASE "rt-source" SET statement_timeout = '1ms';
        ALTER DATABASE "rt-source" SET my.setting = 'it''s \\ mine';
        ALTER ROLE rt_guest IN DATABASE "rt-source" SET work_mem = '6MB'\
        """);
    DatabaseProperties wanted = server.describe("rt-source").properties();
    assertThat(wanted.owner()).isEqualTo("rt owner");
    assertThat(wanted.settings()).hasSize(5);
    byte[] dump;
    try (ConsistentSnapshot snapshot = server.openSnapshot("rt-source")) {
      dump = dump(snapshot);
    }

    load(dump);
    target.applyProperties("rt-copy", wanted);
    target.applyProperties("rt-copy", wanted);

    assertThat(server.describe("rt-copy").properties()).isEqualTo(wanted);
    DatabaseProperties defaults =
        new DatabaseProperties(
            wanted.owner(),
            wanted.encoding(),
            wanted.collate(),
            wanted.ctype(),
            wanted.localeProvider(),
            wanted.icuLocale(),
            wanted.collationVersion(),
            -1,
            Optional.empty(),
            List.of());
    target.applyProperties("rt-copy", defaults);
    assertThat(server.describe("rt-copy").properties()).isEqualTo(defaults);
  }

  @Test
  void limitsOfADatabaseDoNotHoldForOurSessions() {
    cluster.execute("postgres", "CREATE DATABASE \"rt-source\"");
    List<String> limits =
        List.of("idle_in_transaction_session_timeout", "idle_session_timeout", "statement_timeout");
    for (String limit : limits) {
      cluster.execute("postgres", "ALTER DATABASE \"rt-source\" SET %s = '1ms'".formatted(limit));
    }

    assertThat(
            cluster.values(
                "rt-source",
                "SELECT setting FROM pg_settings WHERE name = ANY ('{%s}')"
                    .formatted(String.join(",", limits))))
        .containsExactly("0", "0", "0");
  }

  @Test
  void sessionsOfALoadThatWaitForEachOtherAreNotEnded() {
    cluster.execute("postgres", "CREATE DATABASE \"rt-source\"");
    cluster.execute(
        "rt-source",
        """
        CREATE MATERIALIZED VIEW slow AS SELECT 1 AS n FROM pg_sleep(1);
        CREATE MATERIALIZED VIEW then_one AS SELECT n FROM slow;
        CREATE MATERIALIZED VIEW then_another AS SELECT n FROM slow\
        """);
    byte[] dump;
    try (ConsistentSnapshot snapshot = server.openSnapshot("rt-source")) {
      dump = dump(snapshot);
    }
    target.create("rt-copy", server.describe("rt-source").properties(), "mark");
    cluster.execute("postgres", "ALTER DATABASE \"rt-copy\" SET idle_session_timeout = '50ms'");

    target.load("rt-copy", new ByteArrayInputStream(dump), 2, bytes -> {});

    assertThat(
            cluster.value(
                "rt-copy", "SELECT sum(n) FROM (TABLE then_one UNION ALL TABLE then_another) t"))
        .isEqualTo("2");
  }

  @Test
  void failsWhenAStatementFails() {
    cluster.execute("postgres", "CREATE DATABASE \"rt-source\"");
    cluster.execute(
        "rt-source",
        """
        CREATE FUNCTION even(n int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT n % 2 = 0';
        CREATE TABLE t (n int CHECK (even(n)));
        INSERT INTO t SELECT 2 * g FROM generate_series(1, 100000) g;
        CREATE OR REPLACE FUNCTION even(n int) RETURNS bool LANGUAGE sql IMMUTABLE
          AS 'SELECT n < 150000'\
        """);
    byte[] dump;
    try (ConsistentSnapshot snapshot = server.openSnapshot("rt-source")) {
      dump = dump(snapshot);
    }

    assertThatThrownBy(() -> load(dump))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATABASE_FAILED))
        .hasMessageContaining("violates check constraint");
    target.drop("rt-copy", "mark"); // no session of the load is left in it
  }

  @Test
  void reportsHowRolesDifferAndNeverChangesThem() {
    cluster.execute(
        "postgres",
        """
        DROP ROLE IF EXISTS rt_kept; DROP ROLE IF EXISTS rt_new; DROP ROLE IF EXISTS rt_group;
        CREATE ROLE rt_group; CREATE ROLE rt_kept LOGIN PASSWORD 'old' IN ROLE rt_group;
        CREATE ROLE rt_new LOGIN PASSWORD 'secret' IN ROLE rt_group;
        ALTER ROLE rt_new SET work_mem = '9MB'\
        """);
    byte[] globals;
    try (ConsistentSnapshot snapshot = server.openSnapshot("postgres")) {
      ByteArrayOutputStream output = new ByteArrayOutputStream();
      assertThat(snapshot.dumpGlobals(output)).isTrue();
      globals = output.toByteArray();
    }
    String rotated = "SELECT rolpassword FROM pg_authid WHERE rolname = 'rt_kept'";
    String secret = "SELECT rolpassword FROM pg_authid WHERE rolname = 'rt_new'";
    String secretBefore = cluster.value("postgres", secret);
    cluster.execute(
        "postgres",
        """
        DROP ROLE rt_new; ALTER ROLE rt_kept CREATEDB PASSWORD 'rotated' CONNECTION LIMIT 3;
        REVOKE rt_group FROM rt_kept\
        """);
    String rotatedBefore = cluster.value("postgres", rotated);

    RoleChanges changes = target.createMissingRoles(new ByteArrayInputStream(globals));

    assertThat(changes.missing()).contains("rt_new").doesNotContain("rt_kept");
    assertThat(changes.differences())
        .contains(
            "role rt_kept: NOCREATEDB in the backup, CREATEDB here",
            "role rt_kept: no CONNECTION LIMIT in the backup, 3 here")
        .anyMatch(line -> line.startsWith("role rt_kept is a member of rt_group in the backup"));
    assertThat(cluster.value("postgres", rotated)).isEqualTo(rotatedBefore);
    assertThat(cluster.value("postgres", secret)).isEqualTo(secretBefore);
    assertThat(
            cluster.value(
                "postgres",
                "SELECT array_to_string(rolconfig, ',') || pg_has_role('rt_new', 'rt_group',"
                    + " 'MEMBER') FROM pg_roles WHERE rolname = 'rt_new'"))
        .isEqualTo("work_mem=9MBtrue");
  }

  @Test
  void ratherFailsThanCountsOnlyWhatAPolicyShows() {
    cluster.execute("postgres", "DROP ROLE IF EXISTS rt_app; CREATE ROLE rt_app LOGIN");
    cluster.execute("postgres", "CREATE DATABASE \"rt-source\"");
    cluster.execute(
        "rt-source",
        """
        CREATE TABLE t AS SELECT 1 AS n; ALTER TABLE t ENABLE ROW LEVEL SECURITY;
        GRANT SELECT ON t TO rt_app\
        """);
    try (Sessions sessions =
            new Sessions(
                new Route.UnixSocket(cluster.folder(), cluster.port()),
                new Login("rt_app", Optional.empty()),
                "postgres",
                "test server");
        ConsistentSnapshot snapshot =
            PostgresSnapshot.open(
                sessions,
                new ClientPrograms(
                    new LocalCommandRunner(), Optional.empty(), TestCluster.MAJOR, sessions),
                "rt-source")) {
      assertThatThrownBy(snapshot::countRows)
          .isInstanceOf(RecoveryException.class)
          .hasMessageContaining("row-level security");
      assertThatThrownBy(() -> dump(snapshot))
          .isInstanceOf(RecoveryException.class)
          .hasMessageContaining("row-level security");
    }
  }

  @Test
  void tellsWhenAnExpectationIsTooSlow() {
    cluster.execute("postgres", "CREATE DATABASE \"rt-source\"");
    try (ConsistentSnapshot snapshot = server.openSnapshot("rt-source")) {
      ExpectationResult slow =
          snapshot.evaluate(
              new Expectation(
                  "slow",
                  "SELECT 1 FROM pg_sleep(0.2)",
                  ExpectedResult.parse("1"),
                  Optional.of(Duration.ofMillis(100))));
      assertThat(slow.met()).isTrue();
      assertThat(slow.inTime()).isFalse();
      assertThat(slow.took()).isGreaterThan(Duration.ofMillis(199));

      ExpectationResult writes =
          snapshot.evaluate(
              new Expectation(
                  "writes", "CREATE TABLE t ()", ExpectedResult.parse("1"), Optional.empty()));
      assertThat(writes.met()).isFalse();
      assertThat(writes.actual()).contains("read-only");
    }
  }

  @Test
  void findsTheVersionOfTheSchema() {
    cluster.execute("postgres", "CREATE DATABASE \"rt-source\"");
    assertThat(server.describe("rt-source").schemaVersion()).isEmpty();
    cluster.execute(
        "rt-source",
        """
        CREATE TABLE migrations (id serial PRIMARY KEY, timestamp bigint, name varchar);
        INSERT INTO migrations (timestamp, name) VALUES (2, 'AddUsers2'), (1, 'Init1')\
        """);
    assertThat(server.describe("rt-source").schemaVersion()).contains("AddUsers2");
  }

  private static byte[] dump(ConsistentSnapshot snapshot) {
    ByteArrayOutputStream dump = new ByteArrayOutputStream();
    snapshot.dump(dump);
    return dump.toByteArray();
  }

  private void load(byte[] dump) {
    target.create("rt-copy", server.describe("rt-source").properties(), "mark");
    target.load("rt-copy", new ByteArrayInputStream(dump), 2, bytes -> {});
  }

  private static List<String> temporaryFolders() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/tmp"))) {
      return all.map(Path::toString).filter(name -> name.startsWith(TEMPORARY_FOLDERS)).toList();
    }
  }
}
