package dev.drp.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.plan.Migrations.History;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How the plan says which migrations data lacks. */
class MigrationsTest {
  private static LoadedPlan load(String migrations) {
    return PlanText.with(
        "      password: env:SHOP_PASSWORD\n",
        "      password: env:SHOP_PASSWORD\n      migrations: { service: backend, %s }\n"
            .formatted(migrations));
  }

  private static History history(String migrations) {
    return load(migrations)
        .orThrow()
        .environment("production")
        .requireDatabase()
        .migrations()
        .flatMap(Migrations::history)
        .orElseThrow();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      textBlock =
          """
          flyway_schema_history      | V1_2__add slug.sql           | V1_2__add slug.sql
          flyway_schema_history      | R__views.sql                 | R__views.sql
          flyway_schema_history      | beforeMigrate.sql            | -
          public._prisma_migrations  | 20230101120000_init          | 20230101120000_init
          _prisma_migrations         | migration_lock.toml          | -
          a.b"c.knex_migrations      | 20230101_init.js             | 20230101_init.js
          knex_migrations            | 20230101_init.d.ts           | -
          schema_migrations          | 20230101120000_make_users.rb | 20230101120000
          schema_migrations          | 000001_init.up.sql           | -
          """)
  void theTablesOfToolsAreKnown(String table, String file, @Nullable String entry) {
    History history = history("table: '%s', files: /app/db".formatted(table));

    assertThat(history.table()).isEqualTo(table);
    assertThat(history.column()).isNotBlank();
    assertThat(history.entryOf(file)).isEqualTo(Optional.ofNullable(entry));
  }

  @Test
  void onlyRowsOfMigrationsThatWereDoneCount() {
    assertThat(history("table: flyway_schema_history, files: /a").condition()).isEqualTo("success");
    assertThat(history("table: _prisma_migrations, files: /a").condition())
        .contains("rolled_back_at IS NULL");
    assertThat(history("table: flyway_schema_history, column: version, files: /a").condition())
        .isEmpty();
  }

  @Test
  void aTableOfTheTeamsOwnSaysColumnAndNames() {
    History history =
        history("table: 'it''s', column: 'a\"b', files: /app, file-name: '\\d+-(\\w+)\\.sql'");

    assertThat(history.table()).isEqualTo("it's");
    assertThat(history.column()).isEqualTo("a\"b");
    assertThat(history.entryOf("12-Init.sql")).contains("Init");
    assertThat(history.entryOf("Init.sql")).isEmpty();
    assertThat(history("table: own, column: c, expected: [list]").column()).isEqualTo("c");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "after-restore: report",
        "pending: [x], table: schema_migrations, files: /a",
        "pending: [x], files: /a",
        "table: schema_migrations",
        "table: schema_migrations, files: /a, expected: [x]",
        "table: schema_migrations, files: a",
        "table: own, column: c, files: /a",
        "table: own, expected: [x]",
        "table: schema_migrations, files: /a, file-name: '.*'",
        "table: schema_migrations, files: /a, file-name: '(('",
        "table: schema_migrations, files: /a, after-restore: apply"
      })
  void refusesWhatDoesNotTell(String migrations) {
    List<PlanProblem> problems = load(migrations).problems();

    assertThat(problems).hasSize(1);
    assertThat(problems.get(0).path()).startsWith("environments.production.database.migrations.");
  }
}
