package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.BaseBackup;
import java.io.OutputStream;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A base backup by the server's own pg_basebackup. It fetches the write-ahead log at its end; until
 * then a temporary replication slot keeps it, which goes with the session that made it, whatever
 * happens to us.
 */
final class PostgresBaseBackup implements BaseBackup {
  /** The major versions whose base backups are proven to be restorable. */
  private static final Set<Integer> MAJORS = Set.of(15, 17);

  private static final String PROGRAM = "pg_basebackup";
  private static final String CLOCK = "SELECT clock_timestamp()";
  private static final int TRIES = 100;
  private static final long PAUSE_MILLIS = 50;
  private static final long LOOK_MILLIS = 200;

  private final Sessions sessions;
  private final ClientPrograms programs;
  private final Place place;
  private final Session holder;
  private final String name;

  private PostgresBaseBackup(
      Sessions sessions, ClientPrograms programs, Place place, Session holder, String name) {
    this.sessions = sessions;
    this.programs = programs;
    this.place = place;
    this.holder = holder;
    this.name = name;
  }

  static PostgresBaseBackup open(Sessions sessions, ClientPrograms programs, Place place) {
    programs.find(PROGRAM);
    Session holder = sessions.maintenance();
    try {
      Failures failures = sessions.failures();
      requireMajorVersion(serverVersion(holder) / 10_000, failures.place());
      requirePrimary(holder, failures);
      requireNoTablespaces(holder, failures);
      requireRight(holder, failures);
      String name = "drp_" + UUID.randomUUID().toString().replace('-', '_');
      requireConnection(sessions, holder, name);
      holder.row(
          "keep the write-ahead log for a base backup",
          "SELECT pg_catalog.pg_create_physical_replication_slot(?, true, true)",
          row -> row.getString(1),
          name);
      return new PostgresBaseBackup(sessions, programs, place, holder, name);
    } catch (RecoveryException e) {
      holder.close();
      throw e;
    }
  }

  private static int serverVersion(Session session) {
    return session.row(
        "ask for the server's version",
        "SELECT current_setting('server_version_num')::int",
        row -> row.getInt(1));
  }

  static void requireMajorVersion(int major, String place) {
    if (!MAJORS.contains(major)) {
      throw new RecoveryException(
          ErrorCode.VERSION_MISMATCH,
          "%s runs PostgreSQL %d; physical backups are for 15 and 17".formatted(place, major),
          "take logical backups of it (kind: logical), or upgrade the server.");
    }
  }

  private static void requirePrimary(Session session, Failures failures) {
    if (session.row(
        "ask whether the server is a standby",
        "SELECT pg_catalog.pg_is_in_recovery()",
        row -> row.getBoolean(1))) {
      throw failures.refused(
          "it is in recovery, and base backups are taken of a primary only",
          "name the primary in the plan, or wait until the recovery has ended.");
    }
  }

  /** Standard output holds one tar only, and each tablespace is one of its own. */
  private static void requireNoTablespaces(Session session, Failures failures) {
    List<String> tablespaces =
        session.rows(
            "list tablespaces",
            """
            SELECT spcname || ' (' || pg_catalog.pg_tablespace_location(oid) || ')'
              FROM pg_catalog.pg_tablespace
             WHERE spcname NOT IN ('pg_default', 'pg_global') ORDER BY 1\
            """,
            row -> row.getString(1));
    if (!tablespaces.isEmpty()) {
      throw failures.refused(
          "it has tablespaces, which physical backups do not hold: "
              + String.join(", ", tablespaces),
          "move what is in them (ALTER DATABASE … SET TABLESPACE pg_default, ALTER TABLE ALL IN"
              + " TABLESPACE … SET TABLESPACE pg_default) and drop them, or take logical backups.");
    }
  }

  private static void requireRight(Session session, Failures failures) {
    if (!session.row(
        "ask whether this role may replicate",
        "SELECT rolsuper OR rolreplication FROM pg_catalog.pg_roles WHERE rolname = current_user",
        row -> row.getBoolean(1))) {
      throw new RecoveryException(
          ErrorCode.DATABASE_ACCESS_DENIED,
          "%s: role %s may not take base backups".formatted(failures.place(), failures.user()),
          "as a superuser: ALTER ROLE %s REPLICATION; or name a superuser under database.superuser"
                  .formatted(Sql.name(failures.user()))
              + " in the plan.");
    }
  }

  /** Connects as the program will, to learn what is in its way from codes rather than text. */
  private static void requireConnection(Sessions sessions, Session holder, String name) {
    try {
      sessions.replication(name).close();
    } catch (SQLException e) {
      throw cannotReplicate(sessions, e, "a base backup");
    }
    awaitEnd(holder, name);
  }

