package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.it.support.Cli;
import dev.drp.it.support.HostPostgres;
import dev.drp.it.support.Programs;
import dev.drp.it.support.Shop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** All files of a server of this machine are restored, in place or into a folder. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RestoreOnHostTest {
  private static final Pattern EXECUTION = Pattern.compile("\\d{8}T\\d{6}Z-[0-9a-f]{6}");
  private static final String MARK = "DRP_IT_RESTORE";

  private final HostPostgres server = HostPostgres.start(Map.of("fsync", "off"));
  private final String mark = UUID.randomUUID().toString();

  @TempDir private Path folder;

  @BeforeEach
  void aBackupAndWhatCameAfterIt() throws Exception {
    sql("postgres", "drop database if exists shop with (force)", "create database shop");
    sql("shop", "create table sale as select n as id from generate_series(1, 1000) n");
    writePlan(server.stopCommand());
    drp("backup", "production", "--kind", "physical").requireSuccess();
    sql("shop", "delete from sale where id > 10");
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  private void writePlan(List<String> stop) throws IOException {
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
        storages: { local: { directory: %s } }
        backups:
          base: { environment: production, kind: physical, every: 1 day, keep: 7d, to: [local] }
        """
            .formatted(
                server.port(),
                server.dataFolder(),
                yaml(stop),
                yaml(server.startCommand()),
                folder.resolve("backups")));
  }

  private static String yaml(List<String> words) {
    return words.stream().map(word -> "'%s'".formatted(word)).toList().toString();
  }

  private Cli cli() {
    return Cli.in(folder).with("SHOP_PASSWORD", server.password()).with(MARK, mark);
  }

  private Programs.Result drp(String... arguments) {
    return cli().run(Shop.withState(arguments));
  }

  private Programs.Result restore(String... options) {
    return drp(
        Stream.concat(Stream.of("restore", "production", "--kind", "physical"), Stream.of(options))
            .toArray(String[]::new));
  }

  private void sql(String database, String... statements) throws SQLException {
    try (Connection connection = server.connect(database);
        Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    }
  }

  private String rows() {
    return server.sql("shop", "select count(*) from sale");
  }

  private static String execution(Programs.Result result) {
    Matcher id = EXECUTION.matcher(result.stdout().substring(result.stdout().indexOf("execution")));
    assertThat(id.find()).as(result.toString()).isTrue();
    return id.group();
  }

  private List<String> leftovers() throws IOException {
    try (Stream<Path> entries = Files.list(server.dataFolder())) {
      return entries
          .map(entry -> entry.getFileName().toString())
          .filter(name -> name.startsWith("pgsql_tmp_drp_"))
          .toList();
    }
  }

  @Test
  void aRunningServerIsRestoredInPlaceAndTheWayBackLosesNothing() throws Exception {
    Programs.Result refused = restore();
    assertThat(refused.exitCode()).as(refused.toString()).isEqualTo(6);
    assertThat(rows()).isEqualTo("10");

    Programs.Result restored = restore("--confirm", "shop");
    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    assertThat(rows()).isEqualTo("1000");
    String execution = execution(restored);
    assertThat(leftovers()).containsExactly("pgsql_tmp_drp_" + execution);

    drp("restore-undo", execution, "--confirm", "shop").requireSuccess();
    assertThat(rows()).isEqualTo("10");
    drp("restore-commit", execution, "--confirm", "shop").requireSuccess();
    assertThat(leftovers()).isEmpty();
    assertThat(Programs.running(MARK, mark)).allMatch(line -> line.contains("postgres"));
  }

  @Test
  void whatWasLostWithItsDiskIsRestoredAlsoWhereTheServerIsDown() throws Exception {
    server.stop();
    Files.move(server.dataFolder(), folder.resolve("lost"));

    Programs.Result restored = restore("--confirm", "shop");

    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    assertThat(rows()).isEqualTo("1000");
    drp("restore-commit", execution(restored), "--confirm", "shop").requireSuccess();
    assertThat(leftovers()).isEmpty();
  }

  @Test
  void aServerThatItsCommandDoesNotStopKeepsItsFiles() throws Exception {
    writePlan(List.of("true"));

    Programs.Result paused = restore("--confirm", "shop");

    assertThat(paused.exitCode()).as(paused.toString()).isEqualTo(7);
    assertThat(paused.stdout()).contains("a server still runs on " + server.dataFolder());
    assertThat(rows()).isEqualTo("10");
  }

  @Test
  void intoAFolderTouchesNothingElseAndLeavesAServerThatStarts() throws Exception {
    Path into = newFolder().resolve("restored");

    Programs.Result restored = restore("--into", into.toString());

    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    assertThat(rows()).isEqualTo("10");
    try (Stream<Path> entries = Files.list(into)) {
      assertThat(entries.map(it -> it.getFileName().toString()))
          .contains("PG_VERSION", "postgresql.conf")
          .noneMatch(name -> name.startsWith("pgsql_tmp"));
    }
    Programs.Result again = restore("--into", into.toString());
    assertThat(again.exitCode()).isEqualTo(6);
    assertThat(again.stdout()).contains("is not empty");
    try (HostPostgres restoredServer = HostPostgres.startOn(into)) {
      assertThat(restoredServer.sql("shop", "select count(*) from sale")).isEqualTo("1000");
    }
  }

  /** Where the server's account may make folders, too. */
  private Path newFolder() throws IOException {
    Path parent = Files.createTempDirectory("drp-it-into");
    Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwxr-xr-x"));
    parent.toFile().deleteOnExit();
    return parent;
  }
}
