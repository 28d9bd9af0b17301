package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseServer;
import dev.drp.plan.ComposeSettings;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.Login;
import dev.drp.plan.SecretReference;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.ImageIdentity;
import dev.drp.runtime.LocalCommandRunner;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("postgres")
class PostgresConnectorTest {
  private final TestCluster cluster = TestCluster.shared();

  @Test
  void saysThatThePasswordIsWrongAndNeverShowsIt(@TempDir Path folder) throws IOException {
    Path wrong = Files.writeString(folder.resolve("wrong"), "not-the-password");

    assertThatThrownBy(
            () -> connect(it -> it.password(new SecretReference.WholeFile(wrong))).close())
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.DATABASE_ACCESS_DENIED))
        .hasMessageContaining(TestCluster.SUPERUSER)
        .hasMessageNotContaining("not-the-password");
  }

  @Test
  void saysThatNobodyListensThere() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    assertThatThrownBy(() -> connect(it -> it.port(port)).close())
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.DATABASE_UNAVAILABLE))
        .hasMessageContaining("127.0.0.1:" + port);
  }

  @Test
  void givesUpOnAServerThatNeverAnswers() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> connect(it -> it.port(silent.getLocalPort())).close())
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.DATABASE_UNAVAILABLE));
    }
  }

  @Test
  void connectsWithoutTheDatabaseAndWithoutTheMaintenanceDatabase() {
    try (DatabaseServer server =
        connect(
            it -> it.maintenanceDatabase("absent"), DatabaseSettings.builder("lost", "admin"))) {
      assertThat(server.facts().majorVersion()).isEqualTo(TestCluster.MAJOR);
      assertThat(server.freeBytes()).isPresent();
      assertThat(server.availableExtensions()).extracting("name").contains("plpgsql");
    }
  }

  @Test
  void connectsThroughAUnixSocketWithThePortOfTheServer() {
    DatabaseSettings settings =
        DatabaseSettings.builder("postgres2", TestCluster.SUPERUSER)
            .host(cluster.folder().toString(), cluster.port())
            .build();
    cluster.execute("postgres", "DROP DATABASE IF EXISTS socket");
    cluster.execute("postgres", "CREATE DATABASE socket");
    try (DatabaseServer server = TestCluster.connector().connect(environment(settings));
        ConsistentSnapshot snapshot = server.openSnapshot("socket")) {
      assertThat(server.facts().place()).contains(cluster.folder().toString());
      assertThat(snapshot.dump(new ByteArrayOutputStream()))
          .startsWith("pg_dump (PostgreSQL) " + TestCluster.MAJOR);
    }
  }

  @Test
  void usesTheSuperuserWhereThePlanNamesOne() {
    cluster.execute("postgres", "DROP ROLE IF EXISTS weak; CREATE ROLE weak LOGIN");
    DatabaseSettings.Builder weak =
        DatabaseSettings.builder("app", "weak").host(cluster.folder().toString(), cluster.port());
    try (DatabaseServer server = TestCluster.connector().connect(environment(weak.build()))) {
      assertThatThrownBy(() -> server.restoreTarget().drop("x", "m"))
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.DATABASE_ACCESS_DENIED))
          .hasMessageContaining("database.superuser");
      assertThat(server.restoreTarget().mayRelaxDurability(List.of())).isFalse();
      ByteArrayOutputStream globals = new ByteArrayOutputStream();
      try (ConsistentSnapshot snapshot = server.openSnapshot("postgres")) {
        assertThat(snapshot.dumpGlobals(globals)).isFalse();
      }
      assertThat(globals.toString(StandardCharsets.UTF_8))
          .contains("CREATE ROLE weak")
          .doesNotContain("PASSWORD");
    }
    weak.superuser(new Login(TestCluster.SUPERUSER, Optional.empty()));
    try (DatabaseServer server = TestCluster.connector().connect(environment(weak.build()))) {
      server.restoreTarget().drop("x", "m");
    }
  }

  @Test
  void refusesADumpProgramThatIsOlderThanTheServer(@TempDir Path tools) throws IOException {
    program(tools, "pg_dump", "echo 'pg_dump (PostgreSQL) 14.9'");
    try (DatabaseServer server = connect(it -> it.tools(tools));
        ConsistentSnapshot snapshot = server.openSnapshot("postgres")) {
      assertThatThrownBy(() -> snapshot.dump(new ByteArrayOutputStream()))
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.VERSION_MISMATCH))
          .hasMessageContaining("14.9")
          .hasMessageContaining("PostgreSQL " + TestCluster.MAJOR);
    }
  }

  @Test
  void saysWhichProgramIsMissing(@TempDir Path tools) {
    try (DatabaseServer server = connect(it -> it.tools(tools));
        ConsistentSnapshot snapshot = server.openSnapshot("postgres")) {
      assertThatThrownBy(() -> snapshot.dump(new ByteArrayOutputStream()))
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.COMMAND_NOT_FOUND))
          .hasMessageContaining(tools + "/pg_dump");
    }
  }

  @Test
  void tellsWhichContainersExistWhenTheServiceHasNone() {
    List<Container> containers =
        List.of(
            container("shop-web-1", "shop", "web", true),
            container("shop-db-1", "shop", "db", false),
            container("other-db-1", "other", "db", true));
    ContainerRuntime runtime = runtime(containers);
    Environment environment =
        Environment.builder("production", "local")
            .compose(new ComposeSettings("shop", Path.of("/srv/shop"), List.of()))
            .database(DatabaseSettings.builder("shop", "shop").service("db").build())
            .build();

    assertThatThrownBy(
            () ->
                new PostgresConnector(() -> runtime, new LocalCommandRunner(), Clock.systemUTC())
                    .connect(environment)
                    .close())
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTAINER_NOT_FOUND))
        .hasMessageContaining("shop-web-1 (service web of shop)")
        .hasMessageContaining("shop-db-1 (service db of shop), not running")
        .hasMessageContaining("other-db-1");
  }

  private static Container container(String name, String project, String service, boolean running) {
    return new Container(
        name,
        name,
        new ImageIdentity("postgres:15", "sha256:1", List.of()),
        running,
        false,
        Optional.empty(),
        Optional.empty(),
        Map.of("com.docker.compose.project", project, "com.docker.compose.service", service),
        Map.of(),
        List.of());
  }

  /** An engine that only lists. */
  private static ContainerRuntime runtime(List<Container> containers) {
    return (ContainerRuntime)
        Proxy.newProxyInstance(
            PostgresConnectorTest.class.getClassLoader(),
            new Class<?>[] {ContainerRuntime.class},
            (proxy, method, arguments) -> {
              assertThat(method.getName()).isEqualTo("containers");
              return containers;
            });
  }

  private static void program(Path folder, String name, String script) throws IOException {
    Path program = Files.writeString(folder.resolve(name), "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static Environment environment(DatabaseSettings settings) {
    return Environment.builder("test", "local").database(settings).build();
  }

  private DatabaseServer connect(UnaryOperator<DatabaseSettings.Builder> change) {
    return TestCluster.connector().connect(cluster.environment(change));
  }

  private DatabaseServer connect(
      UnaryOperator<DatabaseSettings.Builder> change, DatabaseSettings.Builder settings) {
    settings.host(cluster.folder().toString(), cluster.port());
    return TestCluster.connector().connect(environment(change.apply(settings).build()));
  }

  /** A reader that goes away at once. */
  private static final class Broken extends OutputStream {
    @Override
    public void write(int b) throws IOException {
      throw new IOException("no space left");
    }
  }

  @Test
  void endsTheDumpWhenItsReaderHasGone() throws IOException {
    cluster.execute("postgres", "DROP DATABASE IF EXISTS broken");
    cluster.execute("postgres", "CREATE DATABASE broken");
    cluster.execute(
        "broken", "CREATE TABLE t AS SELECT repeat('x', 1000) FROM generate_series(1, 100000)");
    try (DatabaseServer server = cluster.connect();
        ConsistentSnapshot snapshot = server.openSnapshot("broken")) {
      assertThatThrownBy(() -> snapshot.dump(new Broken()))
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.COMMAND_FAILED))
          .hasMessageContaining("no space left");

      assertThat(dumpsOf("broken")).isZero();
    }
  }

  @Test
  void aDumpThatIsKilledHalfWayFails() {
    cluster.execute("postgres", "DROP DATABASE IF EXISTS killed");
    cluster.execute("postgres", "CREATE DATABASE killed");
    cluster.execute(
        "killed", "CREATE TABLE t AS SELECT repeat('x', 1000) FROM generate_series(1, 100000)");
    try (DatabaseServer server = cluster.connect();
        ConsistentSnapshot snapshot = server.openSnapshot("killed")) {
      OutputStream killsOnFirstByte =
          new OutputStream() {
            private boolean killed;

            @Override
            public void write(int b) {
              throw new IllegalStateException("bytes come in blocks");
            }

            @Override
            public void write(byte[] bytes, int offset, int length) {
              if (!killed) {
                killed = true;
                assertThat(dumpProcesses("killed")).isNotEmpty();
                dumpProcesses("killed").forEach(ProcessHandle::destroyForcibly);
              }
            }
          };
      assertThatThrownBy(() -> snapshot.dump(killsOnFirstByte))
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.COMMAND_FAILED))
          .hasMessageContaining("pg_dump")
          .hasMessageContaining("137");
    }
  }

  private static List<ProcessHandle> dumpProcesses(String database) {
    return ProcessHandle.allProcesses()
        .filter(process -> commandLine(process).matches("(?s).*pg_dump.*'" + database + "'.*"))
        .toList();
  }

  private static String commandLine(ProcessHandle process) {
    try (InputStream in =
        Files.newInputStream(Path.of("/proc/%d/cmdline".formatted(process.pid())))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return ""; // it has ended
    }
  }

  private static long dumpsOf(String database) {
    return dumpProcesses(database).size();
  }
}
