package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.it.support.Cli;
import dev.drp.it.support.Journals;
import dev.drp.it.support.Programs;
import dev.drp.it.support.ReferenceStack;
import dev.drp.it.support.ReferenceStack.Project;
import dev.drp.it.support.SecondHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Docker engine is stopped in the midst of a recovery plan, and started again later. */
@Tag("docker")
@Tag("full")
class EngineStoppedTest {
  private static final String ANSWER = "d'accord";

  @TempDir private static Path folder;
  private static SecondHost host;
  private static ReferenceStack stack;
  private static Project production;

  @BeforeAll
  static void startProductionElsewhere() throws IOException {
    Path site = Files.createDirectory(folder.resolve("site"));
    stack = ReferenceStack.make(site);
    host = SecondHost.start(folder.resolve("host"));
    host.load(
        stack.production().compose("config", "--images").lines().distinct().toArray(String[]::new));
    production = stack.on(host).production().up().load(40);
  }

  @AfterAll
  static void endThatMachine() {
    try {
      if (stack != null) {
        stack.close();
      }
    } finally {
      if (host != null) {
        host.close();
      }
    }
  }

  @BeforeEach
  void everythingServes() {
    host.startEngine(); // where a test failed before it did
    production.up();
    production.answer(1, 2, ANSWER);
  }

  private static String[] arguments(String... arguments) {
    List<String> all =
        new ArrayList<>(List.of("--state", folder.resolve("state").toString(), "--output", "json"));
    all.addAll(List.of(arguments));
    return all.toArray(String[]::new);
  }

  private static Cli cli() {
    return Cli.in(stack.folder()).on(host);
  }

  private static JsonNode report(int exitCode, String... arguments) throws IOException {
    return report(exitCode, cli().run(arguments(arguments)));
  }

  private static JsonNode report(int exitCode, Programs.Result result) throws IOException {
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(exitCode);
    return new ObjectMapper().readTree(result.stdout());
  }

  /** Executes a plan until that step has begun, and stops the engine: it pauses, and says why. */
  private static String pausedIn(String step, String... arguments) throws Exception {
    Process running = cli().start(arguments(arguments));
    String execution = Journals.awaitStep(folder.resolve("state"), step);
    host.stopEngine();

    JsonNode paused = report(7, Cli.finish(running));

    assertThat(paused.path("state").asText()).isEqualTo("PAUSED_BY_FAILED_STEP");
    assertThat(paused.at("/problem/problem").asText())
        .as("not answered any more, or answered by an engine that is about to end")
        .contains("the container engine at unix:///var/run/docker.sock");
    assertThat(report(7, "resume", execution).at("/problem/problem").asText())
        .as("while it is still stopped")
        .contains("container engine");
    host.startEngine();
    return execution;
  }

  private static void assertServes() {
    assertThat(production.get("/health").status()).isEqualTo(200);
    assertThat(production.surveys()).isEqualTo(10);
    assertThat(production.answer(1, 2)).isEqualTo(ANSWER);
  }

  @Test
  void aRestartGoesOn() throws Exception {
    String execution = pausedIn("start-services", "recover", "restart", "production");

    assertThat(report(0, "resume", execution).path("state").asText()).isEqualTo("COMPLETED");
    assertServes();
  }

  @Test
  void theApplicationIsRestartedOnceItIsBack() throws Exception {
    String execution = pausedIn("restart-services", "recover", "application", "production");

    assertThat(report(0, "resume", execution).path("state").asText()).isEqualTo("COMPLETED");
    assertServes();
  }

  @Test
  void aDatabaseThatWasNotReplacedYetServesAgainAndOneThatWasGoesOn() throws Exception {
    report(0, "backup", "production", "--kind", "physical");
    String[] recover = {"recover", "database", "production", "--confirm", ReferenceStack.DATABASE};
    String backedUp = production.answer(1, 3);
    production.answer(1, 3, "after the backup");

    String undone = pausedIn("recover-beside", recover);
    assertThat(report(1, "resume", undone).path("state").asText()).isEqualTo("FAILED");
    assertServes();
    assertThat(production.answer(1, 3)).isEqualTo("after the backup");
    assertThat(host.run("docker", "ps", "--all", "--format={{.Names}}").stdout().lines())
        .as("no server that recovered beside it is left")
        .hasSize(4);

    production.sql("drop table answers cascade");
    String replaced = pausedIn("start-writers", recover);
    assertThat(report(0, "resume", replaced).path("state").asText()).isEqualTo("AWAITING_COMMIT");
    assertServes();
    assertThat(production.answer(1, 3)).isEqualTo(backedUp);
    report(0, "restore-commit", replaced, "--confirm", ReferenceStack.DATABASE);
  }
}
