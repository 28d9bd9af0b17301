package dev.drp.it.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.it.support.AgeKey;
import dev.drp.it.support.Cli;
import dev.drp.it.support.HostPostgres;
import dev.drp.it.support.Programs;
import dev.drp.it.support.Shop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server's files and its log are stored where nobody but the holders of identities reads them.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Order(1) // one of the longest
class EncryptedServerTest {
  private static final String AGE = "age-encryption.org/v1\n";

  /** What has to be read without an identity, see docs/design/encryption.md. */
  private static final String PLAIN =
      "manifest\\.json|README\\.md|restore\\.sh|base\\.index|\\d{10}\\.json|.*\\.sha256|.*\\.history";

  private final HostPostgres server = HostPostgres.start(Map.of("fsync", "off"));

  @TempDir private Path folder;
  private AgeKey operator;
  private AgeKey emergency;

  @BeforeEach
  void aDatabaseAndWhoMayReadItsBackups() throws IOException {
    operator = AgeKey.generate(folder.resolve("operator.txt"));
    emergency = AgeKey.generate(folder.resolve("emergency.txt"));
    server.sql("postgres", "drop database if exists shop with (force)");
    server.sql("postgres", "create database shop");
    server.sql(
        "shop",
        "create table sale as select n as id, md5(n::text) as note from generate_series(1, 200000)"
            + " n");
    server.sql("shop", "vacuum");
    server.sql("shop", "checkpoint");
    writePlan("> 0");
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  /** The expectation is what tells to which moment a server was recovered. */
  private void writePlan(String sales) throws IOException {
    Files.writeString(
        folder.resolve("drp.yaml"),
        """
        format: 1
        application: Shop
        sites: { primary: { host: local } }
        environments:
          production:
            site: primary
            database:
              host: 127.0.0.1
              port: %d
              name: shop
              user: postgres
              password: env:SHOP_PASSWORD
              data-directory: %s
              stop: %s
              start: %s
              expectations:
                - { name: sales, sql: select count(*) from sale, expect: '%s' }
              wal: { to: [local], max-lag: 1s, canary: off }
        storages: { local: { directory: %s } }
        encryption: { recipients: [%s, %s] }
        """
            .formatted(
                server.port(),
                server.dataFolder(),
                yaml(server.stopCommand()),
                yaml(server.startCommand()),
                sales,
                folder.resolve("backups"),
                operator.recipient(),
                emergency.recipient()));
  }

  private static String yaml(List<String> words) {
    return words.stream().map(word -> "'%s'".formatted(word)).toList().toString();
  }

  private Cli cli() {
    return Cli.in(folder).with("SHOP_PASSWORD", server.password());
  }

  private Programs.Result drp(String... arguments) {
    return cli().run(Shop.withState(arguments));
  }

  private Programs.Result drpWith(AgeKey key, String... arguments) {
    return cli()
        .with("DRP_IDENTITY_FILE", key.identity().toString())
        .run(Shop.withState(arguments));
  }

  private long storedByABackup() throws IOException {
    Programs.Result backup =
        drp("--output", "json", "backup", "production", "--kind", "physical").requireSuccess();
    JsonNode result = new ObjectMapper().readTree(backup.stdout());
    assertThat(result.path("recipients").size()).isEqualTo(2);
    return result.path("storedBytes").asLong();
  }

  @Test
  void theLogLeadsToAnyMomentForWhoeverHasAnIdentity() throws Exception {
    String before;
    Process stream = cli().start(Shop.withState("wal", "stream", "production"));
    try {
      Shop.await(
          () ->
              server.sql("postgres", "select pg_is_in_recovery()").equals("f")
                  && server
                      .sql("postgres", "select count(*) from pg_stat_replication")
                      .equals("1"));
      long everything = storedByABackup();
      server.sql("shop", "delete from sale where id <= 100");
      server.sql("shop", "checkpoint");
      assertThat(storedByABackup())
          .as("what is there already need not be read to be known")
          .isLessThan(everything / 3);
      server.sql("shop", "delete from sale where id <= 200");
      server.sql("postgres", "select pg_switch_wal()");
      before = server.sql("postgres", "select pg_current_wal_insert_lsn()");
      server.sql("shop", "delete from sale where id <= 300");
      server.awaitStreamed();
    } finally {
      assertThat(Shop.signal(stream, "TERM").exitCode()).isZero();
    }

    Programs.Result refused = drp("drill", "pitr", "production", "--lsn", before);
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.stdout())
        .contains("is encrypted, and no identity was given", "--identity FILE");
    writePlan("= 199800");
    assertPassed(drpWith(operator, "drill", "pitr", "production", "--lsn", before));
    writePlan("= 199700");
    assertPassed(drpWith(emergency, "drill", "pitr", "production", "--latest"));
    assertNobodyCanRead();
    assertTheProgramAgeReadsASegment();
  }

  private static void assertPassed(Programs.Result drill) {
    assertThat(drill.exitCode()).as(drill.stdout() + drill.stderr()).isZero();
  }

  /** Every file begins as age files do, or is one of those that everybody may read. */
  private void assertNobodyCanRead() throws IOException {
    List<Path> stored = stored();
    assertThat(stored).anyMatch(it -> it.toString().matches(".*/packs/.*\\.zst\\.age"));
    assertThat(stored).anyMatch(it -> it.toString().matches(".*/wal/.*\\.zst\\.age"));
    for (Path file : stored) {
      if (file.toString().endsWith(".age")) {
        assertThat(new String(Files.readAllBytes(file), 0, AGE.length(), US_ASCII))
            .as("%s", file)
            .isEqualTo(AGE);
      } else if (!file.toString().contains("/events/")) {
        assertThat(file.getFileName().toString()).matches(PLAIN);
        assertThat(Files.readString(file)).as("%s", file).doesNotContain("sale", "SCRAM");
      }
    }
  }

  private List<Path> stored() throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("backups"))) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  private void assertTheProgramAgeReadsASegment() throws IOException {
    Path segment =
        stored().stream()
            .filter(it -> it.getFileName().toString().matches("[0-9A-F]{24}\\.zst\\.age"))
            .findFirst()
            .orElseThrow();
    String sum =
        Programs.run(
                "sh",
                "-c",
                "age -d -i \"$1\" \"$2\" | zstd -dcq | sha256sum | cut -d ' ' -f 1",
                "sh",
                emergency.identity().toString(),
                segment.toString())
            .stdout();
    assertThat(Path.of(segment.toString().replace(".zst.age", ".sha256"))).hasContent(sum);
  }

  @Test
  void aRunningServerIsRestoredInPlaceWithAnIdentityOnly() throws Exception {
    storedByABackup();
    server.sql("shop", "delete from sale where id > 10");
    String[] restore = {"restore", "production", "--kind", "physical", "--confirm", "shop"};

    assertThat(drp(restore).exitCode()).isEqualTo(2);
    assertThat(server.sql("shop", "select count(*) from sale")).isEqualTo("10");

    assertPassed(drpWith(emergency, restore));
    assertThat(server.sql("shop", "select count(*) from sale")).isEqualTo("200000");
  }
}
