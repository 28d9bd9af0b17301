package dev.drp.it.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CliTest {
  @TempDir private Path folder;

  @Test
  void givesTheExitCodeAndBothOutputsOfTheRealProgram() throws Exception {
    Files.writeString(folder.resolve("drp.yaml"), "format: 1\nnonsense: true\n");

    Programs.Result result = Cli.in(folder).run("--output", "json", "plan", "check");

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.stdout()).startsWith("{").contains("nonsense");
    assertThat(Cli.in(folder).run("--version").requireSuccess().stdout()).startsWith("drp ");
  }

  @Test
  void endsAProgramThatTakesTooLong() {
    Cli impatient = Cli.in(folder).within(Duration.ofMillis(1));

    assertThatThrownBy(() -> impatient.run("--plan", folder.resolve("drp.yaml").toString(), "plan"))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("still runs after");
    assertThat(ProcessHandle.current().children())
        .noneMatch(child -> child.info().commandLine().orElse("").contains(folder.toString()));
  }
}
