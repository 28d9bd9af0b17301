package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.DatabaseServer;
import dev.drp.database.RestoreTarget;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("postgres")
class DurabilityTest {
  private final TestCluster cluster = TestCluster.start("");
  private final DatabaseServer server =
      TestCluster.connector()
          .connect(cluster.environment(it -> it.restart(cluster.restartCommand())));
  private final RestoreTarget target = server.restoreTarget();

  @AfterEach
  void stop() {
    server.close();
    cluster.close();
  }

  @Test
  void relaxesAndRestoresWithARestartAndKeepsWhatOthersHaveSet() {
    cluster.execute("postgres", "ALTER SYSTEM SET checkpoint_timeout = '7min'");
    cluster.execute("postgres", "ALTER SYSTEM SET work_mem = '5MB'");
    cluster.value("postgres", "SELECT pg_reload_conf()");
    String startedBefore = startTime();

    target.relaxDurability();
    target.relaxDurability(); // what an interrupted restore does again

    assertThat(setting("fsync")).isEqualTo("off");
    assertThat(setting("autovacuum")).isEqualTo("off");

    target.restoreDurability();

    assertThat(setting("fsync")).isEqualTo("on");
    assertThat(setting("full_page_writes")).isEqualTo("on");
    assertThat(setting("autovacuum")).isEqualTo("on");
    assertThat(setting("checkpoint_timeout")).isEqualTo("7min");
    assertThat(setting("work_mem")).isEqualTo("5MB");
    assertThat(startTime()).isNotEqualTo(startedBefore);
    String startedAfter = startTime();
    target.restoreDurability(); // nothing is relaxed any more
    assertThat(startTime()).isEqualTo(startedAfter);
  }

  @Test
  void restoresDurabilityAfterACrashOfTheServer() {
    target.relaxDurability();
    cluster.stop();
    cluster.start();

    target.restoreDurability();

    assertThat(setting("fsync")).isEqualTo("on");
  }

  @Test
  void refusesWhatTheMachineMayHaveLost() {
    target.relaxDurability();
    cluster.execute("postgres", "ALTER DATABASE postgres SET drp.relaxed = 'another boot'");

    assertThatThrownBy(target::restoreDurability)
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.VERIFICATION_FAILED))
        .hasMessageContaining("empty server");
    assertThatThrownBy(target::relaxDurability).isInstanceOf(RecoveryException.class);
  }

  @Test
  void isNotForServersThatHoldSomething() {
    cluster.execute("postgres", "CREATE DATABASE empty");
    assertThat(target.mayRelaxDurability(List.of())).isTrue();

    cluster.execute("empty", "CREATE TABLE t ()");
    assertThat(target.mayRelaxDurability(List.of())).isFalse();
    assertThat(target.mayRelaxDurability(List.of("empty"))).isTrue();
    cluster.execute("empty", "DROP TABLE t; CREATE FUNCTION f() RETURNS int RETURN 1");
    assertThat(target.mayRelaxDurability(List.of())).isFalse();
    cluster.execute("empty", "DROP FUNCTION f; CREATE EXTENSION pgcrypto");
    assertThat(target.mayRelaxDurability(List.of())).isTrue();
    cluster.value("empty", "SELECT pg_create_physical_replication_slot('standby')");
    assertThat(target.mayRelaxDurability(List.of())).isFalse();
  }

  @Test
  void isNotForServersThatWeCannotRestart() {
    try (DatabaseServer withoutRestart = cluster.connect()) {
      assertThat(withoutRestart.restoreTarget().mayRelaxDurability(List.of())).isFalse();
    }
  }

  private String setting(String name) {
    return cluster.value("postgres", "SHOW " + name);
  }

  private String startTime() {
    return cluster.value("postgres", "SELECT pg_postmaster_start_time()");
  }
}
