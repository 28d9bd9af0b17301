package dev.drp.postgres;

import dev.drp.database.DatabaseServer;
import dev.drp.database.DatabaseServerContract;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;

@Tag("postgres")
class PostgresServerTest extends DatabaseServerContract {
  private final TestCluster cluster = TestCluster.shared();
  private final DatabaseServer server = cluster.connect();

  @AfterEach
  void close() {
    server.close();
  }

  @Override
  protected DatabaseServer server() {
    return server;
  }

  @Override
  protected void createDatabase(String database) {
    cluster.execute("postgres", "DROP DATABASE IF EXISTS " + Sql.name(database));
    cluster.execute("postgres", "CREATE DATABASE " + Sql.name(database));
  }

  @Override
  protected void createTable(String database, String schema, String table, List<String> rows) {
    String name = Sql.name(schema, table);
    cluster.execute(
        database,
        "CREATE SCHEMA IF NOT EXISTS %s; CREATE TABLE %s (line text)"
            .formatted(Sql.name(schema), name));
    if (!rows.isEmpty()) {
      cluster.execute(
          database,
          "INSERT INTO %s VALUES %s"
              .formatted(
                  name,
                  rows.stream()
                      .map(row -> "(" + Sql.text(row) + ")")
                      .collect(Collectors.joining(","))));
    }
  }

  @Override
  protected String column() {
    return "line";
  }

  @Override
  protected List<String> rows(String database, String schema, String table) {
    return cluster.values(database, "SELECT line FROM " + Sql.name(schema, table));
  }

  @Override
  protected String countStatement(String schema, String table) {
    return "SELECT count(*) FROM " + Sql.name(schema, table);
  }

  @Override
  protected void createRole(String role) {
    cluster.execute("postgres", "DROP ROLE IF EXISTS " + Sql.name(role));
    cluster.execute("postgres", "CREATE ROLE %s LOGIN PASSWORD 'x'".formatted(Sql.name(role)));
  }

  @Override
  protected void dropRole(String role) {
    cluster.execute("postgres", "DROP ROLE " + Sql.name(role));
  }

  @Override
  protected boolean roleExists(String role) {
    return cluster
        .value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname = " + Sql.text(role))
        .equals("1");
  }
}
