package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.it.support.AgeKey;
import dev.drp.it.support.Cli;
import dev.drp.it.support.Programs;
import dev.drp.it.support.ReferenceStack;
import dev.drp.it.support.ReferenceStack.Project;
import dev.drp.it.support.Shop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users have uploaded is lost with everything else; an encrypted system backup holds it. */
@Tag("docker")
class RebuildVolumesTest {
  /** Long enough that its way into a volume can be cut. */
  private static final int VIDEO = 40_000_000;

  @TempDir private Path folder;
  private ReferenceStack stack;
  private Project production;
  private AgeKey operator;

  @BeforeEach
  void startProduction() throws IOException {
    stack = ReferenceStack.make(folder);
    operator = AgeKey.generate(folder.resolve("operator.txt"));
    Files.writeString(
        stack.plan(),
        "encryption: { recipients: [%s] }\n".formatted(operator.recipient()),
        StandardOpenOption.APPEND);
    production = stack.production().up().load(40);
  }

  @AfterEach
  void stopAll() {
    fillers().lines().forEach(it -> Programs.run("docker", "rm", "--force", it));
    stack.close();
  }

  /** The container by which the volume is filled, if it is there. */
  private String fillers() {
    String name = "name=drp-fills-" + production.volume("uploads");
    return Programs.run("docker", "ps", "--all", "--quiet", "--filter", name).stdout();
  }

  private String backend(String script) {
    return production.compose("exec", "--no-TTY", "backend", "bash", "-ec", script);
  }

  private String[] arguments(String... arguments) {
    List<String> all =
        new ArrayList<>(List.of("--state", folder.resolve("state").toString(), "--output", "json"));
    all.addAll(List.of("--identity", operator.identity().toString()));
    all.addAll(List.of(arguments));
    return all.toArray(String[]::new);
  }

  private JsonNode json(int exitCode, String... arguments) throws IOException {
    Programs.Result result = Cli.in(folder).run(arguments(arguments));
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(exitCode);
    return new ObjectMapper().readTree(result.stdout());
  }

  private String[] rebuild(String... more) {
    List<String> all =
        new ArrayList<>(List.of("rebuild", "production", "--kind", "logical", "--confirm"));
    all.add(ReferenceStack.DATABASE);
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  /** Kind, mode, owner, links, time and content of all that is there. */
  private static final String LIST =
      """
      cd /srv/uploads
      find . -printf '%P %y %m %U:%G %n %Ts %l\\n' | sort
      find . -type f -exec sha256sum {} + | sort
      """;

  @Test
  void uploadsComeBackAsTheyWereAlsoAfterAKillInTheMidstOfIt() throws Exception {
    backend(
        """
        cd /srv/uploads; mkdir -p users/ada
        head -c %d /dev/urandom > users/ada/video
        echo portrait > users/ada/me.png; chmod 640 users/ada/me.png
        ln users/ada/me.png users/ada/same.png; ln -s ../../elsewhere users/outside
        echo secret > key; chmod 4600 key
        touch -d '2020-02-02 02:02:02 UTC' users/ada/me.png
        chown -R 1000:33 .; chmod 2750 .
        """
            .formatted(VIDEO));
    String before = backend(LIST);
    assertThat(before).contains("users/ada/me.png f 640 1000:33 2 1580608922");
    json(0, "backup", "production", "--kind", "system");
    production.compose("down", "--volumes", "--timeout", "0");
    Programs.run("rm", "-r", folder.resolve("askandtrust-prod").toString()).requireSuccess();

    JsonNode check = json(0, rebuild("--mode", "check"));
    assertThat(check.toString()).contains("files of volume " + production.volume("uploads"));
    Process killed = Cli.in(folder).start(arguments(rebuild()));
    Shop.await(() -> !fillers().isEmpty());
    killed.destroyForcibly().waitFor(1, TimeUnit.MINUTES);

    JsonNode report = json(0, "resume", execution());

    assertThat(report.path("state").asText()).isEqualTo("AWAITING_COMMIT");
    assertThat(backend(LIST)).isEqualTo(before);
    assertThat(fillers()).isEmpty();
    assertThat(production.get("/health").status()).isEqualTo(200);
    String up = "cd '%s' && docker compose -p %s -f %s up -d 2>&1";
    Programs.Result again =
        Programs.run(
            "sh", "-c", up.formatted(production.apps(), production.name(), production.file()));
    assertThat(again.stdout())
        .as("the team's own Compose takes everything for its own")
        .doesNotContain("already exists", "Creat", "Recreat");
  }

  private String execution() throws IOException {
    try (Stream<Path> journals = Files.list(folder.resolve("state/executions"))) {
      List<Path> interrupted =
          journals
              .filter(it -> it.toString().endsWith(".jsonl"))
              .filter(RebuildVolumesTest::fillsVolumes)
              .toList();
      assertThat(interrupted).hasSize(1);
      return interrupted.get(0).getFileName().toString().replace(".jsonl", "");
    }
  }

  private static boolean fillsVolumes(Path journal) {
    try {
      List<String> lines = Files.readAllLines(journal);
      return lines.get(lines.size() - 1).contains("fill-volumes");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
