package dev.drp.it.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.BaseBackup;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DataDirectory;
import dev.drp.database.DataDirectory.State;
import dev.drp.database.DatabaseServer;
import dev.drp.database.RecoveryTarget;
import dev.drp.database.TableRows;
import dev.drp.database.ThrowawayServer;
import dev.drp.docker.DockerContainerRuntime;
import dev.drp.it.support.ComposeProject;
import dev.drp.it.support.Programs;
import dev.drp.it.support.TestImages;
import dev.drp.plan.ComposeSettings;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.postgres.PostgresConnector;
import dev.drp.postgres.PostgresDataDirectories;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.LocalCommandRunner;
import dev.drp.runtime.RunningCommand;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All files of a server in a container of a Compose project are replaced, and brought back. */
@Tag("docker")
class DataDirectoryInContainerTest {
  private static final String DATA = "/var/lib/postgresql/data";

  private final ContainerRuntime engine = DockerContainerRuntime.of(System.getenv());
  private final PostgresConnector connector =
      new PostgresConnector(() -> engine, new LocalCommandRunner(), Clock.systemUTC());
  private final List<String> ranHere = new CopyOnWriteArrayList<>();
  private final String owner = "test-" + UUID.randomUUID();
  private final ComposeProject project = ComposeProject.withPostgres();
  private final Environment environment =
      Environment.builder("production", "local")
          .compose(new ComposeSettings(project.name(), project.folder(), List.of()))
          .database(DatabaseSettings.builder("app", "owner").service("database").build())
          .build();

  @TempDir private Path folder = Path.of("");

  @AfterEach
  void leavesNothing() {
    List<String> left = engine.leftovers(owner);
    engine.removeLeftovers(owner);
    project.close();
    engine.close();
    assertThat(left).isEmpty();
  }

  private DataDirectory open() {
    return open(
        command -> {
          ranHere.add(String.join(" ", command.arguments()));
          return new LocalCommandRunner().start(command);
        });
  }

  private DataDirectory open(Function<Command, RunningCommand> host) {
    return new PostgresDataDirectories(() -> engine, runner(host), Clock.systemUTC())
        .open(environment, owner);
  }

  private static CommandRunner runner(Function<Command, RunningCommand> start) {
    return new CommandRunner() {
      @Override
      public RunningCommand start(Command command) {
        return start.apply(command);
      }

      @Override
      public String place() {
        return "this host";
      }
    };
  }

  /** As if the engine were on another machine. */
  private static RunningCommand notHere(Command command) {
    throw new RecoveryException(
        ErrorCode.COMMAND_FAILED, command.program() + " is not to run here", "none.");
  }

  private ThrowawayServer recover(DataDirectory directory, Path tar) {
    return directory.recover(
        out -> Files.copy(tar, out), RecoveryTarget.consistent(), Progress.SILENT);
  }

