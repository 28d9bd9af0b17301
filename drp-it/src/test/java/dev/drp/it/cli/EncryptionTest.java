package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.it.support.AgeKey;
import dev.drp.it.support.HostPostgres;
import dev.drp.it.support.Programs;
import dev.drp.it.support.Shop;
import dev.drp.it.support.WithShop;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A machine that takes backups and cannot read them, and people who can, through the command line.
 */
class EncryptionTest extends WithShop {
  private AgeKey operator;
  private AgeKey emergency;
  private AgeKey stranger;

  @BeforeEach
  void nameRecipients() throws IOException {
    operator = AgeKey.generate(folder.resolve("operator.txt"));
    emergency = AgeKey.generate(folder.resolve("emergency.txt"));
    stranger = AgeKey.generate(folder.resolve("stranger.txt"));
    recipients(operator.recipient(), emergency.recipient());
  }

  private void recipients(String... recipients) throws IOException {
    Path plan = folder.resolve("drp.yaml");
    String others = Files.readString(plan).replaceFirst("(?m)^encryption: .*\\n", "");
    Files.writeString(
        plan,
        others + "encryption: { recipients: [%s] }\n".formatted(String.join(", ", recipients)));
  }

  @Test
  void theMachineTakesListsAndVerifiesWhatOthersRestore() throws Exception {
    shop.sql(
        "postgres",
        "alter database %s set app.jwt_secret = 'swordfish'".formatted(Shop.quoted(Shop.DATABASE)));
    String backup = shop.backUp();

    assertNothingCanBeReadIn(shop.storage());
    assertThat(shop.drp("backups").requireSuccess().stdout()).contains(backup, "sealed");
    JsonNode verified = json("backups", "verify").path("verifications").path(0);
    assertThat(verified.path("good").asBoolean()).isTrue();
    assertThat(verified.path("decrypted").asBoolean()).isFalse();
    assertThat(
            json("--identity", path(emergency), "backups", "verify")
                .path("verifications")
                .path(0)
                .path("decrypted")
                .asBoolean())
        .isTrue();

    JsonNode drill = json("drill", "restore", "production", "--identity", path(operator));

    assertThat(drill.path("outcome").asText()).isEqualTo("PASSED");
    assertThat(json("backups").path("backups").path(0).path("state").asText()).isEqualTo("DRILLED");
  }

  @Test
  void whatTheProgramAgeDecryptsIsTheDump() throws Exception {
    Path dump = shop.file(shop.backUp(), "database.dump");

    assertThat(dump.toString()).endsWith(".zst.age");
    Programs.run(
        "sh",
        "-c",
        "age -d -i \"$1\" \"$2\" | zstd -dcq | %s/pg_restore --list | grep -q 'TABLE DATA'"
            .formatted(HostPostgres.binFolder()),
        "sh",
        path(emergency),
        dump.toString());
  }

  @Test
  void restoresWithAnIdentityOnly() throws Exception {
    shop.backUp();
    shop.sql(Shop.DATABASE, "delete from " + Shop.TABLE + " where id > 10");

    assertRefused(2, "IDENTITY_MISSING");
    assertRefused(1, "IDENTITY_REFUSED", "--identity", path(stranger));
    assertThat(shop.databasesOfRestores()).isEmpty();

    shop.cli()
        .with("DRP_IDENTITY_FILE", path(operator))
        .run(Shop.withState("restore", "production", "--confirm", Shop.DATABASE))
        .requireSuccess();
    assertThat(shop.rows()).isEqualTo(Shop.ROWS);
  }

  private void assertRefused(int exitCode, String code, String... options) {
    String[] command =
        Stream.concat(
                Stream.of("--output", "json"),
                Stream.concat(
                    Stream.of(options),
                    Stream.of("restore", "production", "--confirm", Shop.DATABASE)))
            .toArray(String[]::new);
    Programs.Result result = shop.drp(command);
    assertThat(result.exitCode()).as(result.stdout()).isEqualTo(exitCode);
    assertThat(result.stdout()).contains(code);
  }

  @Test
  void findsADamagedPartWithoutAnIdentity() throws Exception {
    Path globals = shop.file(shop.backUp(), "globals.sql");
    byte[] content = Files.readAllBytes(globals);
    content[content.length - 3] ^= 8;
    Files.write(globals, content);

    Programs.Result result = shop.drp("backups", "verify");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.stdout()).contains("DAMAGED", "globals.sql.zst.age");
  }

  @Test
  void aRecipientThatIsNoneIsFoundBeforeABackupIsTaken() throws Exception {
    String changed = operator.recipient().substring(0, 61) + "q";
    recipients(emergency.recipient(), changed);

    Programs.Result result = shop.drp("plan", "check");

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.stdout() + result.stderr())
        .contains("encryption.recipients[1]", changed.substring(0, 20), "its checksum is wrong");
  }

  @Test
  void aSecretKeyInThePlanIsNotShown() throws Exception {
    String secret =
        Files.readAllLines(operator.identity()).stream()
            .filter(line -> line.startsWith("AGE-SECRET-KEY-"))
            .findFirst()
            .orElseThrow();
    recipients(secret);

    Programs.Result result = shop.drp("plan", "check");

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.stdout() + result.stderr())
        .contains("a secret key (not shown)")
        .doesNotContain(secret);
  }

  private static void assertNothingCanBeReadIn(Path storage) throws IOException {
    try (Stream<Path> files = Files.walk(storage)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String content = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertThat(content).as("%s", file).doesNotContain("sa'le", "swordfish", "SCRAM-SHA-256");
      }
    }
  }

  private static String path(AgeKey key) {
    return key.identity().toString();
  }

  private JsonNode json(String... arguments) throws IOException {
    List<String> all = Stream.concat(Stream.of("--output", "json"), Stream.of(arguments)).toList();
    Programs.Result result = shop.drp(all.toArray(String[]::new));
    return new ObjectMapper().readTree(result.stdout());
  }
}
