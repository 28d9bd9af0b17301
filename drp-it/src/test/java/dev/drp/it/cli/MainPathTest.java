package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drp.it.support.Cli;
import dev.drp.it.support.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The way of a user through all commands, from a plan to a restore that is committed. All names are
 * full of quotes, spaces and what a shell would run.
 */
abstract class MainPathTest {
  static final String DATABASE = "sh\"op's $(touch pwned)";
  private static final String OWNER = "o'wner \"$(touch pwned)\"";
  static final String TABLE = "sa'le \"$(touch pwned)\"";
  private static final String ROWS = "select count(*) || ' rows, ' || sum(id) from " + name(TABLE);
  private static final String IN_THE_BACKUP = "1000 rows, 500500";

  @TempDir private Path folder;

  /** The environment's part of the plan. */
  abstract String environment();

  /** Runs a statement as superuser; returns values only, a line for each row. */
  abstract String sql(String database, String statement);

  /** Runs a drill, and finds no trace of the server that it used. */
  abstract JsonNode drill() throws Exception;

  @Test
  void leadsFromAPlanToARestoreThatIsCommitted() throws Exception {
    makeDatabase();
    writePlan(environment());
    assertThat(json(0, "plan", "check").get("valid").booleanValue()).isTrue();

    String backup = json(0, "backup", "production").get("id").textValue();
    assertIsListedAndVerified(backup);
    assertDrillPassed(backup);

    change();
    String undone = restore(backup);
    sql(DATABASE, "insert into %s values (4711, 'after')".formatted(name(TABLE)));
    json(0, "restore-undo", undone, "--confirm", DATABASE);
    assertThat(sql(DATABASE, ROWS)).as("the changed data are back").isEqualTo("2 rows, 3");

    String committed = restore(backup);
    json(0, "restore-commit", undone, "--confirm", DATABASE);
    json(0, "restore-commit", committed, "--confirm", DATABASE);
    assertThat(sql("postgres", "select datname from pg_database where datname like 'drp%'"))
        .as("what was set aside")
        .isEmpty();
    assertThat(sql(DATABASE, ROWS)).isEqualTo(IN_THE_BACKUP);
    assertStatus(backup);
    assertThat(folder.resolve("pwned")).doesNotExist();
  }

  @AfterEach
  void dropDatabasesAndRole() {
    sql(
            "postgres",
            "select quote_ident(datname) from pg_database"
                + " where datname not in ('app', 'postgres') and not datistemplate")
        .lines()
        .forEach(it -> sql("postgres", "drop database %s with (force)".formatted(it)));
    sql("postgres", "drop role if exists " + name(OWNER));
  }

  final void makeDatabase() {
    sql("postgres", "create role " + name(OWNER));
    sql("postgres", "create database %s owner %s".formatted(name(DATABASE), name(OWNER)));
    sql(
        DATABASE,
        "create table %s as select id, 'row ' || id as note from generate_series(1, 1000) id"
            .formatted(name(TABLE)));
    sql(DATABASE, "alter table %s owner to %s".formatted(name(TABLE), name(OWNER)));
  }

  final void writePlan(String environment) throws IOException {
    Files.writeString(
        folder.resolve("drp.yaml"),
        """
        format: 1
        application: Ask & "Trust"
        objectives: { recovery-time: 4h, recovery-point: 6h }
        sites: { primary: { host: local } }
        environments:
          production:
            site: primary
        %s    database:
              name: '%s'
              password: env:SHOP_PASSWORD
              expectations: [{ name: sold, sql: 'select count(*) from %s', expect: '> 999' }]
        %s
        storages: { local: { directory: %s } }
        backups:
          database: { environment: production, kind: logical, every: 6h, keep: 7d, to: [local] }
        """
            .formatted(
                compose(),
                DATABASE.replace("'", "''"),
                name(TABLE).replace("'", "''"),
                environment.indent(6).stripTrailing(),
                folder.resolve("back ups")));
  }

  /** The part of the plan that names a Compose project, if there is one. */
  String compose() {
    return "";
  }

  private void assertIsListedAndVerified(String backup) throws Exception {
    JsonNode listed = json(0, "backups").get("backups");
    assertThat(listed).hasSize(1);
    assertThat(listed.get(0).get("id").textValue()).isEqualTo(backup);
    assertThat(listed.get(0).get("good").booleanValue()).isTrue();

    JsonNode rows = json(0, "backups", "show", backup).get("rowsOfTables");
    assertThat(rows).hasSize(1);
    assertThat(rows.get(0).get("table").textValue()).isEqualTo(TABLE);
    assertThat(rows.get(0).get("rows").intValue()).isEqualTo(1000);

    JsonNode verified = json(0, "backups", "verify").get("verifications");
    assertThat(verified).hasSize(1);
    assertThat(verified.get(0).get("good").booleanValue()).isTrue();
  }

  private void assertDrillPassed(String backup) throws Exception {
    JsonNode drill = drill();

    String execution = drill.get("execution").textValue();
    assertThat(drill.get("outcome").textValue()).isEqualTo("PASSED");
    assertThat(drill.get("cleanup").textValue()).isEqualTo("DONE");
    assertThat(drill.get("backup").textValue()).isEqualTo(backup);
    Path reports = folder.resolve("state").resolve("reports");
    assertThat(new JsonMapper().readTree(reports.resolve(execution + ".json").toFile()))
        .isEqualTo(drill);
    assertThat(reports.resolve(execution + ".md")).content().contains(execution, "PASSED");
  }

  private void change() {
    sql(DATABASE, "delete from %s where id > 2".formatted(name(TABLE)));
    sql(DATABASE, "update %s set note = 'changed'".formatted(name(TABLE)));
  }

  /** Restores, finds what the backup holds, and returns the execution. */
  private String restore(String backup) throws Exception {
    JsonNode restore = json(0, "restore", "production", "--confirm", DATABASE);
    assertThat(restore.get("state").textValue()).isEqualTo("AWAITING_COMMIT");
    assertThat(restore.get("backup").textValue()).isEqualTo(backup);
    assertThat(sql(DATABASE, ROWS)).isEqualTo(IN_THE_BACKUP);
    assertThat(sql(DATABASE, "select distinct tableowner from pg_tables where schemaname='public'"))
        .isEqualTo(OWNER);
    return restore.get("execution").textValue();
  }

  private void assertStatus(String backup) throws Exception {
    JsonNode status = json(0, "status");
    assertThat(status.get("objectivesMet").booleanValue()).isTrue();
    JsonNode environment = status.get("environments").get(0);
    assertThat(environment.get("recoveryPoint").get("state").textValue()).isEqualTo("MET");
    assertThat(environment.get("recoveryTime").get("state").textValue()).isEqualTo("MET");
    assertThat(environment.get("newestDrilled").get("id").textValue()).isEqualTo(backup);
    assertThat(environment.get("notices")).isEmpty();
  }

  /** Runs the command line, which must end with that code, and reads its JSON. */
  final JsonNode json(int exitCode, String... arguments) throws IOException {
    return json(exitCode, cli().run(inJson(arguments)));
  }

  static JsonNode json(int exitCode, Programs.Result result) throws IOException {
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(exitCode);
    return new JsonMapper().readTree(result.stdout());
  }

  static String[] inJson(String... arguments) {
    return Stream.concat(Stream.of("--state", "state", "--output", "json"), Stream.of(arguments))
        .toArray(String[]::new);
  }

  final Cli cli() {
    return Cli.in(folder).with("SHOP_PASSWORD", "correct horse");
  }

  static String name(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }
}
