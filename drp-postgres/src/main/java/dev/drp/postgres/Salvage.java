package dev.drp.postgres;

import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.OutputStream;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.copy.CopyManager;
import org.postgresql.core.BaseConnection;

/**
 * Dumps what can be read of a damaged database. Each table is read once to see whether it can be:
 * once pg_dump has met one that cannot, it has ended. The server is told to go on where a checksum
 * is wrong, but never to zero pages: that would change what is left.
 */
final class Salvage {
  private static final String GO_ON = "SET ignore_checksum_failure = on";

  private static final String TABLES =
      """
      SELECT n.nspname, c.relname
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind = 'r' AND\
      """
          + " "
          + Description.OF_USERS
          + " ORDER BY 1, 2";

  private final Sessions sessions;
  private final ClientPrograms programs;
  private final String database;

  Salvage(Sessions sessions, ClientPrograms programs, String database) {
    this.sessions = sessions;
    this.programs = programs;
    this.database = database;
  }

  private record Table(String schema, String name) {}

  List<String> dump(OutputStream output) {
    List<Table> unreadable = new ArrayList<>();
    List<String> said = new ArrayList<>();
    boolean superuser;
    List<Table> tables;
    try (Session session = sessions.openLong(database)) {
      superuser = PostgresSnapshot.isSuperuser(session);
      tables =
          session.rows("list tables", TABLES, row -> new Table(row.getString(1), row.getString(2)));
    }
    for (Table table : tables) {
      try {
        read(table, superuser);
      } catch (RecoveryException e) {
        unreadable.add(table);
        said.add(
            "table %s.%s is there, but without its rows: %s"
                .formatted(table.schema, table.name, e.problem()));
      }
    }
    List<String> arguments = new ArrayList<>(List.of("--format=custom", "--compress=0"));
    arguments.add("--no-password");
    unreadable.forEach(
        table -> arguments.add("--exclude-table-data=" + Sql.name(table.schema, table.name)));
    arguments.add("--dbname=" + ClientPrograms.connectionTo(database));
    programs.copyOutput(
        programs.command(
            programs.find("pg_dump"),
            arguments,
            superuser ? "-c ignore_checksum_failure=on" : "",
            Sessions.LONG),
        output);
    return said;
  }

  /** Reads all of a table as a dump would. A crash of the server ends the session: one for each. */
  private void read(Table table, boolean superuser) {
    try (Session session = sessions.openLong(database)) {
      if (superuser) {
        session.change("go on where a checksum is wrong", GO_ON);
      }
      session.run(
          "read table %s.%s".formatted(table.schema, table.name),
          connection -> {
            try {
              return new CopyManager(connection.unwrap(BaseConnection.class))
                  .copyOut(
                      "COPY %s TO STDOUT".formatted(Sql.name(table.schema, table.name)),
                      OutputStream.nullOutputStream());
            } catch (IOException e) {
              throw new SQLException("the connection broke", "08006", e);
            }
          });
    }
  }
}
