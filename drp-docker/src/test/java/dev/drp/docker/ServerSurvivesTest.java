package dev.drp.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drp.Secret;
import dev.drp.runtime.ByteStream;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandMark;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.MarkedPrograms;
import dev.drp.runtime.RunningCommand;
import dev.drp.runtime.ThrowawayContainer;
import dev.drp.runtime.ThrowawayRequest;
import dev.drp.runtime.Tunnel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The database server is its container's first process, and restarts when an orphan is ended by a
 * signal. Whatever we run in there and end there must not do that to production.
 */
@Tag("docker")
class ServerSurvivesTest {
  private static final String SLOW =
      "perl -e '$0 = \"sleep 7172\"; $SIG{TERM} = sub { sleep 1; exit 3 }; sleep 7172'";

  private static ThrowawayContainer container;

  @BeforeAll
  static void startServer() {
    container =
        TestContainers.RUNTIME.startThrowaway(
            new ThrowawayRequest(
                "server-survives",
                TestContainers.imageId(),
                Map.of("POSTGRES_PASSWORD", new Secret("test")),
                List.of(),
                OptionalLong.empty(),
                OptionalLong.empty()));
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> String.join("\n", log()).split("ready to accept connections", -1).length > 2);
  }

  @AfterAll
  static void removeServer() {
    assertThat(container.remove()).isEmpty();
  }

  @Test
  void connectionsThatOpenAndClose() {
    Tunnel tunnel = TestContainers.RUNTIME.tunnelInto(container.container());

    for (int i = 0; i < 5; i++) {
      try (ByteStream connection = tunnel.connect(5432)) {
        assertThat(connection.output()).isNotNull();
      }
    }

    assertServerNeverCrashed();
  }

  @Test
  void programsThatStartedOthersAndAreEnded() {
    RunningCommand family =
        runner().start(Command.of("bash", "-c", "sleep 7171 & (sleep 7172 & sleep 7173); wait"));
    await().until(() -> sleeping() == 3);

    family.close();

    assertThat(sleeping()).isZero();
    assertServerNeverCrashed();
  }

  /**
   * The one that is waited for ends at once; whoever waited for it ends too, before the slow one.
   */
  @Test
  void aProgramThatTakesItsTimeToEndBesideOneThatDoesNot() {
    RunningCommand family = runner().start(Command.of("bash", "-c", SLOW + " & sleep 7171; exit"));
    await().until(() -> sleeping() == 2);

    family.close();

    assertThat(sleeping()).isZero();
    assertServerNeverCrashed();
  }

  /** As where no shell is in there, or a killed run left them: root sees them from outside. */
  @Test
  void programsThatAreEndedFromOutside() throws IOException {
    RunningCommand family = runner().start(Command.of("bash", "-c", SLOW + " & sleep 7173; exit"));
    await().until(() -> sleeping() == 2);

    new MarkedPrograms(markOf("sleep 7173")).end();

    assertThat(sleeping()).isZero();
    assertServerNeverCrashed();
    family.close();
  }

  private static String markOf(String line) throws IOException {
    ProcessHandle process =
        ProcessHandle.allProcesses()
            .filter(it -> it.info().commandLine().orElse("").endsWith(line))
            .findFirst()
            .orElseThrow();
    String environment = Files.readString(Path.of("/proc/%d/environ".formatted(process.pid())));
    return Stream.of(environment.split("\0", -1))
        .filter(it -> it.startsWith(CommandMark.VARIABLE + "="))
        .map(it -> it.substring(CommandMark.VARIABLE.length() + 1))
        .findFirst()
        .orElseThrow();
  }

  private static long sleeping() {
    return Long.parseLong(
        runner()
            .run(
                Command.of(
                    "sh", "-c", "grep -la '^sleep.717' /proc/[0-9]*/cmdline 2>/dev/null | wc -l"))
            .strip());
  }

  private static CommandRunner runner() {
    return TestContainers.RUNTIME.commandsIn(container.container());
  }

  private static void assertServerNeverCrashed() {
    assertThat(log()).noneMatch(line -> line.contains("terminated by signal"));
    assertThat(log()).noneMatch(line -> line.contains("reinitializing"));
  }

  private static List<String> log() {
    return container.lastLogLines(500);
  }
}
