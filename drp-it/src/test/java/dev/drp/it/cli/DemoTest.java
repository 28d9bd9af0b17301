package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.it.support.Cli;
import dev.drp.it.support.Programs;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a newcomer runs first. */
class DemoTest {
  @TempDir private Path folder;

  @Test
  void goesOnWithTheProgramsOfThisMachineWhereNoEngineAnswers() throws IOException {
    Cli withoutEngine = Cli.in(folder).with("DOCKER_HOST", "unix://" + folder.resolve("no.sock"));

    Programs.Result result =
        withoutEngine.run(
            "--output", "json", "--state", folder.resolve("state").toString(), "demo");

    assertThat(result.exitCode()).as(result.toString()).isZero();
    JsonNode demo = new ObjectMapper().readTree(result.stdout());
    assertThat(demo.path("outcome").asText()).isEqualTo("PASSED");
    assertThat(demo.path("runtime").asText()).isEqualTo("host");
    assertThat(demo.path("rowsMissingFromBackup").asLong(-1)).isZero();
    assertThat(demo.path("recoveryPointActualSeconds").asDouble(1)).isBetween(0.0, 10.0);
    assertThat(folder).isEmptyDirectory();
  }
}
