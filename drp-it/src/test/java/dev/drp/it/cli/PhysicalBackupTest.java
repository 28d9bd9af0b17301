package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.it.support.Cli;
import dev.drp.it.support.HostPostgres;
import dev.drp.it.support.Programs;
import dev.drp.it.support.Shop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Physical backups and the log after them, of a real server, through the command line. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PhysicalBackupTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HostPostgres server = HostPostgres.start(Map.of("fsync", "off"));

  @TempDir private Path folder;

  @BeforeEach
  void aDatabase() throws Exception {
    sql("postgres", "drop database if exists shop with (force)", "create database shop");
    sql(
        "shop",
        "create table sale as select n as id, md5(n::text) as note from generate_series(1, 200000)"
            + " n",
        "create table visit (id int)",
        "insert into visit values (1)");
    writePlan("= 1");
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  /** The expectation is what tells to which moment a server was recovered. */
  private void writePlan(String visits) throws IOException {
    Files.writeString(
        folder.resolve("drp.yaml"),
        """
        format: 1
        application: Shop
        sites: { primary: { host: local } }
        objectives: { recovery-time: 1h, recovery-point: 1h }
        environments:
          production:
            site: primary
            database:
              host: 127.0.0.1
              port: %d
              name: shop
              user: postgres
              password: env:SHOP_PASSWORD
              expectations:
                - { name: visits, sql: select count(*) from visit, expect: '%s' }
              wal: { to: [local], max-lag: 1s }
        storages: { local: { directory: %s } }
        backups:
          base: { environment: production, kind: physical, every: 1 day, keep: 7d, to: [local] }
        """
            .formatted(server.port(), visits, folder.resolve("backups")));
  }

  private Programs.Result drp(String... arguments) {
    return cli().run(Shop.withState(arguments));
  }

  private Cli cli() {
    return Cli.in(folder).with("SHOP_PASSWORD", server.password());
  }

  private JsonNode json(String... arguments) throws IOException {
    String[] all =
        Stream.concat(Stream.of("--output", "json"), Stream.of(arguments)).toArray(String[]::new);
    return JSON.readTree(drp(all).requireSuccess().stdout());
  }

  private void sql(String database, String... statements) throws SQLException {
    try (Connection connection = server.connect(database);
        Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    }
  }

  private List<Path> packs() throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("backups"))) {
      return files
          .filter(it -> it.toString().contains("/packs/"))
          .filter(Files::isRegularFile)
          .toList();
    }
  }

  @Test
  void aRepeatStoresWhatChangedAndADrillProvesIt() throws Exception {
    sql(
        "shop",
        "create table large as select n as id, md5(n::text) as note"
            + " from generate_series(1, 1000000) n",
        "vacuum", // the first who reads a new page marks it, and so changes it once more
        "checkpoint");
    JsonNode first = json("backup", "production", "--schedule", "base");
    sql("shop", "update sale set note = 'changed' where id <= 100", "checkpoint");
    JsonNode second = json("backup", "production", "--schedule", "base");

    assertThat(first.path("kind").asText()).isEqualToIgnoringCase("physical");
    assertThat(second.path("storedBytes").asLong())
        .isLessThan(first.path("storedBytes").asLong() / 3);

    Programs.Result drill = drp("drill", "restore", "production", "--kind", "physical");
    assertThat(drill.exitCode()).as(drill.stdout() + drill.stderr()).isZero();
    assertThat(drill.stdout()).contains("PASSED").contains(second.path("id").asText());
    assertThat(drp("backups", "verify", "production").exitCode()).isZero();
    assertThat(drp("backups").requireSuccess().stdout()).contains("DRILLED");
  }

  @Test
  void aFlippedBitInASharedPackIsFoundAndNeverRestored() throws Exception {
    drp("backup", "production", "--kind", "physical").requireSuccess();
    Path pack = packs().get(0);
    byte[] content = Files.readAllBytes(pack);
    content[content.length / 2] ^= 4;
    Files.write(pack, content);

    Programs.Result drill = drp("drill", "restore", "production", "--kind", "physical");
    assertThat(drill.exitCode()).isEqualTo(1);
    assertThat(drill.stdout()).contains("is damaged").contains("there is no older good backup");
    assertThat(drp("backups", "verify", "production").exitCode()).isEqualTo(1);

    drp("backup", "production", "--kind", "physical").requireSuccess();
    assertThat(drp("drill", "restore", "production", "--kind", "physical").exitCode()).isZero();
  }

  @Test
  void theLogLeadsToAnyMomentAfterABackup() throws Exception {
    drp("backup", "production", "--kind", "physical").requireSuccess();
    Programs.Result noLog = drp("drill", "pitr", "production");
    assertThat(noLog.exitCode()).isEqualTo(1);
    assertThat(noLog.stdout()).contains("keeps no log that follows backup");

    String between;
    Process stream = cli().start(Shop.withState("wal", "stream", "production"));
    try {
      Shop.await(() -> slots() == 1);
      drp("backup", "production", "--kind", "physical").requireSuccess();
      sql("shop", "insert into visit values (2)");
      Thread.sleep(50);
      between =
          server.sql(
              "shop",
              "select to_char(clock_timestamp() at time zone 'UTC',"
                  + " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')");
      Thread.sleep(50);
      sql("shop", "insert into visit values (3)", "insert into visit values (4)");
    } finally {
      assertThat(Shop.signal(stream, "TERM").exitCode()).isZero();
    }
    writePlan("= 2");
    Programs.Result earlier = drp("drill", "pitr", "production", "--at", between);
    assertThat(earlier.exitCode()).as(earlier.stdout() + earlier.stderr()).isZero();

    writePlan("= 4");
    Programs.Result latest = drp("drill", "pitr", "production");
    assertThat(latest.exitCode()).as(latest.stdout() + latest.stderr()).isZero();

    Programs.Result tooLate = drp("drill", "pitr", "production", "--at", "2037-01-01T00:00:00Z");
    assertThat(tooLate.exitCode()).isEqualTo(1);
    assertThat(tooLate.stdout()).contains("the log does not reach so far");
    Programs.Result tooEarly = drp("drill", "pitr", "production", "--at", "2020-01-01T00:00:00Z");
    assertThat(tooEarly.exitCode()).isEqualTo(1);
    assertThat(tooEarly.stdout()).contains("no good physical backup was complete at");
  }

  private long slots() throws SQLException {
    return Long.parseLong(
        server.sql("postgres", "select count(*) from pg_replication_slots where active"));
  }
}
