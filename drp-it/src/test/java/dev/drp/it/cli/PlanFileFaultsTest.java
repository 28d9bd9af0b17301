package dev.drp.it.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.drp.it.support.Cli;
import dev.drp.it.support.Programs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Plan files that are none: each is told in words, with the place, and at once. */
class PlanFileFaultsTest {
  @TempDir private Path folder;

  static Stream<Arguments> files() {
    byte[] binary = new byte[4096];
    new Random(4711).nextBytes(binary);
    return Stream.of(
        arguments("empty", text(""), "an empty file"),
        arguments("binary", binary, "line 1, column "),
        arguments("10 MB", text("a: b\n".repeat(2_000_000)), "256 KiB"),
        arguments("tabs", text("format: 1\nsites:\n\tprimary: x\n"), "line 3, column 1"),
        arguments("an anchor bomb", text(anchorBomb()), "line 1, column 5: found an anchor"),
        arguments("an unknown key", text("format: 1\nenviroments: {}\n"), "line 2, column 1"),
        arguments(
            "a key twice", text("format: 1\napplication: a\napplication: b\n"), "line 3, column 1"),
        arguments(
            "a wrong unit",
            text("format: 1\napplication: a\nobjectives: { recovery-time: 4 parsec }\n"),
            "line 3, column 15"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("files")
  void isToldWithItsPlaceAndAtOnce(String name, byte[] content, String told) throws Exception {
    Files.write(folder.resolve("drp.yaml"), content);
    Cli impatient = Cli.in(folder).within(Duration.ofSeconds(20));

    Programs.Result result = impatient.run("--state", "state", "plan", "check");

    assertThat(result.exitCode()).as(result.toString()).isEqualTo(2);
    assertThat(result.stdout() + result.stderr())
        .contains(told)
        .doesNotContain("Exception", "\tat ", "    at dev.drp")
        .hasSizeLessThan(20_000);
  }

  private static byte[] text(String text) {
    return text.getBytes(UTF_8);
  }

  /** Each line ten times the line before it: a reader that follows the aliases never ends. */
  private static String anchorBomb() {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 12; i++) {
      bomb.append("a%d: &a%d [".formatted(i, i))
          .append(("*a" + (i - 1) + ", ").repeat(10))
          .append("]\n");
    }
    return bomb.toString();
  }
}
