package dev.drp.it.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.BaseBackup;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseProperties;
import dev.drp.database.DatabaseServer;
import dev.drp.database.RecoveryTarget;
import dev.drp.database.RestoreTarget;
import dev.drp.database.SandboxRequest;
import dev.drp.database.ServerFacts;
import dev.drp.database.SqlSession;
import dev.drp.database.TableRows;
import dev.drp.database.ThrowawayServer;
import dev.drp.docker.DockerContainerRuntime;
import dev.drp.it.support.ComposeProject;
import dev.drp.it.support.TestImages;
import dev.drp.plan.ComposeSettings;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.postgres.PostgresConnector;
import dev.drp.postgres.PostgresSandboxes;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.ImageIdentity;
import dev.drp.runtime.LocalCommandRunner;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A server in a container of a Compose project that publishes no port. */
@Tag("docker")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PostgresInContainerTest {
  private final ContainerRuntime engine = DockerContainerRuntime.of(System.getenv());
  private final PostgresConnector connector =
      new PostgresConnector(() -> engine, new LocalCommandRunner(), Clock.systemUTC());
  private final PostgresSandboxes sandboxes =
      new PostgresSandboxes(() -> engine, new LocalCommandRunner(), Clock.systemUTC());
  private final ComposeProject project = ComposeProject.withPostgres();

  @BeforeAll
  void fill() {
    project.sql(
        "CREATE TABLE \"odd 'one'\" AS SELECT g, repeat('x', 500) AS t FROM generate_series(1,"
            + " 20000) g");
    project.sql("CREATE ROLE reader; GRANT SELECT ON \"odd 'one'\" TO reader");
  }

  /** It takes the death of any child for a crash, also of one that it adopted. */
  @AfterEach
  void theServerNeverCrashed() {
    assertThat(project.compose("logs", "database")).doesNotContain("terminated by signal");
  }

  @AfterAll
  void remove() {
    project.close();
    engine.close();
  }

  private DatabaseServer connect() {
    return connector.connect(environment("database"));
  }

  private Environment environment(String service) {
    return Environment.builder("production", "local")
        .compose(new ComposeSettings(project.name(), project.folder(), List.of()))
        .database(DatabaseSettings.builder("app", "owner").service(service).build())
        .build();
  }

  @Test
  void isBackedUpAndRestoredIntoASandboxOfItsOwnImageThatLeavesNothing() {
    ByteArrayOutputStream dump = new ByteArrayOutputStream();
    ByteArrayOutputStream globals = new ByteArrayOutputStream();
    List<TableRows> rows;
    ServerFacts facts;
    DatabaseProperties properties;
    try (DatabaseServer server = connect();
        ConsistentSnapshot snapshot = server.openSnapshot("app")) {
      facts = server.facts();
      properties = server.describe("app").properties();
      rows = snapshot.countRows();
      assertThat(snapshot.dump(dump)).startsWith("pg_dump (PostgreSQL) 15");
      assertThat(snapshot.dumpGlobals(globals)).isTrue();
      assertThat(server.freeBytes()).isPresent();
    }
    assertThat(rows).containsExactly(new TableRows("public", "odd 'one'", 20000));
    assertThat(facts.place()).isEqualTo("container " + project.container("database"));

    String owner = "test-" + UUID.randomUUID();
    try (ThrowawayServer sandbox =
        sandboxes.start(new SandboxRequest(owner, 15, facts.image(), "owner"))) {
      assertThat(sandbox.sameImage()).isTrue();
      RestoreTarget target = sandbox.server().restoreTarget();
      assertThat(
              target.createMissingRoles(new ByteArrayInputStream(globals.toByteArray())).missing())
          .containsExactly("reader");
      target.create("app", properties, "mark");
      target.load("app", new ByteArrayInputStream(dump.toByteArray()), 2, bytes -> {});
      target.applyProperties("app", properties);
      try (ConsistentSnapshot snapshot = sandbox.server().openSnapshot("app")) {
        assertThat(snapshot.countRows()).isEqualTo(rows);
      }
      try (SqlSession session = sandbox.openSession("app")) {
        assertThat(
                session.value("SELECT has_table_privilege('reader', '\"odd ''one''\"', 'SELECT')"))
            .contains("t");
      }
      assertThat(sandbox.remove()).isEmpty();
    }
    assertThat(engine.leftovers(owner)).isEmpty();
  }

  @Test
  void findsASandboxThatACrashLeft() {
    String owner = "test-" + UUID.randomUUID();
    Optional<ImageIdentity> image = engine.image(TestImages.postgres());
    ThrowawayServer left = sandboxes.start(new SandboxRequest(owner, 15, image, "postgres"));
    assertThat(left.server().facts().majorVersion()).isEqualTo(15);

    assertThat(sandboxes.removeLeftovers(owner)).isEmpty();

    assertThat(engine.leftovers(owner)).isEmpty();
    assertThatThrownBy(() -> left.server().facts()).isInstanceOf(RecoveryException.class);
  }

  @Test
  void endsTheDumpInTheContainerWhenItsReaderHasGone() {
    OutputStream broken =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("no space left");
          }
        };
    try (DatabaseServer server = connect();
        ConsistentSnapshot snapshot = server.openSnapshot("app")) {
      assertThatThrownBy(() -> snapshot.dump(broken))
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.COMMAND_FAILED));
    }
    assertThat(
            project.sql(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name IN ('drp', 'pg_dump')"
                    + " AND query LIKE 'COPY%'"))
        .isEqualTo("0");
  }

  @Test
  void aBaseBackupStartsInASandboxOfItsOwnImageThatLeavesNothing() throws IOException {
    Path tar = Files.createTempFile("drp-it", ".tar");
    List<TableRows> rows;
    ServerFacts facts;
    try (DatabaseServer server = connect();
        ConsistentSnapshot snapshot = server.openSnapshot("app")) {
      rows = snapshot.countRows();
      facts = server.facts();
      takeBaseBackup(server, tar);
    }
    assertThat(project.sql("SELECT count(*) FROM pg_replication_slots")).isEqualTo("0");

    String owner = "test-" + UUID.randomUUID();
    try (ThrowawayServer sandbox =
        sandboxes.startFrom(
            new SandboxRequest(owner, facts.majorVersion(), facts.image(), "owner"),
            out -> Files.copy(tar, out),
            RecoveryTarget.consistent(),
            Progress.SILENT)) {
      assertThat(sandbox.sameImage()).isTrue();
      ServerFacts recovered = sandbox.server().facts();
      assertThat(recovered.inRecovery()).isFalse();
      assertThat(recovered.systemIdentifier()).isEqualTo(facts.systemIdentifier());
      try (ConsistentSnapshot snapshot = sandbox.server().openSnapshot("app")) {
        assertThat(snapshot.countRows()).isEqualTo(rows);
      }
      try (SqlSession session = sandbox.openSession("app")) {
        assertThat(session.execute("INSERT INTO \"odd 'one'\" VALUES (0, '')")).isEqualTo(1);
        assertThat(session.value("SHOW listen_addresses")).contains("127.0.0.1");
      }
      assertThat(sandbox.remove()).isEmpty();
    } finally {
      Files.delete(tar);
    }
    assertThat(engine.leftovers(owner)).isEmpty();
  }

  @Test
  void saysWhyASandboxCannotRecoverAndLeavesNothing() throws IOException {
    Path tar = Files.createTempFile("drp-it", ".tar");
    ServerFacts facts;
    try (DatabaseServer server = connect()) {
      facts = server.facts();
      takeBaseBackup(server, tar);
    }
    String owner = "test-" + UUID.randomUUID();
    try {
      assertThatThrownBy(
              () ->
                  sandboxes.startFrom(
                      new SandboxRequest(owner, facts.majorVersion(), facts.image(), "owner"),
                      out -> Files.copy(tar, out),
                      RecoveryTarget.at(Instant.now().plus(Duration.ofDays(1))),
                      Progress.SILENT))
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.COMMAND_FAILED))
          .hasMessageContaining("recovery ended before configured recovery target was reached");
    } finally {
      Files.delete(tar);
    }
    assertThat(engine.leftovers(owner)).isEmpty();
  }

  private static void takeBaseBackup(DatabaseServer server, Path tar) throws IOException {
    try (BaseBackup backup = server.openBaseBackup();
        OutputStream output = Files.newOutputStream(tar)) {
      assertThat(backup.copyFiles(output).toolVersion()).startsWith("pg_basebackup");
      assertThat(backup.copyConfiguration(OutputStream.nullOutputStream())).isEmpty();
    }
  }

  @Test
  void endsTheBaseBackupInTheContainerWhenItsReaderHasGone() {
    OutputStream broken =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("no space left");
          }
        };
    try (DatabaseServer server = connect();
        BaseBackup backup = server.openBaseBackup()) {
      assertThatThrownBy(() -> backup.copyFiles(broken))
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.COMMAND_FAILED));
      assertThat(project.execute("database", "sh", "-c", "cat /proc/[0-9]*/comm 2>/dev/null || :"))
          .contains("postgres")
          .doesNotContain("pg_basebackup");
    }
    assertThat(project.sql("SELECT count(*) FROM pg_replication_slots")).isEqualTo("0");
  }

  @Test
  void givesTheLineOfPgHbaThatIsMissing() {
    String access = "\"$PGDATA\"/pg_hba.conf";
    project.execute(
        "database",
        "sh",
        "-c",
        "cp %1$s /tmp/hba && sed -i '/^host.*replication/d' %1$s".formatted(access));
    project.sql("SELECT pg_reload_conf()");
    try (DatabaseServer server = connect()) {
      assertThatThrownBy(server::openBaseBackup)
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.DATABASE_ACCESS_DENIED))
          .hasMessageContaining("host replication \"owner\" 127.0.0.1/32");
    } finally {
      project.execute("database", "sh", "-c", "cat /tmp/hba > " + access);
      project.sql("SELECT pg_reload_conf()");
    }
  }

  @Test
  void namesTheContainersThatExistWhenTheServiceIsAnother() {
    assertThatThrownBy(() -> connector.connect(environment("absent")).close())
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTAINER_NOT_FOUND))
        .hasMessageContaining(project.container("database"));
  }

  @Test
  void aFreshServerIsRelaxedAndRestartedWithItsNormalSettings() {
    try (ComposeProject fresh = ComposeProject.withPostgres();
        DatabaseServer server =
            connector.connect(
                Environment.builder("fresh", "local")
                    .compose(new ComposeSettings(fresh.name(), fresh.folder(), List.of()))
                    .database(DatabaseSettings.builder("app", "owner").service("database").build())
                    .build())) {
      RestoreTarget target = server.restoreTarget();
      assertThat(target.mayRelaxDurability(List.of())).isTrue();
      String startedBefore = fresh.sql("SELECT pg_postmaster_start_time()");
      target.relaxDurability();
      assertThat(fresh.sql("SHOW fsync")).isEqualTo("off");
      target.create("beside", server.describe("app").properties(), "mark");

      target.restoreDurability();

      assertThat(fresh.sql("SHOW fsync")).isEqualTo("on");
      assertThat(fresh.sql("SELECT pg_postmaster_start_time()")).isNotEqualTo(startedBefore);
      target.switchDatabases("app", "beside", "aside", "mark", Duration.ofSeconds(30));
      assertThat(fresh.sql("SELECT 1")).isEqualTo("1");
    }
  }
}
