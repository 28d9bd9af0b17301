package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drp.it.support.Cli;
import dev.drp.it.support.ComposeProject;
import dev.drp.it.support.Programs;
import dev.drp.it.support.Shop;
import dev.drp.it.support.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All ways of recovery with a server of PostgreSQL 17, in a database that limits transactions. */
@Tag("docker")
class Postgres17Test {
  /** A connection of our own, without the limit. */
  private static final String APP = "dbname=app options='-c transaction_timeout=0'";

  private static final String ROWS = "select count(*) from answers";

  private static ComposeProject project;

  @TempDir private Path folder;

  @BeforeAll
  static void startProject() {
    project = ComposeProject.withPostgres(TestImages.postgres17());
    project.sql(APP, "create table answers as select generate_series(1, 1000) as id");
    project.sql(APP, "alter database app set transaction_timeout = '1ms'");
  }

  @AfterAll
  static void removeProject() {
    project.close();
  }

  @Test
  void isBackedUpStreamedDrilledAndRecoveredToAnInstant() throws Exception {
    writePlan();
    json("backup", "production");
    assertThat(json("drill", "restore", "production").get("outcome").textValue())
        .isEqualTo("PASSED");

    Process stream = cli().start(Shop.withState("wal", "stream", "production"));
    String instant;
    try {
      Shop.await(() -> project.sql(APP, "select to_regclass('drp.canary')").equals("drp.canary"));
      json("backup", "production", "--kind", "physical");
      project.sql(APP, "insert into answers values (0)");
      awaitCanary();
      instant =
          project.sql(
              APP, "select to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')");
      awaitCanary();
      project.sql(APP, "delete from answers");
      awaitCanary();
    } finally {
      Programs.Result stopped = Shop.signal(stream, "TERM");
      assertThat(stopped.exitCode()).as(stopped.stderr()).isZero();
    }

    JsonNode drill = json("drill", "pitr", "production", "--at", instant);
    assertThat(drill.get("outcome").textValue()).as(drill.toString()).isEqualTo("PASSED");
    json("restore", "production", "--kind", "physical", "--at", instant, "--confirm", "app");
    project.compose("up", "--detach", "--wait");
    assertThat(project.sql(APP, ROWS)).isEqualTo("1001");
  }

  private static void awaitCanary() throws Exception {
    String written = "select written_at from drp.canary";
    String before = project.sql(APP, written);
    Shop.await(() -> !project.sql(APP, written).equals(before));
  }

  private void writePlan() throws IOException {
    Files.writeString(
        folder.resolve("drp.yaml"),
        """
        format: 1
        application: Shop
        sites: { primary: { host: local } }
        environments:
          production:
            site: primary
            compose: { project: %s, directory: %s }
            database:
              service: database
              user: owner
              name: app
              password: env:SHOP_PASSWORD
              wal: { to: [local], max-lag: 500ms }
              expectations: [{ name: answers, sql: 'select count(*) from answers', expect: '> 999' }]
        storages: { local: { directory: %s } }
        """
            .formatted(project.name(), project.folder(), folder.resolve("backups")));
  }

  private JsonNode json(String... arguments) throws IOException {
    return MainPathTest.json(0, cli().run(MainPathTest.inJson(arguments)));
  }

  private Cli cli() {
    return Cli.in(folder).with("SHOP_PASSWORD", "correct horse");
  }
}
