package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.it.support.Cli;
import dev.drp.it.support.Journals;
import dev.drp.it.support.Programs;
import dev.drp.it.support.ReferenceStack;
import dev.drp.it.support.ReferenceStack.Project;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The recovery plans, on production and staging as they run. */
@Tag("docker")
@Order(1) // one of the longest
class RecoverTest {
  private static final String ANSWER = "d'accord";

  @TempDir private static Path folder;
  private static ReferenceStack stack;
  private static Project production;
  private static Project staging;

  @BeforeAll
  static void startBoth() throws IOException {
    stack = ReferenceStack.makeBehindCaddy(folder);
    production = stack.production().up().load(40);
    staging = stack.staging().up().load(40);
    Files.writeString(
        stack.plan(),
        """
        recovery-plans:
          checklist:
            phases:
              - name: all
                steps:
                  - { name: stop, compose: stop-writers }
                  - group: look
                    steps:
                      - { name: the data is well, approval: start again }
                      - { name: the machine is well, run: [uptime] }
                  - { name: start, compose: up }
        """,
        StandardOpenOption.APPEND);
  }

  @AfterAll
  static void stopAll() {
    stack.close();
  }

  @BeforeEach
  void everythingServes() {
    for (Project project : List.of(production, staging)) {
      project.up();
      project.answer(1, 2, ANSWER);
    }
  }

  private static Programs.Result drp(String... arguments) {
    return Cli.in(folder).run(arguments(arguments));
  }

  private static String[] arguments(String... arguments) {
    List<String> all =
        new ArrayList<>(List.of("--state", folder.resolve("state").toString(), "--output", "json"));
    all.addAll(List.of(arguments));
    return all.toArray(String[]::new);
  }

  private static JsonNode report(int exitCode, String... arguments) throws IOException {
    Programs.Result result = drp(arguments);
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(exitCode);
    return new ObjectMapper().readTree(result.stdout());
  }

  private static void assertServes(Project project) {
    String host = project == production ? "app.localhost" : "staging.localhost";
    assertThat(stack.visit(host)).startsWith("200 ");
    assertThat(project.get("/health").status()).isEqualTo(200);
    assertThat(project.surveys()).isEqualTo(10);
  }

  private static String stateOf(JsonNode report, String step) {
    for (JsonNode phase : report.path("phases")) {
      for (JsonNode each : phase.path("steps")) {
        if (each.path("name").asText().equals(step)) {
          return each.path("state").asText();
        }
      }
    }
    return "";
  }

  @Test
  void restartBringsEverythingBackWithItsData() throws Exception {
    Programs.run("docker", "kill", production.container("backend"), production.container("nginx"));
    stack.killCaddy();

    JsonNode report = report(0, "recover", "restart", "production");

    assertThat(report.path("state").asText()).isEqualTo("COMPLETED");
    assertThat(stateOf(report, "restart-proxy")).isEqualTo("SUCCEEDED");
    assertServes(staging);
    assertThat(report.at("/objectives/recoveryTime/state").asText()).isEqualTo("MET");
    assertServes(production);
    assertThat(production.answer(1, 2)).isEqualTo(ANSWER);
    Path kept =
        folder.resolve("state/executions/" + report.path("execution").asText() + ".evidence");
    assertThat(kept.resolve(production.container("backend") + ".log")).isNotEmptyFile();
  }

  @Test
  void restartStopsNothingWhenAVariableIsMissing() throws Exception {
    Path variables = production.apps().resolve(".env");
    String before = Files.readString(variables);
    Files.writeString(variables, before.replaceFirst("(?m)^HTTP_PORT=.*\\n", ""));
    try {
      Programs.Result refused = drp("recover", "restart", "production");

      assertThat(refused.exitCode()).isEqualTo(1);
      assertThat(refused.toString()).contains("HTTP_PORT");
      assertServes(production);
    } finally {
      Files.writeString(variables, before);
    }
  }

  @Test
  void applicationRestartsWhatIsDeadAndLeavesTheDatabaseAlone() throws Exception {
    Programs.run("docker", "kill", staging.container("backend"));
    String database = startedAt(staging.container("db"));

    report(0, "recover", "application", "staging");

    assertServes(staging);
    assertThat(startedAt(staging.container("db"))).isEqualTo(database);
  }

  private static String startedAt(String container) {
    return Programs.run("docker", "inspect", "--format={{.State.StartedAt}}", container).stdout();
  }

