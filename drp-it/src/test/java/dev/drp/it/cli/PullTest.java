package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.it.support.AgeKey;
import dev.drp.it.support.Cli;
import dev.drp.it.support.OffSitePrimary;
import dev.drp.it.support.Programs;
import dev.drp.it.support.Shop;
import dev.drp.transfer.Sshd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A vault that fetches from a primary where it may only read, and where nobody may reach it. */
class PullTest {
  private static final String PRODUCTION = "production";

  @TempDir private Path folder;
  private AgeKey operator;
  private OffSitePrimary primary;
  private Sshd readOnly;
  private Path vault;

  @BeforeEach
  void aPrimaryAndAVault() throws IOException {
    operator = AgeKey.generate(folder.resolve("operator.txt"));
    primary = OffSitePrimary.start(Files.createDirectory(folder.resolve("primary")), operator);
    readOnly = Sshd.startReadOnly(Files.createDirectory(folder.resolve("sshd")));
    vault = Files.createDirectory(folder.resolve("vault"));
    writePlan("");
  }

  @AfterEach
  void closeThem() {
    readOnly.close();
    primary.close();
  }

  private void writePlan(String bandwidth) throws IOException {
    Files.writeString(
        vault.resolve("drp.yaml"),
        """
        format: 1
        application: Shop
        sites: { vault: { host: local } }
        environments:
          production:
            site: vault
            database:
              host: 127.0.0.1
              port: %d
              name: shop
              user: postgres
              password: env:SHOP_PASSWORD
              wal: { to: [vault], max-lag: 1s, keep: 7d }
        storages:
          primary: { sftp: %s@127.0.0.1:%d, path: %s, known-hosts: %s, key: %s%s }
          vault: { directory: %s, off-site: true }
        backups:
          dumps: { environment: production, kind: logical, every: 6h, keep: 7d, to: [vault] }
          files: { environment: production, kind: physical, every: 6h, keep: 7d, to: [vault] }
        encryption: { recipients: [%s] }
        """
            .formatted(
                primary.server().port(),
                Sshd.user(),
                readOnly.port(),
                primary.near(),
                readOnly.knownHosts(),
                readOnly.clientKey(),
                bandwidth,
                store(),
                operator.recipient()));
  }

  private Path store() {
    return vault.resolve("store");
  }

  private Programs.Result drp(String... arguments) {
    return Cli.in(vault).run(Shop.withState(arguments));
  }

  private JsonNode pull(int exitCode, String... options) throws IOException {
    String[] command =
        Stream.concat(
                Stream.of(
                    "--output", "json", "pull", PRODUCTION, "--from", "primary", "--to", "vault"),
                Stream.of(options))
            .toArray(String[]::new);
    Programs.Result result = drp(command);
    assertThat(result.exitCode()).as(result.stdout() + result.stderr()).isEqualTo(exitCode);
    return new ObjectMapper().readTree(result.stdout());
  }

  private String identity() {
    return operator.identity().toString();
  }

  private void backUp(String schedule) {
    primary.drp("backup", PRODUCTION, "--schedule", schedule).requireSuccess();
  }

