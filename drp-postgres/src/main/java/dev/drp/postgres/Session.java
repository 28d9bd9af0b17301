package dev.drp.postgres;

import dev.drp.RecoveryException;
import dev.drp.database.SqlSession;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A connection whose failures are ours. Each statement commits by itself. */
final class Session implements SqlSession {
  private final Connection connection;
  private final Failures failures;

  Session(Connection connection, Failures failures) {
    this.connection = connection;
    this.failures = failures;
  }

  /** Reads one row; columns count from 1. */
  interface RowReader<T> {
    T read(ResultSet row) throws SQLException;
  }

  /** Work on the driver's own connection. */
  interface Work<T> {
    T run(Connection connection) throws SQLException;
  }

  /**
   * Asks for rows.
   *
   * @param doing what is being done, for messages: {@code list databases}
   */
  <T> List<T> rows(String doing, String sql, RowReader<T> reader, Object... parameters) {
    return run(
        doing,
        open -> {
          try (PreparedStatement statement = open.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
              statement.setObject(i + 1, parameters[i]);
            }
            List<T> rows = new ArrayList<>();
            try (ResultSet result = statement.executeQuery()) {
              while (result.next()) {
                rows.add(reader.read(result));
              }
            }
            return rows;
          }
        });
  }

  /** Asks for a row that is always there. */
  <T> T row(String doing, String sql, RowReader<T> reader, Object... parameters) {
    return rows(doing, sql, reader, parameters).get(0);
  }

  /** Runs statements that give no rows. */
  void change(String doing, String sql) {
    run(doing, open -> plain(open, sql));
  }

  private static long plain(Connection open, String sql) throws SQLException {
    try (Statement statement = open.createStatement()) {
      statement.setEscapeProcessing(false);
      long changed = 0;
      boolean rows = statement.execute(sql);
      while (true) {
        if (!rows) {
          long count = statement.getLargeUpdateCount();
          if (count < 0) {
            return changed;
          }
          changed = count;
        }
        rows = statement.getMoreResults();
      }
    }
  }

  <T> T run(String doing, Work<T> work) {
    try {
      return work.run(connection);
    } catch (SQLException e) {
      throw failures.of(e, doing);
    }
  }

  /** Runs changes that all come true or none. */
  void transaction(String doing, Runnable changes) {
    run(
        doing,
        open -> {
          open.setAutoCommit(false);
          try {
            changes.run();
            open.commit();
          } catch (RecoveryException | SQLException e) {
            open.rollback();
            throw e;
          } finally {
            open.setAutoCommit(true);
          }
          return changes;
        });
  }

  @Override
  public long execute(String sql) {
    return run("run statements", open -> plain(open, sql));
  }

  @Override
  public Optional<String> value(String sql) {
    return run(
        "run a statement",
        open -> {
          try (Statement statement = open.createStatement()) {
            statement.setEscapeProcessing(false);
            try (ResultSet result = statement.executeQuery(sql)) {
              return result.next()
                  ? Optional.<String>ofNullable(text(result))
                  : Optional.<String>empty();
            }
          }
        });
  }

  private static @Nullable String text(ResultSet result) throws SQLException {
    return result.getString(1);
  }

  /** Ends the connection at once, also under a thread that waits for the server. */
  void abort() {
    try {
      connection.abort(Runnable::run);
    } catch (SQLException e) {
      // It has gone already.
    }
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      // The server ends what a lost connection has begun.
    }
  }
}