  /**
   * Why a connection for replication was refused.
   *
   * @param what what it is for
   */
  static RecoveryException cannotReplicate(Sessions sessions, SQLException e, String what) {
    Failures failures = sessions.failures();
    return switch (String.valueOf(e.getSQLState())) {
      case "28000" ->
          new RecoveryException(
              ErrorCode.DATABASE_ACCESS_DENIED,
              "%s: its pg_hba.conf lets nobody replicate from here".formatted(failures.place()),
              "add this line to it, then SELECT pg_reload_conf(): " + hbaLine(sessions),
              e);
      case "53300" ->
          new RecoveryException(
              ErrorCode.DATABASE_UNAVAILABLE,
              "%s: no connection is left for %s".formatted(failures.place(), what),
              "end what needs none of those in pg_stat_replication, or raise max_wal_senders"
                  + " (the server must be restarted for it).",
              e);
      default -> failures.of(e, "connect for " + what);
    };
  }

  private static String hbaLine(Sessions sessions) {
    String user = Sql.name(sessions.login().user());
    return sessions.route() instanceof Route.UnixSocket
        ? "local replication %s peer".formatted(user)
        : sessions.route().local()
            ? "host replication %s 127.0.0.1/32 scram-sha-256".formatted(user)
            : "host replication %s ADDRESS/32 scram-sha-256, with this machine's address"
                .formatted(user);
  }

  /** It may be the last connection that was left, and the program needs it. */
  private static void awaitEnd(Session holder, String name) {
    try {
      for (int i = 0; i < TRIES && isConnected(holder, name); i++) {
        Thread.sleep(PAUSE_MILLIS);
      }
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("waiting for a connection to end", e);
    }
  }

  private static boolean isConnected(Session holder, String name) {
    return holder.row(
        "look for a connection",
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE application_name = ?)",
        row -> row.getBoolean(1),
        name);
  }

  @Override
  public long dataBytes() {
    return holder.row(
        "ask how large the data is",
        """
        SELECT coalesce(sum(pg_catalog.pg_database_size(oid)), 0) FROM pg_catalog.pg_database
         WHERE has_database_privilege(oid, 'CONNECT')\
        """,
        row -> row.getLong(1));
  }

  @Override
  public Copied copyFiles(OutputStream tar) {
    ClientPrograms.Program program = programs.find(PROGRAM);
    List<String> arguments =
        List.of(
            "--pgdata=-",
            "--format=tar",
            "--wal-method=fetch",
            "--checkpoint=fast",
            "--no-password",
            "--dbname=application_name=" + name);
    try (Watch watch = new Watch(now(holder))) {
      programs.copyOutput(programs.command(program, arguments, "", Sessions.LONG), tar);
      return new Copied(watch.consistentAt(), program.version());
    }
  }

  private static Instant now(Session session) {
    return session.row(
        "read the server's clock",
        CLOCK,
        row -> row.getObject(1, OffsetDateTime.class).toInstant());
  }

  /**
   * Looks how far the program is. While it copies files its end, up to which everything is in the
   * backup, is still to come.
   */
  private final class Watch implements AutoCloseable {
    private final Thread thread = new Thread(this::look, "progress of " + name);
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile Instant consistentAt;

    Watch(Instant start) {
      consistentAt = start;
      thread.setDaemon(true);
      thread.start();
    }

    Instant consistentAt() {
      return consistentAt;
    }

    private void look() {
      try (Session session = sessions.maintenance()) {
        do {
          Instant clock = now(session); // before the question: then the answer holds for it
          if (copiesFiles(session)) {
            consistentAt = clock;
          }
        } while (!ended.await(LOOK_MILLIS, TimeUnit.MILLISECONDS));
      } catch (RecoveryException | InterruptedException e) {
        // What was seen until now stays true.
      }
    }

    private boolean copiesFiles(Session session) {
      return session.row(
          "ask how far the base backup is",
          """
          SELECT EXISTS (
            SELECT FROM pg_catalog.pg_stat_progress_basebackup
              JOIN pg_catalog.pg_stat_activity USING (pid)
             WHERE application_name = ? AND phase = 'streaming database files')\
          """,
          row -> row.getBoolean(1),
          name);
    }

    @Override
    public void close() {
      ended.countDown();
    }
  }

  @Override
  public List<String> copyConfiguration(OutputStream tar) {
    return new ConfigurationFiles(holder, programs, place).copy(tar);
  }

  /** Dropped by name, so that it is gone at once and not when the server notices our end. */
  @Override
  public void close() {
    try {
      holder.row(
          "let the write-ahead log go",
          "SELECT pg_catalog.pg_drop_replication_slot(?)",
          row -> name,
          name);
    } catch (RecoveryException e) {
      // The session has ended, and its slot with it.
    } finally {
      holder.close();
    }
  }
}