  @Test
  void databaseComesBackFromADumpAndTheDamagedOneCanBeHadAgain() throws Exception {
    production.sql("delete from migrations where name = 'Indexes'"); // as a backup of last month
    report(0, "backup", "production", "--kind", "logical");
    production.sql("delete from answers");

    Process recovery =
        Cli.in(folder)
            .start(
                arguments(
                    "recover",
                    "database",
                    "production",
                    "--kind",
                    "logical",
                    "--confirm",
                    ReferenceStack.DATABASE));
    Journals.awaitStep(folder.resolve("state"), "stop-writers");
    assertThat(stack.visit("app.localhost")).as("the maintenance page").startsWith("503 ");
    assertThat(stack.visit("staging.localhost")).startsWith("200 ");
    Programs.Result ended = Cli.finish(recovery);
    assertThat(ended.exitCode()).as(ended.toString()).isZero();
    JsonNode report = new ObjectMapper().readTree(ended.stdout());

    assertThat(report.path("state").asText()).isEqualTo("AWAITING_COMMIT");
    assertThat(stateOf(report, "apply-migrations")).isEqualTo("SUCCEEDED");
    assertThat(report.toString()).contains("\"pending migrations\"", "\"Indexes\"");
    assertServes(production);
    assertThat(production.answer(1, 2)).isEqualTo(ANSWER);

    String execution = report.path("execution").asText();
    report(0, "restore-undo", execution, "--confirm", ReferenceStack.DATABASE);
    assertThat(production.answers()).isZero();
    report(0, "restore-commit", execution, "--confirm", ReferenceStack.DATABASE);
    production.up();
    report(
        0,
        "recover",
        "database",
        "production",
        "--kind",
        "logical",
        "--confirm",
        ReferenceStack.DATABASE);
    assertThat(production.answer(1, 2)).isEqualTo(ANSWER);
  }

  @Test
  void databaseComesBackFromItsFilesAfterAKillInTheMidstOfIt() throws Exception {
    report(0, "backup", "production", "--kind", "physical");
    production.sql("drop table answers cascade");
    Process killed =
        Cli.in(folder)
            .start(
                arguments(
                    "recover", "database", "production", "--confirm", ReferenceStack.DATABASE));
    String execution = Journals.awaitStep(folder.resolve("state"), "recover-beside");
    killed.destroyForcibly().waitFor(1, TimeUnit.MINUTES);

    JsonNode report = report(0, "resume", execution);

    assertThat(report.path("state").asText()).isEqualTo("AWAITING_COMMIT");
    assertThat(stateOf(report, "stop-writers")).isEqualTo("SUCCEEDED");
    assertServes(production);
    assertThat(production.answer(1, 2)).isEqualTo(ANSWER);
    report(0, "restore-commit", execution, "--confirm", ReferenceStack.DATABASE);
  }

  @Test
  void aSimulationMeasuresTheRecoveryAndPutsStagingBackAsItWas() throws Exception {
    staging.sql("delete from migrations where name = 'Indexes'"); // as a backup of last month
    report(0, "backup", "staging", "--kind", "physical");
    staging.sql("insert into migrations(timestamp, name) values (2, 'Indexes')");
    staging.answer(1, 3, "after the backup");

    JsonNode report = report(0, "recover", "simulate", "staging");

    assertThat(report.path("state").asText()).isEqualTo("COMPLETED");
    assertThat(report.path("mode").asText()).isEqualTo("DRILL");
    assertThat(report.at("/objectives/recoveryTime/actualSeconds").asDouble()).isPositive();
    assertThat(stateOf(report, "switch")).isEqualTo("UNDONE");
    assertThat(report.toString()).contains("\"pending migrations\"", "\"Indexes\"");
    assertThat(stateOf(report, "apply-migrations")).isEqualTo("SUCCEEDED");
    assertServes(staging);
    assertThat(staging.answer(1, 3)).isEqualTo("after the backup");
    assertThat(
            Programs.run(
                    "docker",
                    "exec",
                    staging.container("db"),
                    "sh",
                    "-c",
                    "ls /var/lib/postgresql/data | grep pgsql_tmp_drp || true")
                .stdout())
        .isEmpty();
  }

  @Test
  void refusesToSimulateOnProduction() {
    Programs.Result refused = drp("recover", "simulate", "production");

    assertThat(refused.exitCode()).isEqualTo(6);
    assertThat(refused.toString()).contains("is protected");
    assertServes(production);
  }

  @Test
  void aPersonApprovesFromAnotherTerminal() throws Exception {
    Process waiting = Cli.in(folder).start(arguments("recover", "checklist", "production"));
    String execution = Journals.awaitStep(folder.resolve("state"), "the data is well");

    JsonNode approved = report(0, "approve", execution, "--by", "Ada", "--reason", "checked");

    assertThat(approved.path("running").asBoolean()).isTrue();
    assertThat(Cli.finish(waiting).exitCode()).isZero();
    assertServes(production);
  }

  @Test
  void anAbortFromAnotherTerminalStartsWhatWasStopped() throws Exception {
    Process waiting = Cli.in(folder).start(arguments("recover", "checklist", "production"));
    String execution = Journals.awaitStep(folder.resolve("state"), "the data is well");
    Programs.Result second = drp("recover", "restart", "production");
    assertThat(second.exitCode()).as("two operators at once").isEqualTo(5);

    drp("abort", execution, "--by", "Bo", "--reason", "wrong server").requireSuccess();

    assertThat(Cli.finish(waiting).exitCode()).isEqualTo(130);
    assertServes(production);
  }
}
