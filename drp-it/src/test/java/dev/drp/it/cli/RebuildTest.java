package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.it.support.Cli;
import dev.drp.it.support.Programs;
import dev.drp.it.support.ReferenceStack;
import dev.drp.it.support.ReferenceStack.Project;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Production is lost with its containers, volumes and files; only a storage is left. */
@Tag("docker")
class RebuildTest {
  private static final String ANSWER = "d'accord";

  @TempDir private Path folder;
  private ReferenceStack stack;
  private Project production;

  @BeforeEach
  void startProduction() throws IOException {
    stack = ReferenceStack.make(folder);
    Files.writeString(
        stack.plan(),
        """
        recovery-plans:
          rebuild:
            objectives: { recovery-time: 8h }
            firewall: [touch, %s]
        """
            .formatted(folder.resolve("firewall")),
        StandardOpenOption.APPEND);
    production = stack.production().up().load(40);
    production.answer(1, 2, ANSWER);
  }

  @AfterEach
  void stopAll() {
    stack.close();
  }

  private JsonNode json(int exitCode, String... arguments) throws IOException {
    List<String> all =
        new ArrayList<>(List.of("--state", folder.resolve("state").toString(), "--output", "json"));
    all.addAll(List.of(arguments));
    Programs.Result result = Cli.in(folder).run(all.toArray(String[]::new));
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(exitCode);
    return new ObjectMapper().readTree(result.stdout());
  }

  @Test
  void productionComesBackFromAStorageAlone() throws Exception {
    json(0, "backup", "production", "--kind", "configuration");
    json(0, "backup", "production", "--kind", "physical");
    json(6, "rebuild", "production", "--confirm", ReferenceStack.DATABASE); // it is not lost
    assertThat(production.answer(1, 2)).isEqualTo(ANSWER);
    production.compose("down", "--volumes", "--timeout", "0");
    Path lost = folder.resolve("askandtrust-prod");
    Programs.run("rm", "-r", lost.toString()).requireSuccess();

    JsonNode report = json(0, "rebuild", "production", "--confirm", ReferenceStack.DATABASE);

    assertThat(report.path("state").asText()).isEqualTo("AWAITING_COMMIT");
    assertThat(report.at("/objectives/recoveryTime/state").asText()).isEqualTo("MET");
    assertThat(production.get("/health").status()).isEqualTo(200);
    assertThat(production.surveys()).isEqualTo(10);
    assertThat(production.answer(1, 2)).isEqualTo(ANSWER);
    assertThat(folder.resolve("firewall")).exists();
    assertThat(report.toString()).contains("95th percentile");

    json(
        0,
        "restore-commit",
        report.path("execution").asText(),
        "--confirm",
        ReferenceStack.DATABASE);
    production.answer(1, 3, "after the commit");
    assertThat(production.answer(1, 3)).isEqualTo("after the commit");
    assertThat(lost.toFile().list()).containsExactly("apps");
  }
}
