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
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Physical backups and the log after them, of a real server, through the command line. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Order(1) // one of the longest
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
              wal: { to: [local], max-lag: 1s, canary: 200ms }
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
    String before;
    String between;
    Process stream = cli().start(Shop.withState("wal", "stream", "production"));
    try {
      Shop.await(() -> canary().isAfter(Instant.EPOCH));
      drp("backup", "production", "--kind", "physical").requireSuccess();
      sql("shop", "insert into visit values (2)");
      before = server.sql("postgres", "select pg_current_wal_insert_lsn()");
      Instant written = canary();
      Shop.await(() -> canary().isAfter(written.plusSeconds(2)));
      between = now();
      Shop.await(() -> canary().isAfter(Instant.parse(between).plusSeconds(1)));
      sql("shop", "insert into visit values (3)", "insert into visit values (4)");
      server.awaitStreamed();
    } finally {
      assertThat(Shop.signal(stream, "TERM").exitCode()).isZero();
    }
    writePlan("= 2");
    assertPassed(drp("drill", "pitr", "production", "--at", between));
    assertPassed(drp("drill", "pitr", "production", "--lsn", before));

    writePlan("= 4");
    JsonNode latest = json("drill", "pitr", "production", "--latest");
    assertThat(latest.path("outcome").asText()).isEqualTo("PASSED");
    assertThat(Instant.parse(latest.path("timeline").path("tRecoveryPoint").asText()))
        .isAfterOrEqualTo(canary().minusMillis(1));
    assertThat(latest.toString()).contains("recovery point of the data", "by the newest commit");

    writePlan("> 0");
    JsonNode random = json("drill", "pitr", "production", "--seed", "1");
    assertThat(random.path("outcome").asText()).isEqualTo("PASSED");
    assertThat(random.toString())
        .contains("target reached", "the median of")
        .doesNotContain("was not being written");

    assertRefused("does not reach so far", "--at", "2037-01-01T00:00:00Z");
    assertRefused("no good physical backup was complete by then", "--at", "2020-01-01T00:00:00Z");
    assertRefused("no good physical backup ends there", "--lsn", "0/10");
    assertThat(drp("drill", "pitr", "production", "--lsn", "0/10", "--latest").exitCode())
        .isEqualTo(2);
  }

  @Test
  void aSegmentThatIsMissingIsNamedWithWhatCanStillBeReached() throws Exception {
    List<String> segments = new ArrayList<>();
    String reachable;
    String lost;
    Process stream = cli().start(Shop.withState("wal", "stream", "production"));
    try {
      Shop.await(() -> canary().isAfter(Instant.EPOCH));
      drp("backup", "production", "--kind", "physical").requireSuccess();
      Instant written = canary();
      Shop.await(() -> canary().isAfter(written));
      reachable = now();
      for (int i = 0; i < 3; i++) {
        Instant last = canary();
        Shop.await(() -> canary().isAfter(last));
        segments.add(server.sql("postgres", "select pg_walfile_name(pg_current_wal_insert_lsn())"));
        sql("postgres", "select pg_switch_wal()");
      }
      lost = now();
      Instant last = canary();
      Shop.await(() -> canary().isAfter(last.plusSeconds(1)));
      Shop.await(() -> stored(segments.get(2)).isPresent());
    } finally {
      assertThat(Shop.signal(stream, "TERM").exitCode()).isZero();
    }
    Files.delete(stored(segments.get(1)).orElseThrow());

    Programs.Result refused = assertRefused("is missing from", "--at", lost);
    assertThat(refused.stdout())
        .contains("first " + segments.get(1), "The nearest that can be reached: from ");
    assertPassed(drp("drill", "pitr", "production", "--at", reachable));
  }

  @Test
  void whatExpiryLeavesOfTheLogStillLeadsToItsEnd() throws Exception {
    writePlan("> 0");
    String first;
    Process stream = cli().start(Shop.withState("wal", "stream", "production"));
    try {
      Shop.await(() -> canary().isAfter(Instant.EPOCH));
      drp("backup", "production", "--schedule", "base").requireSuccess();
      first = server.sql("postgres", "select pg_walfile_name(pg_current_wal_insert_lsn())");
      for (int i = 0; i < 3; i++) {
        sql("shop", "insert into visit values (%d)".formatted(i));
        sql("postgres", "select pg_switch_wal()");
      }
      drp("backup", "production", "--schedule", "base").requireSuccess();
      Instant last = canary();
      Shop.await(() -> canary().isAfter(last.plusSeconds(2)));
    } finally {
      assertThat(Shop.signal(stream, "TERM").exitCode()).isZero();
    }
    assertThat(stored(first)).isPresent();
    Path plan = folder.resolve("drp.yaml");
    Files.writeString(
        plan,
        Files.readString(plan)
            .replace("canary: 200ms", "canary: 200ms, keep: 1s")
            .replace("keep: 7d", "keep: 1s"));

    JsonNode planned = json("backups", "expire").path("environments").path(0);
    assertThat(stored(first)).isPresent();
    JsonNode done = json("backups", "expire", "--apply").path("environments").path(0);

    assertThat(done.path("log")).isEqualTo(planned.path("log")).hasSize(1);
    assertThat(done.path("log").path(0).path("objects").asInt()).isGreaterThanOrEqualTo(3);
    assertThat(stored(first)).isEmpty();
    assertThat(json("backups").path("backups")).hasSize(1);
    writePlan("> 2");
    assertPassed(drp("drill", "pitr", "production", "--latest"));
  }

  private static void assertPassed(Programs.Result drill) {
    assertThat(drill.exitCode()).as(drill.stdout() + drill.stderr()).isZero();
  }

  private Programs.Result assertRefused(String problem, String... target) {
    String[] arguments =
        Stream.concat(Stream.of("drill", "pitr", "production"), Stream.of(target))
            .toArray(String[]::new);
    Programs.Result refused = drp(arguments);
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.stdout()).contains(problem);
    return refused;
  }

  private Optional<Path> stored(String segment) throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("backups"))) {
      return files
          .filter(it -> it.getFileName().toString().matches(segment + "\\.[a-z]+"))
          .findFirst();
    }
  }

  private String now() {
    return instant("clock_timestamp()");
  }

  /** When the canary was last written; the epoch before it ever was. */
  private Instant canary() throws SQLException {
    return server.sql("shop", "select to_regclass('drp.canary') is not null").equals("t")
        ? Instant.parse(instant("(select written_at from drp.canary)"))
        : Instant.EPOCH;
  }

  private String instant(String expression) {
    return server.sql(
        "shop",
        "select to_char(%s at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
            .formatted(expression));
  }
}
