package dev.drp.plan;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever stands in the file: a clear problem, and soon. */
class HostilePlanFileTest {
  static Stream<Arguments> files() {
    return Stream.of(
        file("empty", () -> "", "an empty file"),
        file("only comments", () -> "# nothing\n\n", "an empty file"),
        file("only a document start", () -> "---\n", "nothing"),
        file("a text", () -> "hello", "'hello'"),
        file("a list", () -> "- a\n- b\n", "a list"),
        file("NUL", () -> "format: 1\n\0", "control character U+0000"),
        file("escape sequences", () -> "application: \u001b[2J", "control character U+001B"),
        file("tabs", () -> "sites:\n\tprimary: x\n", "no YAML"),
        file("open quote", () -> "application: 'x\n", "no YAML"),
        file("open bracket", () -> "sites: {a: b\n", "no YAML"),
        file("colon in a text", () -> "application: a: b\n", "no YAML"),
        file("at sign", () -> "application: @home\n", "no YAML"),
        file("two documents", () -> PlanText.PLAN + "---\n" + PlanText.PLAN, "a second document"),
        file("an anchor", () -> "application: &a x\n", "an anchor"),
        file("an alias", () -> "a: &a x\nb: *a\n", "an alias"),
        file("an unknown alias", () -> "b: *a\n", "an alias"),
        file("billion laughs", HostilePlanFileTest::billionLaughs, "an alias"),
        file("an alias of what holds it", () -> "a: &a [*a]\n", "an alias"),
        file("a merge key", () -> "<<: { a: b }\n", "the unknown key '<<'"),
        file("a Java class", () -> "format: !!java.net.URL [x]\n", "tag"),
        file("a tag of its own", () -> "format: !secret x\n", "the tag"),
        file("a list as key", () -> "? [a, b]\n: c\n", "a list in place of a key"),
        file("a section as key", () -> "{{a: b}: c}\n", "in place of a key"),
        file("deep lists", () -> "a: " + "[".repeat(50_000), "nested deeper"),
        file("deep sections", () -> "{a: ".repeat(50_000), "nested deeper"),
        file("deep blocks", HostilePlanFileTest::staircase, "nested deeper"),
        file("deep list entries", () -> "- ".repeat(50_000), "nested deeper"),
        file("one long text", () -> "application: " + "x".repeat(200_000), "nothing"),
        file("a long key", () -> "k".repeat(200_000) + ": x\n", "YAML"),
        file("a long quoted key", () -> "'" + "k".repeat(1_000) + "': x\n", "unknown key 'kkk"),
        file("a long number", () -> "format: " + "1".repeat(200_000), "a text of"),
        file("a long duration", () -> duration("1h ".repeat(80_000)), "a text of"),
        file("a long empty duration", () -> duration("1" + " ".repeat(200_000) + "x"), "a text of"),
        file("a long address", () -> address("://".repeat(80_000)), "a text of"),
        file("a long password", () -> address("x://" + ":".repeat(200_000)), "a text of"),
        file("many unknown keys", () -> lines("key%d: x\n", 10_000), "more problems"),
        file("many equal keys", () -> "a: x\n".repeat(10_000), "more problems"),
        file(
            "many list elements",
            () -> "scope: {covered: [" + "a,".repeat(20_000) + "]}",
            "nothing"),
        file("many anchors", () -> lines("key%d: &a%<d x\n", 12_000), "an anchor"),
        file("many questions", () -> "? ".repeat(50_000), "nested deeper"),
        file("many comments", () -> "#\n".repeat(100_000), "an empty file"),
        file("many directives", () -> "%TAG ! x\n".repeat(10_000), "YAML"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("files")
  void isAProblem(String name, Supplier<String> text, String found) {
    LoadedPlan loaded = PlanText.load(text.get());

    assertThat(loaded.plan()).isEmpty();
    assertThat(loaded.problems()).isNotEmpty().hasSizeLessThan(102);
    assertThat(loaded.problems()).anySatisfy(it -> assertThat(it.found()).contains(found));
    assertThat(loaded.problems())
        .allSatisfy(
            it -> {
              assertThat(it.line()).isPositive();
              assertThat(it.column()).isPositive();
              assertThat(it.toString()).hasSizeLessThan(1_000).doesNotContain("\n", "\u001b");
            });
  }

  @Test
  void tabsGetAHint() {
    assertThat(PlanText.load("sites:\n\tprimary: x\n").problems().get(0).hint())
        .isEqualTo("indent with spaces, not with tabs.");
  }

  @Test
  void aSignAtTheStartOfATextGetsAHint() {
    assertThat(PlanText.load("application: @home\n").problems().get(0).hint())
        .startsWith("put quotes around");
    assertThat(PlanText.load("expect: > 0\n").problems().get(0).hint())
        .startsWith("put quotes around");
  }

  @Test
  void whatIsNoYamlIsShownWithoutThePieceAroundIt() {
    assertThat(PlanText.load("password: hunter2: x\n").problems())
        .singleElement()
        .satisfies(it -> assertThat(it.toString()).doesNotContain("hunter2"));
  }

  @Test
  void tenMegabytesAreNotEvenRead(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("drp.yaml"), "a: b\n".repeat(2_000_000));

    assertThat(PlanLoader.load(file).problems())
        .extracting(PlanProblem::found)
        .containsExactly("more than 256 KiB");
  }

  @Test
  void bytesThatAreNoTextAreAProblemAtTheirPlace() {
    assertThat(load("application: Caf\u00e9\n".getBytes(ISO_8859_1)).problems())
        .singleElement()
        .satisfies(
            problem -> {
              assertThat(problem.found()).isEqualTo("bytes that are no UTF-8 text");
              assertThat(problem.column()).isEqualTo(17);
            });
    assertThat(load(PlanText.PLAN.getBytes(UTF_16)).problems())
        .extracting(PlanProblem::found)
        .containsExactly("UTF-16 text");
    byte[] random = new byte[100_000];
    new Random(1).nextBytes(random);
    assertThat(load(random).problems()).isNotEmpty();
  }

  @Test
  void aByteOrderMarkAndWindowsLineEndsAreFine() {
    String windows = "\uFEFF" + PlanText.PLAN.replace("\n", "\r\n");

    assertThat(load(windows.getBytes(UTF_8)).problems()).isEmpty();
  }

  private static LoadedPlan load(byte[] bytes) {
    Path file = Path.of("/plans/drp.yaml");
    return PlanLoader.load(bytes, file, PlanPaths.of(file));
  }

  private static Arguments file(String name, Supplier<String> text, String found) {
    return Arguments.of(name, text, found);
  }

  private static String billionLaughs() {
    StringBuilder text = new StringBuilder("a0: &a0 [lol, lol]\n");
    for (int i = 1; i < 40; i++) {
      text.append("a%d: &a%<d [*a%d, *a%<d]\n".formatted(i, i - 1));
    }
    return text.toString();
  }

  private static String staircase() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 500; i++) {
      text.append(" ".repeat(i)).append("a:\n");
    }
    return text.toString();
  }

  private static String lines(String line, int count) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      text.append(line.formatted(i));
    }
    return text.toString();
  }

  private static String duration(String value) {
    return PlanText.PLAN.replace("recovery-time: 4h", "recovery-time: \"" + value + "\"");
  }

  private static String address(String value) {
    return PlanText.PLAN.replace("host: local", "host: '" + value + "'");
  }
}
