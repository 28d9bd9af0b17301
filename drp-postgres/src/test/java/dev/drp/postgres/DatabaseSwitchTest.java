package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.DatabaseServer;
import dev.drp.database.RestoreTarget;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("postgres")
class DatabaseSwitchTest {
  private final TestCluster cluster = TestCluster.shared();
  private final DatabaseServer server = cluster.connect();
  private final RestoreTarget target = server.restoreTarget();

  @BeforeEach
  void prepare() {
    for (String database : List.of("sw-live", "sw-new", "sw-aside")) {
      cluster.execute(
          "postgres", "DROP DATABASE IF EXISTS \"%s\" WITH (FORCE)".formatted(database));
    }
    cluster.execute("postgres", "CREATE DATABASE \"sw-live\"");
    cluster.execute("sw-live", "CREATE TABLE old ()");
    target.create("sw-new", server.describe("sw-live").properties(), "mark");
  }

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void winsAgainstClientsThatComeBackAtOnce() throws InterruptedException {
    AtomicBoolean stop = new AtomicBoolean();
    Thread client =
        new Thread(
            () -> {
              while (!stop.get()) {
                try {
                  cluster.execute("sw-live", "SELECT pg_sleep(60)");
                } catch (RecoveryException e) {
                  // It comes back.
                }
              }
            });
    client.start();
    try {
      target.switchDatabases("sw-live", "sw-new", "sw-aside", "mark", Duration.ofSeconds(30));
    } finally {
      stop.set(true);
      client.join();
    }
    assertThat(tables("sw-live")).isEqualTo("0");
    assertThatThrownBy(() -> tables("sw-aside")).isInstanceOf(RecoveryException.class);
  }

  @Test
  void saysWhichPreparedTransactionIsInTheWay() {
    cluster.execute("sw-live", "BEGIN; CREATE TABLE p (); PREPARE TRANSACTION 'waiting one'");
    try {
      assertThatThrownBy(
              () ->
                  target.switchDatabases(
                      "sw-live", "sw-new", "sw-aside", "mark", Duration.ofSeconds(30)))
          .isInstanceOfSatisfying(
              RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED))
          .hasMessageContaining("waiting one");
      assertThat(tables("sw-live")).isEqualTo("1");
    } finally {
      cluster.execute("sw-live", "ROLLBACK PREPARED 'waiting one'");
    }
  }

  @Test
  void finishesASwitchThatWasInterruptedBeforeTheRenames() {
    cluster.execute("postgres", "ALTER DATABASE \"sw-live\" ALLOW_CONNECTIONS false");

    target.switchDatabases("sw-live", "sw-new", "sw-aside", "mark", Duration.ofSeconds(30));

    assertThat(tables("sw-live")).isEqualTo("0");
  }

  @Test
  void keepsTheCommentOfTheLiveDatabase() {
    cluster.execute("postgres", "COMMENT ON DATABASE \"sw-live\" IS 'ask \\ Anna''s team'");

    target.switchDatabases("sw-live", "sw-new", "sw-aside", "mark", Duration.ofSeconds(30));

    assertThat(
            cluster.value(
                "sw-live",
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname ="
                    + " current_database()"))
        .isEqualTo("ask \\ Anna's team");
  }

  @Test
  void neverTakesAnotherDatabaseForTheOneThatWasSwitched() {
    target.drop("sw-new", "mark");

    assertThat(target.switchState("sw-live", "sw-new", "sw-aside"))
        .isEqualTo(RestoreTarget.SwitchState.UNKNOWN);
    assertThatThrownBy(
            () ->
                target.switchDatabases(
                    "sw-live", "sw-new", "sw-aside", "mark", Duration.ofSeconds(30)))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED));
    assertThat(tables("sw-live")).isEqualTo("1");
  }

  private String tables(String database) {
    return cluster.value(
        database, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace");
  }
}