  @Test
  void theRestoredFilesServeAlsoForComposeAndTheWayBackLosesNothing() throws IOException {
    project.sql("CREATE TABLE answers AS SELECT generate_series(1, 1000) AS id");
    project.sql("ALTER SYSTEM SET primary_conninfo = 'host=elsewhere'");
    project.sql("ALTER SYSTEM SET work_mem = '5MB'");
    Path backup = baseBackup("backup.tar");
    project.sql("DELETE FROM answers WHERE id > 10");
    String hba = fileInContainer("pg_hba.conf");

    try (DataDirectory directory = open()) {
      DataDirectory.Facts facts = directory.facts();
      assertThat(facts.place()).isEqualTo("container " + project.container("database"));
      assertThat(facts.volume()).isEqualTo(project.name() + "_data");
      assertThat(facts.running()).isTrue();
      assertThat(facts.majorVersions()).containsExactly(15);
      assertThat(facts.freeBytes()).isPresent();
      assertThat(facts.systemIdentifier())
          .contains(project.sql("SELECT system_identifier FROM pg_control_system()"));
      assertThat(directory.state()).isEqualTo(State.NOTHING);

      ThrowawayServer recovered = recover(directory, backup);

      assertThat(ranHere).as("past the engine").anyMatch(line -> line.contains("tar -x"));
      assertThat(directory.state()).isEqualTo(State.RECOVERED);
      try (ConsistentSnapshot snapshot = recovered.server().openSnapshot("app")) {
        assertThat(snapshot.countRows()).containsExactly(new TableRows("public", "answers", 1000));
      }
      assertThat(rows()).as("of the live server, meanwhile").isEqualTo("10");
      assertThat(files(baseBackup("beside.tar")))
          .contains("PG_VERSION")
          .noneMatch(DataDirectoryInContainerTest::isOurs);

      assertRefused(directory::switchTo, "are not ready: recovered");
      project.compose("up", "--detach", "--wait");
      assertThat(rows()).isEqualTo("10");

      recovered.remove(); // as a crash would: killed, not stopped
      directory.seal();
      assertThat(directory.state()).isEqualTo(State.READY);
    }
    killedInTheMiddleOfTheSwitch();
    project.compose("up", "--detach"); // what a person would try
    Programs.run("docker", "wait", project.container("database"));
    assertThat(besideStopped("ls \"$PGDATA\"")).doesNotContain("PG_VERSION", "base\n");

    try (DataDirectory directory = open()) {
      assertThat(directory.state()).isEqualTo(State.BETWEEN);
      assertRefused(directory::drop, "are on their way");
      directory.switchTo();
      assertThat(directory.state()).isEqualTo(State.SWITCHED);
    }
    assertThat(engine.leftovers(owner)).isEmpty();
    project.compose("up", "--detach", "--wait");
    assertThat(rows()).isEqualTo("1000");
    project.compose("down");
    project.compose("up", "--detach", "--wait");
    assertThat(rows()).isEqualTo("1000");
    assertThat(project.sql("SELECT pg_is_in_recovery()")).isEqualTo("f");
    assertThat(project.sql("SHOW primary_conninfo")).isEmpty();
    assertThat(project.sql("SHOW work_mem")).isEqualTo("5MB");
    assertThat(project.sql("SHOW listen_addresses")).isEqualTo("*");
    assertThat(fileInContainer("pg_hba.conf")).isEqualTo(hba);
    assertThat(project.execute("database", "ls", DATA))
        .doesNotContain("signal", "drp_wal", ".backup", "backup_label\n");
    assertThat(files(baseBackup("after.tar")))
        .contains("PG_VERSION")
        .noneMatch(DataDirectoryInContainerTest::isOurs);
    project.sql("INSERT INTO answers VALUES (0)");

    try (DataDirectory directory = open()) {
      directory.switchBack();
      assertThat(directory.state()).isEqualTo(State.READY);
      project.compose("up", "--detach", "--wait");
      assertThat(rows()).isEqualTo("10");
      assertThat(project.sql("SHOW primary_conninfo")).isEqualTo("host=elsewhere");

      directory.switchTo();
      project.compose("up", "--detach", "--wait");
      assertThat(rows()).as("with what was written before the way back").isEqualTo("1001");

      directory.drop();
      assertThat(directory.state()).isEqualTo(State.NOTHING);
    }
    assertThat(project.execute("database", "ls", DATA)).doesNotContain("pgsql_tmp_drp");
    assertThat(rows()).isEqualTo("1001");
  }

  @Test
  void bringsBackAServerThatHasLostEverything() throws IOException {
    project.sql("CREATE TABLE answers AS SELECT generate_series(1, 1000) AS id");
    Path backup = baseBackup("backup.tar");
    project.compose("stop", "--timeout", "0");
    besideStopped("rm -rf \"$PGDATA\"/*");

    try (DataDirectory directory = open(DataDirectoryInContainerTest::notHere)) {
      assertThat(directory.facts().systemIdentifier()).isEmpty();
      assertThat(directory.facts().running()).isFalse();

      recover(directory, backup);
      directory.seal();
      directory.switchTo();

      project.compose("up", "--detach", "--wait");
      assertThat(rows()).isEqualTo("1000");
      assertRefused(directory::switchBack, "there is no server in");
      project.compose("up", "--detach", "--wait");
      assertThat(rows()).isEqualTo("1000");
    }
  }

  private void killedInTheMiddleOfTheSwitch() {
    project.compose("stop", "--timeout", "0");
    besideStopped(
        """
        cd "$PGDATA/pgsql_tmp_drp_%s"
        mkdir replaced
        mv ../global/pg_control replaced.control
        mv ../PG_VERSION ../base replaced
        echo 'out replaced' > state
        """
            .formatted(owner));
  }

  private String rows() {
    return project.sql("SELECT count(*) FROM answers");
  }

  private String fileInContainer(String name) {
    return project.execute("database", "cat", DATA + "/" + name);
  }

  private Path baseBackup(String name) throws IOException {
    Path tar = folder.resolve(name);
    try (DatabaseServer server = connector.connect(environment);
        BaseBackup backup = server.openBaseBackup();
        OutputStream output = Files.newOutputStream(tar)) {
      backup.copyFiles(output);
    }
    return tar;
  }

  private static List<String> files(Path tar) {
    return Programs.run("tar", "-tf", tar.toString()).requireSuccess().stdout().lines().toList();
  }

  private static boolean isOurs(String name) {
    return name.contains("pgsql_tmp_drp");
  }

  /** Runs a script beside the data of a server that is stopped, as its account. */
  private String besideStopped(String script) {
    return Programs.run(
            "docker",
            "run",
            "--rm",
            "--network=none",
            "--volumes-from=" + project.container("database"),
            "--user=postgres",
            TestImages.postgres(),
            "sh",
            "-c",
            script)
        .requireSuccess()
        .stdout();
  }

  private static void assertRefused(Runnable action, String message) {
    assertThatThrownBy(action::run)
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED))
        .hasMessageContaining(message);
  }
}
