package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.Canary;
import dev.drp.database.CanarySession;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseServer;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PostgresCanaryTest {
  private static final String DATABASE = "aviary's \"cage\"";
  private static final Duration EVERY = Duration.ofMillis(1500);

  private final TestCluster cluster = TestCluster.shared();
  private final DatabaseServer server = cluster.connect();

  @BeforeEach
  void aDatabase() {
    cluster.execute("postgres", "CREATE DATABASE " + Sql.name(DATABASE));
    cluster.execute("postgres", "CREATE ROLE stranger");
  }

  @AfterEach
  void dropIt() {
    cluster.execute("postgres", "DROP DATABASE %s WITH (FORCE)".formatted(Sql.name(DATABASE)));
    cluster.execute("postgres", "DROP ROLE stranger");
    server.close();
  }

  private String value(String sql) {
    return cluster.value(DATABASE, sql);
  }

  private Canary canary() {
    return server.canary(DATABASE).orElseThrow();
  }

  @Test
  void writesOneRowInPlaceThatIsNoContent() {
    assertThat(server.canary(DATABASE)).isEmpty();
    Instant before = server.facts().serverTime();
    try (CanarySession session = server.openCanary(DATABASE)) {
      assertThat(writesWithoutGrowing(session)).isTrue();
    }

    assertThat(canary().writtenAt()).isBetween(before, server.facts().serverTime());
    assertThat(canary().every()).isEqualTo(EVERY);
    assertThat(canary().writer()).isEqualTo("it's a \\ test");
    assertThat(value("SELECT count(*) FROM drp.canary")).isEqualTo("1");
    assertThat(value("SELECT obj_description('drp.canary'::regclass)"))
        .contains("DROP SCHEMA drp CASCADE");
    assertThat(server.describe(DATABASE).userTables()).isZero();
    try (ConsistentSnapshot snapshot = server.openSnapshot(DATABASE)) {
      assertThat(snapshot.countRows()).isEmpty();
    }
  }

  /**
   * Whether places are used again. While a transaction of another test runs, whichever its
   * database, they may not be; so it is tried again, and a table that always grows is found out.
   */
  private boolean writesWithoutGrowing(CanarySession session) {
    for (int round = 0; round < 60; round++) {
      long before = size();
      for (int i = 0; i < 1000; i++) { // if none were used again, they would take ten pages
        session.write(EVERY, "it's a \\ test");
      }
      if (round > 0 && size() == before) {
        return true;
      }
    }
    return false;
  }

  private long size() {
    return Long.parseLong(value("SELECT pg_relation_size('drp.canary')"));
  }

  @Test
  void neitherSettingsOfOthersNorTheirObjectsLeadItAstray() {
    String name = Sql.name(DATABASE);
    cluster.execute(DATABASE, "CREATE SCHEMA evil");
    cluster.execute(
        DATABASE,
        "CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
            + " 'SELECT timestamptz ''1999-01-01''';"
            + "CREATE DOMAIN evil.timestamptz AS text; CREATE DOMAIN evil.text AS int");
    cluster.execute(
        DATABASE,
        "ALTER DATABASE %s SET search_path = evil, pg_catalog;".formatted(name)
            + "ALTER DATABASE %s SET default_transaction_read_only = on;".formatted(name)
            + "ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO PUBLIC;"
            + "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC");

    try (CanarySession session = server.openCanary(DATABASE)) {
      session.write(EVERY, "a test");
    }

    assertThat(canary().writtenAt()).isAfter(Instant.parse("2020-01-01T00:00:00Z"));
    assertThat(value("SELECT has_schema_privilege('stranger', 'drp', 'USAGE')")).isEqualTo("f");
    assertThat(value("SELECT has_table_privilege('stranger', 'drp.canary', 'SELECT, TRIGGER')"))
        .isEqualTo("f");
  }

  @Test
  void writesNothingIntoWhatBelongsToSomebodyElse() {
    cluster.execute(DATABASE, "CREATE SCHEMA drp AUTHORIZATION stranger");
    assertRefused("schema drp belongs to stranger");

    cluster.execute(DATABASE, "ALTER SCHEMA drp OWNER TO CURRENT_USER");
    cluster.execute(
        DATABASE, "CREATE TABLE drp.canary(); ALTER TABLE drp.canary OWNER TO stranger");
    assertRefused("relation drp.canary belongs to stranger");
    assertThat(server.canary(DATABASE)).isEmpty();
  }

  private void assertRefused(String problem) {
    assertThatThrownBy(() -> server.openCanary(DATABASE))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED))
        .hasMessageContaining(problem)
        .hasMessageContaining("HINT:");
  }

  @Test
  void doesNotWaitForAnotherServerAsOtherCommitsDo() {
    try (CanarySession session = server.openCanary(DATABASE)) {
      cluster.execute("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
      cluster.execute("postgres", "SELECT pg_reload_conf()");
      for (int i = 0; i < 20; i++) { // the session hears of it at some point
        session.write(EVERY, "a test");
      }
      assertThat(canary().writer()).isEqualTo("a test");
    } finally {
      cluster.execute("postgres", "ALTER SYSTEM RESET synchronous_standby_names");
      cluster.execute("postgres", "SELECT pg_reload_conf()");
    }
  }

  @Test
  void saysThatThereIsNoSuchDatabase() {
    assertThatThrownBy(() -> server.openCanary("nowhere"))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.DATABASE_NOT_FOUND));
  }
}
