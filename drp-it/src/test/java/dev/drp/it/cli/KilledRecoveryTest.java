package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.caddy.CaddyProcess;
import dev.drp.it.support.Cli;
import dev.drp.it.support.Programs;
import dev.drp.it.support.ReferenceStack;
import dev.drp.it.support.ReferenceStack.Project;
import dev.drp.it.support.Shop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The program is killed with -9 inside steps that change something, one after the other, and each
 * time resumed: the end is the same, and nothing was done twice.
 *
 * <p>It is killed where it hurts most: what a step runs has done its work, and the program does not
 * know yet.
 */
@Tag("docker")
class KilledRecoveryTest {
  private static final String ANSWER = "d'accord";
  private static final String[] CONFIRMED = {"--confirm", ReferenceStack.DATABASE};

  @TempDir private static Path folder;
  private static ReferenceStack stack;
  private static Project production;
  private static Project staging;
  private static CaddyProcess caddy;

  /** Programs that wait, once they have done their work, in the step that is named here. */
  private static Path held;

  private static Path reached;
  private static Path go;
  private static Path effects;

  @BeforeAll
  static void makeStack() throws IOException {
    stack = ReferenceStack.make(folder);
    production = stack.production();
    staging = stack.staging();
    held = folder.resolve("held");
    reached = folder.resolve("reached");
    go = folder.resolve("go");
    effects = Files.createDirectory(folder.resolve("effects"));
    holdDocker(Files.createDirectory(folder.resolve("programs")));
    for (Project project : List.of(production, staging)) {
      Path server = project.apps().resolve("backend/server.js");
      String text = Files.readString(server);
      String slowly = "process.on('SIGTERM', () => setTimeout(() => process.exit(0), 5000))";
      assertThat(text).contains("process.on('SIGTERM', () => process.exit(0))");
      Files.writeString(
          server, text.replace("process.on('SIGTERM', () => process.exit(0))", slowly));
    }
    caddy = new CaddyProcess(Files.createDirectory(folder.resolve("caddy")));
    serve("old");
    caddy.start();
    writePlan();
  }

  private static void serve(String answer) {
    caddy.configure(
        "http://127.0.0.1:%d {\n\timport drp.d/production.*\n\trespond \"%s\"\n}\n"
            .formatted(caddy.httpPort(), answer));
  }

  @AfterAll
  static void stopAll() {
    try {
      caddy.close();
    } finally {
      stack.close();
    }
  }

