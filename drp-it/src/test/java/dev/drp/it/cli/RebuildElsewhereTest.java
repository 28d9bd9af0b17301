package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.it.support.AgeKey;
import dev.drp.it.support.Cli;
import dev.drp.it.support.Programs;
import dev.drp.it.support.ReferenceStack;
import dev.drp.it.support.ReferenceStack.Project;
import dev.drp.it.support.SecondHost;
import dev.drp.transfer.Sshd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The machine is lost with its engine: production comes back on another one, which has no image.
 */
@Tag("docker")
class RebuildElsewhereTest {
  private static final String ANSWER = "d'accord";

  @TempDir private Path folder;
  private Path site;
  private ReferenceStack stack;

  @BeforeEach
  void startProduction() throws IOException {
    site = Files.createDirectory(folder.resolve("site"));
    stack = ReferenceStack.make(site);
    stack.production().up().load(40).answer(1, 2, ANSWER);
  }

  @AfterEach
  void stopAll() {
    stack.close();
  }

  private void lose(String... what) throws IOException {
    stack.production().compose("down", "--volumes", "--timeout", "0");
    for (String gone : what) {
      Programs.run("rm", "-r", site.resolve(gone).toString());
    }
  }

  private Cli here() {
    return Cli.in(site);
  }

  private static JsonNode drp(Cli cli, Path state, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of("--state", state.toString(), "--output", "json"));
    all.addAll(List.of(arguments));
    Programs.Result result = cli.run(all.toArray(String[]::new));
    assertThat(result.exitCode()).as(result.toString()).isZero();
    return new ObjectMapper().readTree(result.stdout());
  }

  private void assertServes(SecondHost host, JsonNode report) {
    Project production = stack.on(host).production();
    assertThat(report.path("state").asText()).isEqualTo("AWAITING_COMMIT");
    assertThat(production.get("/health").status()).isEqualTo(200);
    assertThat(production.surveys()).isEqualTo(10);
    assertThat(production.answer(1, 2)).isEqualTo(ANSWER);
    production.answer(1, 3, "after it");
    assertThat(production.answer(1, 3)).isEqualTo("after it");
  }

  @Test
  void fromASystemBackupWithItsDumpAndItsImages() throws Exception {
    drp(here(), folder.resolve("state"), "backup", "production", "--kind", "system", "--images");
    lose("askandtrust-prod");

    try (SecondHost host = SecondHost.start(folder.resolve("host"))) {
      Cli there = here().on(host);
      Path state = folder.resolve("state-there");
      JsonNode report =
          drp(
              there,
              state,
              "rebuild",
              "production",
              "--kind",
              "logical",
              "--confirm",
              ReferenceStack.DATABASE);

      assertServes(host, report);
      assertThat(report.toString()).contains("\"loaded from ");
      drp(
          there,
          state,
          "restore-commit",
          report.path("execution").asText(),
          "--confirm",
          ReferenceStack.DATABASE);
      assertThat(stack.on(host).production().answer(1, 3)).isEqualTo("after it");
    }
  }

  @Test
  @Tag("full")
  void fromAnOffSiteStorageTheKitAndAnIdentity() throws Exception {
    Sshd sshd = Sshd.start(Files.createDirectory(folder.resolve("sshd")));
    try {
      AgeKey operator = AgeKey.generate(folder.resolve("operator.txt"));
      String plan = Files.readString(stack.plan());
      String offSite =
          plan.replace("to: [local]", "to: [offsite]")
              .replace(
                  "  local: { directory: backups }",
                  "  offsite: { sftp: %s@127.0.0.1:%d, path: %s, known-hosts: %s, key: %s, off-site: true }"
                      .formatted(
                          Sshd.user(),
                          sshd.port(),
                          folder.resolve("far"),
                          sshd.knownHosts(),
                          sshd.clientKey()));
      assertThat(offSite).contains("offsite: {").doesNotContain("local]");
      Files.writeString(
          stack.plan(),
          offSite + "encryption: { recipients: [%s] }\n".formatted(operator.recipient()));
      Path state = folder.resolve("state");
      drp(here(), state, "backup", "production", "--kind", "system", "--images");
      drp(here(), state, "backup", "production", "--kind", "physical");
      Path kits = folder.resolve("kits");
      JsonNode kit = drp(here(), state, "kit", "--into", kits.toString());
      lose("askandtrust-prod", "drp.yaml");
      sshd.stop();

      try (SecondHost host = SecondHost.start(folder.resolve("host"))) {
        host.run("mkdir", "/run/sshd"); // where sshd gives up its rights
        host.launch("/usr/sbin/sshd", "-D", "-f", sshd.configuration().toString());
        String report =
            host.run("bash", "-c", asThePageSays(kit, operator) + rebuildWithTheKit()).stdout();

        assertServes(host, new ObjectMapper().readTree(report));
      }
    } finally {
      sshd.close();
    }
  }

  /** The commands of the page that unpack the kit and put the plan in place. */
  private String asThePageSays(JsonNode kit, AgeKey operator) throws IOException {
    Path work = Files.createDirectory(folder.resolve("work"));
    return Files.readString(Path.of(kit.path("page").asText()))
        .lines()
        .filter(line -> line.startsWith("    ") && !line.matches(" +([0-9a-f]{64}|\\./drp .*)"))
        .map(line -> line.strip().replace("sudo ", ""))
        .map(line -> line.replace("…/identity.txt", operator.identity().toString()))
        .collect(
            Collectors.joining(
                "\n",
                "set -euo pipefail; exec 3>&1 >&2; cd %s; ln -s %s .\n"
                    .formatted(work, kit.path("file").asText()),
                "\n"));
  }

  private String rebuildWithTheKit() {
    return "./drp --plan \"$DRP_PLAN\" --identity \"$IDENTITY\" --state %s --output json rebuild production --confirm %s >&3"
        .formatted(folder.resolve("state-there"), ReferenceStack.DATABASE);
  }
}
