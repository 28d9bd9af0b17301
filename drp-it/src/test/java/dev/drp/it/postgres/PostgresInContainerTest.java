package dev.drp.it.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseProperties;
import dev.drp.database.DatabaseServer;
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
import java.time.Clock;
import java.time.Duration;
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
