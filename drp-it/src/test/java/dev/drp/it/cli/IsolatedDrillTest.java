package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.it.support.AgeKey;
import dev.drp.it.support.Cli;
import dev.drp.it.support.OffSitePrimary;
import dev.drp.it.support.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is off-site is enough: the primary site is gone, and nobody has its password. */
class IsolatedDrillTest {
  private static final String PRODUCTION = "production";

  @TempDir private Path folder;
  private AgeKey operator;
  private OffSitePrimary primary;

  @BeforeEach
  void aPrimaryWithACopyElsewhere() throws IOException {
    operator = AgeKey.generate(folder.resolve("operator.txt"));
    primary = OffSitePrimary.start(folder, operator);
  }

  @AfterEach
  void closeIt() {
    primary.close();
  }

  @Test
  void dumpFilesAndLogAreRestoredFromTheStorageThatIsLeft() throws Exception {
    primary.whileStreaming(
        () -> {
          primary.drp("backup", PRODUCTION, "--schedule", "dumps").requireSuccess();
          primary.drp("backup", PRODUCTION, "--schedule", "files").requireSuccess();
          primary.server().sql("shop", "delete from sale where id <= 100");
        });
    primary.lose();

    JsonNode dump = isolated("restore", PRODUCTION);
    assertThat(dump.path("outcome").asText()).as("%s", dump).isEqualTo("PASSED");
    assertThat(dump.toString())
        .contains("storage offsite", "read from", "not used")
        .doesNotContain("storage local");
    JsonNode files = isolated("restore", PRODUCTION, "--kind", "physical");
    assertThat(files.path("outcome").asText()).as("%s", files).isEqualTo("PASSED");
    JsonNode log = isolated("pitr", PRODUCTION, "--latest");
    assertThat(log.path("outcome").asText()).as("%s", log).isEqualTo("PASSED");
    String text = isolated("text", new String[] {"restore", PRODUCTION}).stdout();
    Matcher report = Pattern.compile("report +(\\S*/drp-isolated-[^/]+)").matcher(text);
    assertThat(report.find()).as(text).isTrue();
    Programs.run("rm", "-r", report.group(1)).requireSuccess();
    assertThat(primary.near()).doesNotExist();
    assertThat(primary.state()).doesNotExist();
  }

  @Test
  void onlyWhatIsElsewhereCanBeEnough() throws IOException {
    Files.createDirectories(primary.state().resolve("executions"));

    assertRefused("does not say from where", "--isolated");
    assertRefused("is not off-site", "--from", "local", "--isolated");
    Programs.Result used =
        cli()
            .run(
                "--state",
                "state",
                "drill",
                "restore",
                PRODUCTION,
                "--from",
                "offsite",
                "--isolated");
    assertThat(used.exitCode()).isEqualTo(2);
    assertThat(used.stderr()).contains("is not empty");
  }

  private void assertRefused(String why, String... options) {
    List<String> command = new ArrayList<>(List.of("drill", "restore", PRODUCTION));
    command.addAll(List.of(options));
    Programs.Result result = cli().run(command.toArray(String[]::new));
    assertThat(result.exitCode()).as(why).isEqualTo(2);
    assertThat(result.stderr()).contains(why);
  }

  /** Somebody else's command line: neither the primary's state directory nor its password. */
  private Cli cli() {
    return Cli.in(folder);
  }

  private JsonNode isolated(String... drill) throws IOException {
    String state = folder.resolve("state of " + String.join(" ", drill)).toString();
    return new ObjectMapper().readTree(isolated("json", drill, "--state", state).stdout());
  }

  private Programs.Result isolated(String output, String[] drill, String... options) {
    List<String> command = new ArrayList<>(List.of("--output", output, "drill"));
    command.addAll(List.of(drill));
    command.addAll(List.of(options));
    command.addAll(
        List.of("--from", "offsite", "--isolated", "--identity", operator.identity().toString()));
    Programs.Result result = cli().run(command.toArray(String[]::new));
    assertThat(result.exitCode()).as(result.stdout() + result.stderr()).isZero();
    return result;
  }
}