  @Test
  void fetchesWhatIsNewAndLeavesNoTraceThere() throws Exception {
    primary.whileStreaming(
        () -> {
          backUp("files");
          backUp("dumps");
          primary.server().sql("shop", "delete from sale where id <= 100");
        });
    var before = OffSitePrimary.files(primary.near());

    JsonNode first = pull(0);

    assertThat(first.path("copied")).hasSize(2);
    assertThat(first.path("logObjects").asInt()).isPositive();
    assertThat(OffSitePrimary.files(primary.near())).isEqualTo(before);
    JsonNode again = pull(0);
    assertThat(again.path("copied")).isEmpty();
    assertThat(again.path("logObjects").asInt()).isZero();

    primary.whileStreaming(
        () -> {
          primary.server().sql("shop", "delete from sale where id <= 200");
          primary.server().sql("postgres", "select pg_switch_wal()");
          Shop.await(() -> newSegment(before.keySet()).isPresent());
        });
    Path segment = newSegment(before.keySet()).orElseThrow();
    flipBit(segment);
    assertThat(pull(3, "--identity", identity()).path("problems").path(0).path("code").asText())
        .isEqualTo("BACKUP_CORRUPT");
    assertThat(inVault(segment)).doesNotExist();
    flipBit(segment);
    JsonNode more = pull(0, "--identity", identity());
    assertThat(inVault(segment)).hasSameBinaryContentAs(segment);
    assertThat(more.path("copied")).isEmpty();
    JsonNode fetched =
        new ObjectMapper()
            .readTree(drp("--output", "json", "status").stdout())
            .path("environments")
            .path(0)
            .path("fetched")
            .path(0);
    assertThat(fetched.path("recoveryPoint")).isEqualTo(more.path("recoveryPoint"));
    assertThat(fetched.path("by").asText()).startsWith("log to ");
    assertThat(fetched.path("ageSeconds").asDouble()).isPositive();

    assertThat(drp("backups", "verify", "--storage", "primary").exitCode())
        .as("events cannot be written there")
        .isEqualTo(1);
    Programs.run("rm", "-r", primary.near().toString()).requireSuccess();
    Files.createDirectory(primary.near());
    var kept = OffSitePrimary.files(store());
    pull(0, "--expire");
    assertThat(OffSitePrimary.files(store()))
        .as("what is removed on the primary stays in the vault")
        .containsAllEntriesOf(kept);
    Programs.Result drill =
        Cli.in(vault)
            .run(
                "--state",
                "other",
                "drill",
                "pitr",
                PRODUCTION,
                "--latest",
                "--from",
                "vault",
                "--isolated",
                "--identity",
                identity());
    assertThat(drill.exitCode()).as(drill.stdout() + drill.stderr()).isZero();
  }

  @Test
  void goesOnWhereItWasKilledAndKeepsNothingThatIsDamaged() throws Exception {
    backUp("files");
    primary
        .server()
        .sql(
            "shop",
            "insert into sale select n, sha512(n::text::bytea)::text from generate_series(1,"
                + " 100000) n");
    backUp("files");
    writePlan(", bandwidth: 2MB/s");
    Process killed =
        Cli.in(vault)
            .start(Shop.withState("pull", PRODUCTION, "--from", "primary", "--to", "vault"));
    Shop.await(() -> pack().isPresent() || !killed.isAlive());
    assertThat(Shop.signal(killed, "KILL").exitCode()).isEqualTo(137);
    Path arrived = pack().orElseThrow();
    Object file = Files.readAttributes(arrived, BasicFileAttributes.class).fileKey();
    assertThat(manifests()).as("half a set is none").isEmpty();

    writePlan("");
    assertThat(pull(0).path("copied")).hasSize(2);
    assertThat(Files.readAttributes(arrived, BasicFileAttributes.class).fileKey())
        .as("what had arrived was not fetched again")
        .isEqualTo(file);

    backUp("dumps");
    Path dump = find(primary.near(), "database.dump").get(0);
    flipBit(dump);
    JsonNode damaged = pull(3);
    assertThat(damaged.path("problems").path(0).path("code").asText()).isEqualTo("BACKUP_CORRUPT");
    assertThat(find(store(), "database.dump")).isEmpty();
    assertThat(manifests()).hasSize(2);
    flipBit(dump);
    assertThat(pull(0).path("copied")).hasSize(1);
    drp("backups", "verify", "--storage", "vault", "--identity", identity()).requireSuccess();
  }

  /** Any pack that is in the vault. */
  private Optional<Path> pack() {
    return find(store(), "/packs/").stream()
        .filter(it -> it.getFileName().toString().matches("\\d{8}T.*\\.zst\\.age"))
        .findFirst();
  }

  private List<Path> manifests() {
    return find(store(), "manifest.json");
  }

  /** A complete segment of the primary's that was not there before. */
  private Optional<Path> newSegment(Set<Path> before) {
    return find(primary.near(), "/wal/").stream()
        .filter(it -> it.getFileName().toString().matches("[0-9A-F]{24}\\.zst\\.age"))
        .filter(it -> !before.contains(it))
        .findFirst();
  }

  private Path inVault(Path near) {
    return store().resolve(primary.near().relativize(near));
  }

  private static List<Path> find(Path folder, String part) {
    if (!Files.exists(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile).filter(it -> it.toString().contains(part)).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (UncheckedIOException e) {
      return List.of(); // a file went while we looked
    }
  }

  private static void flipBit(Path file) throws IOException {
    byte[] content = Files.readAllBytes(file);
    content[content.length / 2] ^= 4;
    Files.write(file, content);
  }
}
