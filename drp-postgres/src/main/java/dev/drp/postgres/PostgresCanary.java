package dev.drp.postgres;

import dev.drp.RecoveryException;
import dev.drp.database.Canary;
import dev.drp.database.CanarySession;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Optional;

/**
 * The canary of a PostgreSQL database: the one row of {@code drp.canary}. It is changed in place
 * (no index holds what changes), so that the table does not grow.
 */
final class PostgresCanary implements CanarySession {
  static final String SCHEMA = "drp";
  static final String TABLE = "canary";

  /** Longer than any of the statements may take. */
  private static final Duration SILENCE = Duration.ofSeconds(20);

  /**
   * Where commits wait for the stream, it is the stream that would have to let this one through: so
   * it waits for the server's own disk only.
   */
  private static final String OPTIONS =
      " -c synchronous_commit=local -c statement_timeout=5s -c lock_timeout=2s"
          + " -c search_path=pg_catalog,pg_temp";

  /** What goes by our names and is not ours could run something with our rights. */
  private static final String FOREIGN =
      """
      SELECT pg_catalog.format('%s %s belongs to %s', what, name, pg_catalog.pg_get_userbyid(owner))
        FROM (SELECT 'schema', nspname::text, nspowner, nspname = 'drp'
                FROM pg_catalog.pg_namespace
               UNION ALL
              SELECT 'relation', n.nspname || '.' || c.relname, c.relowner,
                     n.nspname = 'drp' AND c.relname = 'canary'
                FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)
             of(what, name, owner, ours)
       WHERE ours AND pg_catalog.pg_get_userbyid(owner) <> current_user LIMIT 1\
      """;

  private static final String CREATE =
      """
      CREATE SCHEMA IF NOT EXISTS drp;
      REVOKE ALL ON SCHEMA drp FROM PUBLIC;
      COMMENT ON SCHEMA drp IS
        'Belongs to the backup tool drp. DROP SCHEMA drp CASCADE removes it; the plan''s \
      wal.canary: off keeps it away.';
      CREATE TABLE IF NOT EXISTS drp.canary (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        written_at timestamptz NOT NULL,
        every interval NOT NULL,
        writer text NOT NULL);
      REVOKE ALL ON TABLE drp.canary FROM PUBLIC;
      COMMENT ON TABLE drp.canary IS
        'One row that drp wal stream writes again every so often. A restored copy of it tells how \
      far the restored data goes. DROP SCHEMA drp CASCADE removes it; the plan''s wal.canary: off \
      keeps it away.'\
      """;

  private static final String UPDATE =
      """
      UPDATE drp.canary
         SET written_at = clock_timestamp(), every = make_interval(secs => %1$s), writer = %2$s\
      """;

  private static final String INSERT =
      """
      INSERT INTO drp.canary (written_at, every, writer)
      VALUES (clock_timestamp(), make_interval(secs => %1$s), %2$s) ON CONFLICT DO NOTHING\
      """;

  private final Session session;

  private PostgresCanary(Session session) {
    this.session = session;
  }

  static PostgresCanary open(Sessions sessions, String database) {
    Session session = connect(sessions, database);
    try {
      if (session.value("SELECT pg_is_in_recovery()").filter("t"::equals).isPresent()) {
        throw sessions
            .failures()
            .refused("it is in recovery", "the canary is written once it is the primary.");
      }
      requireOurs(sessions, session);
      if (session.value("SELECT to_regclass('drp.canary')").isEmpty()) {
        session.transaction(
            "make the table of the canary", () -> session.change("make the canary", CREATE));
        requireOurs(sessions, session);
      }
      return new PostgresCanary(session);
    } catch (RecoveryException e) {
      session.close();
      throw e;
    }
  }

  private static Session connect(Sessions sessions, String database) {
    try {
      return sessions.with("drp canary", database, SILENCE, OPTIONS);
    } catch (SQLException e) {
      if (Failures.NO_SUCH_DATABASE.equals(e.getSQLState())) {
        throw sessions.failures().noSuchDatabase(database, sessions.databaseNames(), e);
      }
      throw sessions.failures().of(e, "connect to database " + database);
    }
  }

  private static void requireOurs(Sessions sessions, Session session) {
    Optional<String> foreign = session.value(FOREIGN);
    if (foreign.isPresent()) {
      throw sessions
          .failures()
          .refused(
              "no canary is written: " + foreign.get(),
              "drop it, give it to role %s, or say wal.canary: off in the plan."
                  .formatted(sessions.failures().user()));
    }
  }

  @Override
  public void write(Duration every, String writer) {
    String seconds = String.valueOf(every.toMillis() / 1000.0);
    if (session.execute(UPDATE.formatted(seconds, Sql.text(writer))) == 0) {
      session.execute(INSERT.formatted(seconds, Sql.text(writer)));
    }
  }

  /** What a database holds, whoever has put it there: it is read and never run. */
  static Optional<Canary> read(Session session) {
    session.change("read the canary", "SET search_path = pg_catalog, pg_temp");
    boolean there =
        session.row(
            "look for the canary",
            """
            SELECT count(*) = 3 FROM pg_catalog.pg_attribute a
              JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'drp' AND c.relname = 'canary' AND NOT a.attisdropped
               AND (a.attname::text, a.atttypid) IN (('written_at', 'timestamptz'::regtype),
                     ('every', 'interval'::regtype), ('writer', 'text'::regtype))\
            """,
            row -> row.getBoolean(1));
    if (!there) {
      return Optional.empty();
    }
    return session
        .rows(
            "read the canary",
            """
            SELECT written_at, (extract(epoch FROM every) * 1000)::bigint, writer
              FROM drp.canary WHERE isfinite(written_at) ORDER BY written_at DESC LIMIT 1\
            """,
            row ->
                new Canary(
                    row.getObject(1, OffsetDateTime.class).toInstant(),
                    Duration.ofMillis(row.getLong(2)),
                    row.getString(3)))
        .stream()
        .findFirst();
  }

  @Override
  public void close() {
    session.close();
  }
}