  /** A {@code docker} that waits after the work of Compose and of one-off containers. */
  private static void holdDocker(Path programs) throws IOException {
    String real = Programs.run("sh", "-c", "command -v docker").stdout().strip();
    Path docker = programs.resolve("docker");
    Files.writeString(
        docker,
        """
        #!/bin/sh
        step=$(cat %1$s 2>/dev/null)
        case "$*" in
        *" down "* | *" --detach "* | *" node migrate.js") ;;
        *) exec %4$s "$@" ;;
        esac
        [ -n "$step" ] && cat "$(ls %5$s/*.jsonl | tail -n 1)" | grep -qF "\\"step\\":\\"$step\\",\\"state\\":\\"RUNNING\\"" || exec %4$s "$@"
        %4$s "$@"
        status=$?
        : >%2$s
        while [ ! -e %3$s ]; do sleep 0.1; done
        exit $status
        """
            .formatted(held, reached, go, real, executions()));
    Files.setPosixFilePermissions(docker, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** A team's plan of programs that leave a line each time that they do their work. */
  private static void writePlan() throws IOException {
    Path effect = folder.resolve("effect");
    Files.writeString(
        effect,
        """
        #!/bin/sh
        name=$1
        shift
        [ $# -eq 0 ] || "$@"
        echo done >>%1$s/$name
        [ "$(cat %2$s 2>/dev/null)" = $name ] || exit 0
        : >%3$s
        while [ ! -e %4$s ]; do sleep 0.1; done
        """
            .formatted(effects, held, reached, go));
    Files.setPosixFilePermissions(effect, PosixFilePermissions.fromString("rwxr-xr-x"));
    String plan = Files.readString(stack.plan());
    Files.writeString(
        stack.plan(),
        plan.replaceFirst(
                "(?m)^    site: primary$",
                """
                    site: primary
                    proxy:
                      caddyfile: %s
                      admin: %s
                      sites: ['http://127.0.0.1:%d']
                      restart: [%s, restart, %s]\
                """
                    .formatted(
                        caddy.caddyfile(),
                        caddy.admin(),
                        caddy.httpPort(),
                        effect,
                        String.join(", ", caddy.restartCommand())))
            + """
            notify: [%1$s, tell]
            recovery-plans:
              ours:
                phases:
                  - name: all
                    steps:
                      - { name: mark, run: [%1$s, mark], done-when: [test, -s, %2$s/mark], undo: [%1$s, unmark] }
                      - { name: tell, notify: it began }
                      - { name: route, proxy: apply }
                      - { name: restart, proxy: restart }
                      - { name: sign, run: [%1$s, sign] }
            """
                .formatted(effect, effects));
  }

  private static Path executions() {
    return folder.resolve("state/executions");
  }

  @BeforeEach
  void everythingServes() throws IOException {
    for (Project project : List.of(production, staging)) {
      project.up();
      if (project.sql("select count(*) from users").equals("0")) {
        project.load(40);
      }
      project.answer(1, 2, ANSWER);
    }
    try (Stream<Path> old = Files.list(effects)) {
      for (Path file : old.toList()) {
        Files.delete(file);
      }
    }
  }

  private static String[] arguments(String... arguments) {
    List<String> all =
        new ArrayList<>(List.of("--state", folder.resolve("state").toString(), "--output", "json"));
    all.addAll(List.of(arguments));
    return all.toArray(String[]::new);
  }

  private static JsonNode drp(int exitCode, String... arguments) throws IOException {
    Programs.Result result = Cli.in(folder).run(arguments(arguments));
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(exitCode);
    return new ObjectMapper().readTree(result.stdout());
  }

  /** Kills it once a program that this step runs has done its work; returns the execution. */
  private static String killedIn(String step, String... arguments) throws Exception {
    Files.writeString(held, step);
    Files.deleteIfExists(reached);
    Files.deleteIfExists(go);
    return killed(step, () -> Files.exists(reached), arguments);
  }

  /** Kills it once this step has begun and a condition holds; returns the execution. */
  private static String killedWhile(String step, Callable<Boolean> condition, String... arguments)
      throws Exception {
    Files.deleteIfExists(held);
    return killed(step, () -> isAt(step) && condition.call(), arguments);
  }

  private static String killed(String step, Callable<Boolean> moment, String... arguments)
      throws Exception {
    String path = folder.resolve("programs") + ":" + System.getenv("PATH");
    Process drp = Cli.in(folder).with("PATH", path).start(arguments(arguments));
    try {
      Shop.await(() -> !drp.isAlive() || moment.call());
      assertThat(drp.isAlive()).as("%s: %s", step, newest()).isTrue();
    } finally {
      drp.destroyForcibly().waitFor();
      Files.deleteIfExists(held);
      Files.writeString(go, "");
    }
    assertThat(isAt(step)).as("killed inside %s: %s", step, Files.readString(newest())).isTrue();
    return newest().getFileName().toString().replace(".jsonl", "");
  }

  /** Whether the last that the newest journal tells of a step is that this one has begun. */
  private static boolean isAt(String step) throws IOException {
    if (!Files.exists(executions())) {
      return false;
    }
    String journal = Files.readString(newest());
    int begun = journal.lastIndexOf("\"step\":\"%s\",\"state\":\"RUNNING\"".formatted(step));
    return begun >= 0 && begun == journal.lastIndexOf("\"step\":\"");
  }

  private static Path newest() throws IOException {
    try (Stream<Path> all = Files.list(executions())) {
      return all.filter(it -> it.toString().endsWith(".jsonl"))
          .max(Path::compareTo)
          .orElse(executions());
    }
  }

  private static boolean runs(String container) {
    return inspect(container, "{{.State.Running}}").equals("true");
  }

  private static String inspect(String container, String format) {
    return Programs.run("docker", "inspect", "--format=" + format, container).stdout().strip();
  }

  /**
   * What the engine tells of a project's containers from now on, without those of one-off programs:
   * it remembers too little to be asked afterwards.
   */
  private record Events(Path told, Process process) implements AutoCloseable {
    static Events of(Project project) throws IOException {
      Path told = Files.createTempFile(folder, "events", "");
      Process process =
          new ProcessBuilder(
                  "docker",
                  "events",
                  "--since=" + Instant.now().getEpochSecond(),
                  "--filter=event=create",
                  "--filter=event=start",
                  "--filter=label=com.docker.compose.project=" + project.name(),
                  "--filter=label=com.docker.compose.oneoff=False",
                  "--format={{.Action}} {{.Actor.Attributes.name}}")
              .redirectOutput(told.toFile())
              .start();
      return new Events(told, process);
    }

    List<String> all(String what) throws IOException {
      return Files.readAllLines(told).stream()
          .filter(line -> line.startsWith(what + " "))
          .map(line -> line.substring(what.length() + 1))
          .toList();
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  private static String[] all(Project project, String... services) {
    return Arrays.stream(services).map(project::container).toArray(String[]::new);
  }

  private static long effects(String name) throws IOException {
    Path file = effects.resolve(name);
    return Files.exists(file) ? Files.readAllLines(file).size() : 0;
  }

  private static void assertServes(Project project) {
    assertThat(project.get("/health").status()).isEqualTo(200);
    assertThat(project.answer(1, 2)).isEqualTo(ANSWER);
  }

  @Test
  void inAPlanOfTheTeam() throws Exception {
    serve("new");
    String execution = killedIn("mark", "recover", "ours", "production");
    killedIn("tell", "resume", execution);
    drp(7, "resume", execution); // nobody can tell whether people were told
    Programs.run("kill", "-STOP", caddyProcess());
    try {
      killedWhile("route", () -> true, "resume", execution, "--done", "tell");
    } finally {
      Programs.run("kill", "-CONT", caddyProcess());
    }
    killedIn("restart", "resume", execution);
    killedIn("sign", "resume", execution);

    JsonNode unknown = drp(7, "resume", execution);

    assertThat(unknown.path("state").asText()).isEqualTo("PAUSED_BY_FAILED_STEP");
    JsonNode done = drp(0, "resume", execution, "--done", "sign");
    assertThat(done.path("state").asText()).isEqualTo("COMPLETED");
    for (String once : List.of("mark", "tell", "sign")) {
      assertThat(effects(once)).as(once).isEqualTo(1);
    }
    assertThat(Programs.run("curl", "-s", "http://127.0.0.1:" + caddy.httpPort()).stdout())
        .isEqualTo("new");
    assertServes(production);
  }

  private static String caddyProcess() throws IOException {
    return Files.readString(folder.resolve("caddy/pid")).strip();
  }

  @Test
  @Tag("full")
  void anAbortTakesBackWhatAKilledOneDid() throws Exception {
    String execution = killedIn("sign", "recover", "ours", "production");

    JsonNode report = drp(0, "abort", execution, "--reason", "not our day");

    assertThat(report.path("state").asText()).isEqualTo("ROLLED_BACK");
    assertThat(effects("unmark")).isEqualTo(1);
    assertServes(production);
  }

  @Test
  @Tag("full")
  void inARestart() throws Exception {
    try (Events events = Events.of(production)) {
      String execution = killedIn("stop-services", "recover", "restart", "production");
      killedIn("start-services", "resume", execution);

      JsonNode report = drp(0, "resume", execution);

      assertThat(report.path("state").asText()).isEqualTo("COMPLETED");
      String[] all = all(production, "db", "backend", "frontend", "nginx");
      Shop.await(() -> events.all("start").containsAll(List.of(all)));
      assertThat(events.all("create")).containsExactlyInAnyOrder(all);
      assertThat(events.all("start")).containsExactlyInAnyOrder(all);
    }
    assertServes(production);
  }

  /** What was restarted already is restarted again: a restart leaves no trace in a service. */
  @Test
  @Tag("full")
  void inARecoveryOfTheApplication() throws Exception {
    try (Events events = Events.of(production)) {
      String execution = killedIn("restart-services", "recover", "application", "production");

      JsonNode report = drp(0, "resume", execution);

      assertThat(report.path("state").asText()).isEqualTo("COMPLETED");
      List<String> restarted = List.of(all(production, "backend", "frontend", "nginx"));
      Shop.await(() -> events.all("start").containsAll(restarted));
      assertThat(events.all("start")).doesNotContain(production.container("db"));
    }
    assertServes(production);
  }

  @Test
  @Tag("full")
  void inARecoveryOfTheDatabase() throws Exception {
    production.sql("delete from migrations where name = 'Indexes'"); // as a backup of last month
    drp(0, "backup", "production", "--kind", "physical");
    production.sql("delete from answers");
    String database = production.container("db");
    String stopped = production.container("nginx");
    String execution =
        killedWhile(
            "stop-writers",
            () -> !runs(stopped),
            "recover",
            "database",
            "production",
            "--confirm",
            ReferenceStack.DATABASE);
    killedWhile("recover-beside", () -> true, "resume", execution);
    killedWhile("switch", () -> !runs(database), "resume", execution);
    killedIn("apply-migrations", "resume", execution);
    try (Events events = Events.of(production)) {
      killedIn("start-writers", "resume", execution);

      JsonNode report = drp(0, "resume", execution);

      assertThat(report.path("state").asText()).isEqualTo("AWAITING_COMMIT");
      List<String> writers = List.of(all(production, "backend", "nginx"));
      Shop.await(() -> events.all("start").containsAll(writers));
      assertThat(events.all("start")).containsExactlyInAnyOrderElementsOf(writers);
    }
    assertServes(production);
    assertThat(production.sql("select count(*) from migrations where name = 'Indexes'"))
        .isEqualTo("1");
    drp(0, "restore-undo", execution, CONFIRMED[0], CONFIRMED[1]);
    assertThat(production.sql("select count(*) from answers")).as("as it was").isEqualTo("0");
    drp(0, "restore-commit", execution, CONFIRMED[0], CONFIRMED[1]);
  }

  @Test
  @Tag("full")
  void inASimulation() throws Exception {
    drp(0, "backup", "staging", "--kind", "physical");
    staging.answer(1, 3, "after the backup");
    String stopped = staging.container("nginx");
    String execution =
        killedWhile("stop-all", () -> !runs(stopped), "recover", "simulate", "staging");
    killedWhile("switch", () -> true, "resume", execution);
    killedIn("start-writers", "resume", execution);

    JsonNode report = drp(0, "resume", execution);

    assertThat(report.path("state").asText()).isEqualTo("COMPLETED");
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
}
