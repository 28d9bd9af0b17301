package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.it.support.AgeKey;
import dev.drp.it.support.Programs;
import dev.drp.it.support.TestImages;
import dev.drp.it.support.WithShop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A rebuild begins with a kit, a page and an identity, on a machine that has nothing else. */
@Order(1) // one of the longest
class KitTest extends WithShop {
  private static final String PASSWORD = "not-to-be-seen";

  private AgeKey operator;
  private Path kits;

  @BeforeEach
  void writePlan() throws IOException {
    operator = AgeKey.generate(folder.resolve("operator.txt"));
    kits = folder.resolve("kits");
    Files.writeString(folder.resolve("password"), PASSWORD + "\n");
    Path plan = folder.resolve("drp.yaml");
    Files.writeString(
        plan,
        Files.readString(plan).replaceFirst("(?m)^ +tools: .*\\n", "")
            + """
            encryption: { recipients: [%s] }
            contacts: { lead: { role: Technical lead, name: Ada, phone: '+33 1 23' } }
            """
                .formatted(operator.recipient()));
  }

  private JsonNode kit(int exitCode, String... options) throws IOException {
    String[] command =
        Stream.concat(
                Stream.of("--output", "json", "kit", "--into", kits.toString()), Stream.of(options))
            .toArray(String[]::new);
    Programs.Result result = shop.drp(command);
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(exitCode);
    return new ObjectMapper().readTree(result.stdout());
  }

  @Test
  @Tag("docker")
  void isAllThatANewMachineNeedsBesideTheStorageAndAnIdentity() throws Exception {
    Path apps = Files.createDirectory(folder.resolve("apps"));
    Files.writeString(apps.resolve("Caddyfile"), "shop.example.net");
    Path plan = folder.resolve("drp.yaml");
    Files.writeString(
        plan,
        Files.readString(plan)
            .replace(
                "    site: primary", "    site: primary\n    configuration: [%s]".formatted(apps)));
    String backup = shop.backUp();
    assertThat(shop.drp("backup", "production", "--kind", "configuration").exitCode()).isZero();
    JsonNode kit = kit(0);
    Path file = Path.of(kit.path("file").asText());
    String page = Files.readString(Path.of(kit.path("page").asText()));

    assertThat(page)
        .contains(
            kit.path("sha256").asText(),
            operator.recipient(),
            backup,
            "+33 1 23",
            "SHOP_PASSWORD",
            shop.storage().toString());
    assertThat(Programs.run("sha256sum", file.toString()).stdout())
        .startsWith(kit.path("sha256").asText());
    for (String written : List.of("file", "page")) {
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(Path.of(kit.path(written).asText()))))
          .isEqualTo("rw-------");
    }
    String said = asThePageSays(page, file, "cat " + apps.resolve("Caddyfile"));

    assertThat(said).contains(backup, "PASSED", "shop.example.net", "root folder: 755");
  }

  /** Runs the commands of the page up to the drill, in a container without Java. */
  private String asThePageSays(String page, Path kit, String then) throws IOException {
    String commands =
        String.join(
            "\n",
            page.lines()
                .filter(line -> line.startsWith("    ") && !line.matches(" +[0-9a-f]{64}"))
                .map(String::strip)
                .filter(line -> !line.contains(" restore production") || line.contains("drill"))
                .map(line -> line.replace("sudo ", ""))
                .map(line -> line.replace("…/identity.txt", "/identity.txt"))
                .map(line -> line.replace("SHOP_PASSWORD=…", "SHOP_PASSWORD=unknown"))
                .toList());
    return Programs.run(
            "docker",
            "run",
            "--rm",
            "--network=none",
            "--label=" + Programs.LABEL + "=" + Programs.RUN,
            "--volume=" + kits + ":/kits:ro",
            "--volume=" + shop.storage() + ":" + shop.storage(),
            "--volume=" + operator.identity() + ":/identity.txt:ro",
            "--volume=" + AgeKey.program() + ":/usr/local/bin/age:ro",
            "--entrypoint=bash",
            TestImages.postgres(),
            "-c",
            "set -e; ! command -v java; mkdir /work; cd /work; ln -s /kits/%s .\n%s\n%s; stat -c 'root folder: %%a' /"
                .formatted(kit.getFileName(), commands, then))
        .stdout();
  }

  @Test
  void holdsSecretsOnlyWhereItIsEncryptedAndSaysWhatItLacks() throws Exception {
    Path plan = folder.resolve("drp.yaml");
    Files.writeString(
        plan,
        Files.readString(plan)
            .replace("env:SHOP_PASSWORD", "file:" + folder.resolve("password"))
            .replace(
                "storages: {",
                "storages: { vault: { sftp: me@vault.example, path: /b,"
                    + " known-hosts: %s, off-site: true },".formatted(folder.resolve("hosts"))));
    Programs.run(
        "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder.resolve("key").toString());
    String key = Files.readString(folder.resolve("key.pub")).replaceFirst(" [^ ]*$", "").strip();
    Files.writeString(folder.resolve("hosts"), "vault.example " + key + "\n");
    Programs.run("ssh-keygen", "-q", "-H", "-f", folder.resolve("hosts").toString());
    String fingerprint =
        Programs.run("ssh-keygen", "-l", "-f", folder.resolve("key.pub").toString())
            .stdout()
            .split(" ", -1)[1];

    JsonNode kit = kit(0);

    assertThat(content(kit, "age -d -i \"$2\" \"$1\" | zstd -d"))
        .contains("files" + folder.resolve("drp.yaml"))
        .contains("files" + folder.resolve("password"))
        .contains("files" + folder.resolve("hosts"))
        .contains("runtime/bin/java")
        .noneMatch(name -> name.contains("operator"));
    assertThat(Files.readString(Path.of(kit.path("page").asText())))
        .contains("me@vault.example:/b", "ssh-ed25519 " + fingerprint)
        .doesNotContain(PASSWORD);

    Files.delete(folder.resolve("hosts"));
    assertThat(kit(3).path("missing").toString()).contains(folder.resolve("hosts").toString());
  }

  @Test
  void withoutRecipientsItIsMadePlainAndWithoutSecretsOrNotAtAll() throws Exception {
    Path plan = folder.resolve("drp.yaml");
    Files.writeString(
        plan,
        Files.readString(plan)
            .replaceFirst("(?m)^encryption: .*\\n", "")
            .replace("env:SHOP_PASSWORD", "file:" + folder.resolve("password")));

    Programs.Result refused = shop.drp("kit", "--into", kits.toString());
    assertThat(refused.exitCode()).isEqualTo(6);
    assertThat(refused.stderr()).contains("encryption.recipients");
    assertThat(kits).doesNotExist();

    JsonNode kit = kit(0, "--plain");
    assertThat(content(kit, "zstd -d < \"$1\""))
        .contains("files" + folder.resolve("drp.yaml"))
        .noneMatch(name -> name.contains("password"));
    assertThat(kit.path("notes").toString()).contains(folder.resolve("password").toString());
    try (Stream<Path> left = Files.list(kits)) {
      assertThat(left).hasSize(2);
    }
  }

  /** The names in a kit, without its own. */
  private List<String> content(JsonNode kit, String read) {
    return Programs.run(
            "sh",
            "-c",
            read + " | tar -t",
            "sh",
            kit.path("file").asText(),
            operator.identity().toString())
        .stdout()
        .lines()
        .map(name -> name.substring(name.indexOf('/') + 1))
        .toList();
  }
}
