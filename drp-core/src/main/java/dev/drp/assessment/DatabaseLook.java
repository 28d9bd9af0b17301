package dev.drp.assessment;

import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.DatabaseServer;
import dev.drp.database.DatabaseSummary;
import dev.drp.database.ExpectationResult;
import dev.drp.database.ServerFacts;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.Expectation;
import dev.drp.plan.ExpectedResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a look at an environment's database shows.
 *
 * @param exists whether the server has a database of that name that may be connected to
 * @param tables how many tables of users it has
 * @param response to the shortest of statements; empty where it does not exist
 * @param connections how many there are, and may be; empty text where that is not told
 */
record DatabaseLook(
    ServerFacts server,
    List<DatabaseSummary> databases,
    boolean exists,
    int tables,
    Optional<ExpectationResult> response,
    String connections,
    List<ExpectationResult> expectations) {
  static final String SHORTEST = "select 1";
  static final String CONNECTIONS =
      "select count(*) || ' of ' || current_setting('max_connections') from pg_stat_activity"
          + " where backend_type = 'client backend'";

  /** Whether it holds what the plan expects. */
  boolean isWell() {
    return exists && expectations.stream().allMatch(ExpectationResult::met);
  }

  /** Whether there is no data in it at all, though there should be. */
  boolean isEmpty() {
    return !exists || tables == 0;
  }

  static DatabaseLook at(DatabaseConnector connector, Environment environment) {
    DatabaseSettings settings = environment.requireDatabase();
    try (DatabaseServer server = connector.connect(environment)) {
      ServerFacts facts = server.facts();
      List<DatabaseSummary> databases = server.databases();
      boolean exists =
          databases.stream()
              .anyMatch(it -> it.name().equals(settings.name()) && it.allowsConnections());
      if (!exists) {
        return new DatabaseLook(facts, databases, false, 0, Optional.empty(), "", List.of());
      }
      int tables = server.describe(settings.name()).userTables();
      try (ConsistentSnapshot snapshot = server.openSnapshot(settings.name())) {
        ExpectationResult connections = snapshot.evaluate(question(CONNECTIONS, "!= ''"));
        List<ExpectationResult> expectations = new ArrayList<>();
        settings.expectations().forEach(it -> expectations.add(snapshot.evaluate(it)));
        return new DatabaseLook(
            facts,
            databases,
            true,
            tables,
            Optional.of(snapshot.evaluate(question(SHORTEST, "= 1"))),
            connections.met() ? connections.actual() : "",
            expectations);
      }
    }
  }

  static Expectation question(String sql, String expected) {
    return new Expectation(sql, sql, ExpectedResult.parse(expected), Optional.empty());
  }
}
