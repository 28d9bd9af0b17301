package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drp.it.support.ComposeProject;
import dev.drp.it.support.Programs;
import dev.drp.it.support.Shop;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A PostgreSQL in a container of a Compose project that publishes no port. */
@Tag("docker")
@Order(1) // one of the longest
class MainPathInContainerTest extends MainPathTest {
  private static ComposeProject project;

  @BeforeAll
  static void startProject() {
    project = ComposeProject.withPostgres();
  }

  @AfterAll
  static void removeProject() {
    project.close();
  }

  @Override
  String compose() {
    return "    compose: { project: %s, directory: %s }\n"
        .formatted(project.name(), project.folder());
  }

  @Override
  String environment() {
    return "service: database\nuser: owner\n";
  }

  @Override
  String sql(String database, String statement) {
    return project.sql(database, statement);
  }

  @Override
  JsonNode drill() throws Exception {
    long since = Instant.now().getEpochSecond();

    JsonNode report = json(0, "drill", "restore", "production");

    String owner = "--filter=label=dev.drp.owner=" + report.get("execution").textValue();
    assertThat(
            Programs.run(
                    "docker",
                    "events",
                    "--since=" + since,
                    "--until=" + Instant.now().getEpochSecond(),
                    "--filter=event=start",
                    owner)
                .stdout())
        .as("containers of the drill that ran")
        .isNotEmpty();
    assertThat(
            Programs.run("docker", "ps", "--all", "--quiet", owner).stdout()
                + Programs.run("docker", "network", "ls", "--quiet", owner).stdout()
                + Programs.run("docker", "volume", "ls", "--quiet", owner).stdout())
        .isEmpty();
    return report;
  }

  @Test
  void absentServiceNamesTheContainersThatExist() throws Exception {
    writePlan("service: databse\nuser: owner\n");

    Programs.Result result = cli().run(inJson("backup", "production"));

    assertThat(json(1, result).get("error").get("code").textValue())
        .isEqualTo("CONTAINER_NOT_FOUND");
    assertThat(result.stdout()).contains("databse", project.container("database"));
  }

  @Test
  void interruptedBackupLeavesNoDumpInTheContainer() throws Exception {
    writePlan(environment());
    makeDatabase();
    Thread holder = holdTheTable();
    Process backup = cli().start(inJson("backup", "production"));
    awaitSession("query like 'LOCK TABLE%' and wait_event_type = 'Lock'");
    assertThat(dumpsInTheContainer()).isNotEmpty();

    Programs.Result interrupted = Shop.signal(backup, "TERM");

    assertThat(json(130, interrupted).get("error").get("code").textValue())
        .isEqualTo("INTERRUPTED");
    assertThat(dumpsInTheContainer()).isEmpty();
    project.sql("select pg_terminate_backend(pid) from pg_stat_activity where query ~ '^begin'");
    holder.join();
    assertThat(json(0, "backups").get("backups")).isEmpty();
    json(0, "backup", "production");
  }

  @Test
  void interruptedRestoreIsResumedAndLeavesNoFileInTheContainer() throws Exception {
    writePlan(environment());
    makeDatabase();
    project.sql(
        DATABASE,
        """
        create function not_held() returns boolean language plpgsql as $$
        begin
          while (pg_stat_file('/tmp/hold', true)).size is not null loop
            perform pg_sleep(0.02);
          end loop;
          return true;
        end $$
        """);
    project.sql(
        DATABASE,
        "alter table %s add check (id <> 500 or public.not_held())".formatted(name(TABLE)));
    project.execute("database", "touch", "/tmp/hold");
    json(0, "backup", "production");
    project.sql(DATABASE, "delete from %s where id > 2".formatted(name(TABLE)));
    Process restore = cli().start(inJson("restore", "production", "--confirm", DATABASE));
    awaitSession("wait_event = 'PgSleep'");
    assertThat(temporaryFilesInTheContainer()).isNotEmpty();

    Programs.Result interrupted = Shop.signal(restore, "TERM");
    project.execute("database", "rm", "/tmp/hold");

    JsonNode report = json(130, interrupted);
    assertThat(report.get("state").textValue()).isEqualTo("INTERRUPTED");
    assertThat(report.get("whatStands").textValue()).contains("was not touched", "resume goes on");
    assertThat(temporaryFilesInTheContainer()).isEmpty();
    assertThat(project.sql(DATABASE, "select count(*) from " + name(TABLE))).isEqualTo("2");
    json(0, "resume", report.get("execution").textValue());
    assertThat(project.sql(DATABASE, "select count(*) from " + name(TABLE))).isEqualTo("1000");
    assertThat(temporaryFilesInTheContainer()).isEmpty();
  }

  @Test
  void theWholeServerIsRestoredFromItsFilesAndBroughtBack() throws Exception {
    writePlan(environment());
    makeDatabase();
    json(0, "backup", "production", "--kind", "physical");
    project.sql(DATABASE, "delete from %s where id > 2".formatted(name(TABLE)));
    String rows = "select count(*) from " + name(TABLE);
    String files = "ls \"$PGDATA\"";
    JsonNode refused =
        json(6, "restore", "production", "--kind", "physical", "--confirm", "production");
    assertThat(refused.get("whatStands").textValue()).contains("was not touched");

    JsonNode restored =
        json(0, "restore", "production", "--kind", "physical", "--confirm", DATABASE);

    String execution = restored.get("execution").textValue();
    assertThat(restored.get("setAside").textValue()).isEqualTo("pgsql_tmp_drp_" + execution);
    assertThat(project.sql(DATABASE, rows)).isEqualTo("1000");
    assertThat(project.execute("database", "sh", "-c", files)).contains("pgsql_tmp_drp_");
    json(0, "restore-undo", execution, "--confirm", DATABASE);
    project.compose("up", "--detach", "--wait");
    assertThat(project.sql(DATABASE, rows)).isEqualTo("2");
    json(0, "restore-commit", execution, "--confirm", DATABASE);
    assertThat(project.execute("database", "sh", "-c", files)).doesNotContain("pgsql_tmp_drp");
    assertThat(project.sql(DATABASE, rows)).isEqualTo("2");
  }

  /** Returns once nobody else can read the table. */
  private static Thread holdTheTable() throws Exception {
    String lock = "begin; lock table %s; select pg_sleep(100)".formatted(name(TABLE));
    Thread holder =
        new Thread(
            () -> {
              try {
                project.sql(DATABASE, lock);
              } catch (AssertionError terminated) {
                // That is how it ends.
              }
            });
    holder.setDaemon(true);
    holder.start();
    awaitSession("query like 'begin; lock%' and wait_event = 'PgSleep'");
    return holder;
  }

  private static void awaitSession(String which) throws Exception {
    Shop.await(() -> !project.sql("select 1 from pg_stat_activity where " + which).isEmpty());
  }

  private static String dumpsInTheContainer() {
    return project.execute(
        "database", "sh", "-c", "grep -l 'pg_dum[p]' /proc/[0-9]*/cmdline || true");
  }

  private static String temporaryFilesInTheContainer() {
    return project.execute("database", "sh", "-c", "ls /tmp | grep drp || true");
  }
}
