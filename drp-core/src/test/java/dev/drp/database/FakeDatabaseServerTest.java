package dev.drp.database;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.database.FakeDatabaseServer.Database;
import dev.drp.database.FakeDatabaseServer.TableName;
import java.io.ByteArrayOutputStream;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;

class FakeDatabaseServerTest extends DatabaseServerContract {
  private final FakeDatabaseServer server = new FakeDatabaseServer(Clock.systemUTC());

  @Override
  protected DatabaseServer server() {
    return server;
  }

  @Override
  protected void createDatabase(String database) {
    server.createDatabase(database);
  }

  @Override
  protected void createTable(String database, String schema, String table, List<String> rows) {
    server.insert(database, schema, table, rows.toArray(String[]::new));
    server.answer(
        countStatement(schema, table),
        content -> String.valueOf(rowsOf(content, schema, table).size()));
  }

  @Override
  protected String column() {
    return FakeDatabaseServer.COLUMN;
  }

  @Override
  protected List<String> rows(String database, String schema, String table) {
    return rowsOf(server.database(database).orElseThrow(), schema, table);
  }

  private static List<String> rowsOf(Database database, String schema, String table) {
    return requireNonNull(database.tables().get(new TableName(schema, table)));
  }

  @Override
  protected String countStatement(String schema, String table) {
    return "count " + schema + table;
  }

  @Override
  protected void createRole(String role) {
    server.roles().put(role, "LOGIN");
  }

  @Override
  protected void dropRole(String role) {
    server.roles().remove(role);
  }

  @Override
  protected boolean roleExists(String role) {
    return server.roles().containsKey(role);
  }

  @Test
  void leavesOutWhatIsDamaged() {
    server.createDatabase("hurt");
    server.insert("hurt", "public", "good", "x");
    server.insert("hurt", "public", "bad", "y");
    server.damage("public", "bad");

    assertThat(server.dumpWhatCanBeRead("hurt", new ByteArrayOutputStream()))
        .containsExactly("table public.bad cannot be read");
    assertThatThrownBy(() -> server.openSnapshot("hurt").dump(new ByteArrayOutputStream()))
        .satisfies(isError(ErrorCode.COMMAND_FAILED));
  }
}
