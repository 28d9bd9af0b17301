package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.Lsn;
import dev.drp.database.TimelineHistory;
import dev.drp.database.WalSlot;
import dev.drp.database.WalSource;
import dev.drp.database.WalStream;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.postgresql.copy.CopyDual;
import org.postgresql.jdbc.PgConnection;

/**
 * The log of a PostgreSQL server, over the streaming replication protocol. Each stream has a
 * connection of its own; the driver's own replication interface is not used, as it cannot name a
 * timeline.
 */
final class PostgresWal implements WalSource {
  /**
   * The server asks whether we live when it has not heard of us for half of it, and ends the
   * connection after all of it. It is also how long we hang where a timeline ends under us: the
   * driver then waits for a word that the server will not say.
   */
  private static final String SENDER_TIMEOUT = " -c wal_sender_timeout=10s";

  /** The server says something every five seconds. */
  private static final Duration SILENCE = Duration.ofSeconds(20);

  private static final String SEGMENT_SIZE = "16MB";
  private static final String WHAT = "streaming its log";

  private final Sessions sessions;
  private final String application;

  private PostgresWal(Sessions sessions, String application) {
    this.sessions = sessions;
    this.application = application;
  }

  static PostgresWal open(Sessions sessions, String application) {
    try (Session session = sessions.maintenance()) {
      String size = session.value("SHOW wal_segment_size").orElse("");
      if (!size.equals(SEGMENT_SIZE)) {
        throw sessions
            .failures()
            .refused(
                "the segments of its log are of %s; supported is %s".formatted(size, SEGMENT_SIZE),
                "make the server anew with the usual size (initdb --wal-segsize=16).");
      }
    }
    return new PostgresWal(sessions, application);
  }

  private Session connect() {
    try {
      return sessions.replication(application, SILENCE, SENDER_TIMEOUT);
    } catch (SQLException e) {
      throw PostgresBaseBackup.cannotReplicate(sessions, e, WHAT);
    }
  }

  @Override
  public String application() {
    return application;
  }

  @Override
  public WalPosition position() {
    try (Session session = connect()) {
      return session.row(
          "ask for the position of the log",
          "IDENTIFY_SYSTEM",
          row -> new WalPosition(row.getString(1), row.getInt(2), Lsn.parse(row.getString(3))));
    }
  }

  @Override
  public TimelineHistory history(int timeline) {
    if (timeline == 1) {
      return TimelineHistory.none(timeline);
    }
    try (Session session = connect()) {
      return session.row(
          "read the history of timeline " + timeline,
          "TIMELINE_HISTORY " + timeline,
          row -> TimelineHistory.parse(timeline, row.getString(2)));
    } catch (RecoveryException e) {
      if (PostgresWalStream.isNoFile(e)) {
        throw new RecoveryException(
            ErrorCode.OBJECT_NOT_FOUND,
            "%s knows no timeline %d".formatted(sessions.failures().place(), timeline),
            "is this the server that it was?",
            e);
      }
      throw e;
    }
  }

  @Override
  public Optional<WalSlot> slot(String name) {
    try (Session session = sessions.maintenance()) {
      return session
          .rows(
              "look at replication slot " + name,
              """
              SELECT slot_name, restart_lsn::text, active, coalesce(wal_status, '') = 'lost',
                     greatest(pg_catalog.pg_wal_lsn_diff(
                       CASE WHEN pg_catalog.pg_is_in_recovery()
                            THEN pg_catalog.pg_last_wal_receive_lsn()
                            ELSE pg_catalog.pg_current_wal_lsn() END, restart_lsn), 0)::bigint,
                     safe_wal_size
                FROM pg_catalog.pg_replication_slots WHERE slot_name = ?\
              """,
              row -> {
                Optional<String> keptFrom = Optional.ofNullable(row.getString(2));
                long kept = row.getLong(5);
                long left = row.getLong(6);
                OptionalLong bytesLeft =
                    row.wasNull() ? OptionalLong.empty() : OptionalLong.of(left);
                return new WalSlot(
                    row.getString(1),
                    keptFrom.map(Lsn::parse),
                    row.getBoolean(3),
                    row.getBoolean(4),
                    kept,
                    bytesLeft);
              },
              name)
          .stream()
          .findFirst();
    }
  }

  @Override
  public WalSlot createSlot(String name) {
    try (Session session = sessions.maintenance()) {
      session.row(
          "create replication slot " + name,
          "SELECT pg_catalog.pg_create_physical_replication_slot(?, true)::text",
          row -> row.getString(1),
          name);
    } catch (RecoveryException e) {
      if (PostgresWalStream.hasState(e, "42710")) {
        throw sessions
            .failures()
            .refused(
                "it has a replication slot %s already".formatted(name),
                "drop it with pg_drop_replication_slot() if nobody needs it.");
      }
      throw e;
    }
    return slot(name).orElseThrow();
  }

  @Override
  public void dropSlot(String name) {
    try (Session session = sessions.maintenance()) {
      session.rows(
          "drop replication slot " + name,
          """
          SELECT pg_catalog.pg_drop_replication_slot(slot_name)::text
            FROM pg_catalog.pg_replication_slots WHERE slot_name = ?\
          """,
          row -> name,
          name);
    } catch (RecoveryException e) {
      throw PostgresWalStream.hasState(e, Failures.OBJECT_IN_USE)
          ? PostgresWalStream.inUse(sessions.failures(), name, e)
          : e;
    }
  }

  @Override
  public WalStream stream(String slot, int timeline, Lsn from) {
    Session session = connect();
    try {
      CopyDual copy =
          session.run(
              "stream its log from %s of timeline %d".formatted(from, timeline),
              connection ->
                  connection
                      .unwrap(PgConnection.class)
                      .getCopyAPI()
                      .copyDual(
                          "START_REPLICATION SLOT %s PHYSICAL %s TIMELINE %d"
                              .formatted(Sql.name(slot), from, timeline)));
      return new PostgresWalStream(session, copy, sessions.failures());
    } catch (RecoveryException e) {
      session.close();
      throw PostgresWalStream.translated(sessions.failures(), slot, e);
    }
  }

  @Override
  public boolean waitsForUs() {
    try (Session session = sessions.maintenance()) {
      return synchronousStandbys(session).equals(ours());
    }
  }

  @Override
  public void waitForUs(boolean wait) {
    try (Session session = sessions.maintenance()) {
      String current = synchronousStandbys(session);
      if (current.equals(wait ? ours() : "")) {
        return;
      }
      if (!current.isEmpty() && !current.equals(ours())) {
        if (!wait) {
          return;
        }
        throw sessions
            .failures()
            .refused(
                "its commits wait for others already: synchronous_standby_names is '%s'"
                    .formatted(current),
                "add %s there yourself, in the way that fits the others.".formatted(ours()));
      }
      session.change(
          "set synchronous_standby_names",
          "ALTER SYSTEM SET synchronous_standby_names = " + Sql.text(wait ? ours() : ""));
      session.row(
          "reload its settings", "SELECT pg_catalog.pg_reload_conf()", row -> row.getBoolean(1));
    }
  }

  /** What is in the files: a session may see a change that was made by another a little late. */
  private static String synchronousStandbys(Session session) {
    return session.row(
        "ask for whom commits wait",
        "SELECT current_setting('synchronous_standby_names')",
        row -> row.getString(1));
  }

  private String ours() {
    return Sql.name(application);
  }

  @Override
  public void close() {
    // Each question has a connection of its own, and so has each stream.
  }
}
