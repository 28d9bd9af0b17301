package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.RestoreTarget.SwitchState;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Puts one database in the place of another. */
final class DatabaseSwitch {
  private static final long PAUSE_MILLIS = 50;

  private final Session session;
  private final Failures failures;
  private final String live;
  private final String replacement;
  private final String aside;

  DatabaseSwitch(
      Session session, Failures failures, String live, String replacement, String aside) {
    this.session = session;
    this.failures = failures;
    this.live = live;
    this.replacement = replacement;
    this.aside = aside;
  }

  SwitchState state() {
    List<String> there = existing();
    if (there.contains(replacement)) {
      return there.contains(aside) ? SwitchState.UNKNOWN : SwitchState.NOT_SWITCHED;
    }
    return Marks.read(session, live, Marks.REPLACED).equals(Optional.of(aside))
        ? SwitchState.SWITCHED
        : SwitchState.UNKNOWN;
  }

  private List<String> existing() {
    return session.rows(
        "list databases",
        "SELECT datname FROM pg_catalog.pg_database WHERE datname IN (?, ?, ?)",
        row -> row.getString(1),
        live,
        replacement,
        aside);
  }

  void run(String mark, Duration limit) {
    switch (state()) {
      case SWITCHED -> {
        session.change("open database " + live, allowConnections(live, true));
        return;
      }
      case UNKNOWN ->
          throw failures.refused(
              "%s cannot take the place of %s: there are %s"
                  .formatted(replacement, live, String.join(", ", existing())),
              "somebody has renamed or dropped a database; look which one holds what.");
      case NOT_SWITCHED -> {}
    }
    boolean liveExists = existing().contains(live);
    List<String> both = liveExists ? List.of(live, replacement) : List.of(replacement);
    refuseWhatBlocks(both);
    try {
      both.forEach(
          database -> session.change("close " + database, allowConnections(database, false)));
      rename(liveExists, both, mark, System.nanoTime() + limit.toNanos());
    } catch (RecoveryException e) {
      openAgain(e, liveExists);
      throw e;
    }
  }

  /** What would make the server refuse the renames however often we try. */
  private void refuseWhatBlocks(List<String> databases) {
    List<String> prepared =
        session.rows(
            "list prepared transactions",
            "SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database IN (%s)"
                .formatted(Sql.texts(databases)),
            row -> row.getString(1));
    if (!prepared.isEmpty()) {
      throw failures.refused(
          "prepared transactions hold %s: %s"
              .formatted(String.join(", ", databases), String.join(", ", prepared)),
          "end them with COMMIT PREPARED or ROLLBACK PREPARED.");
    }
    List<String> slots =
        session.rows(
            "list replication slots",
            "SELECT slot_name FROM pg_catalog.pg_replication_slots WHERE active AND database IN (%s)"
                .formatted(Sql.texts(databases)),
            row -> row.getString(1));
    if (!slots.isEmpty()) {
      throw failures.refused(
          "replication slots of %s are in use: %s"
              .formatted(String.join(", ", databases), String.join(", ", slots)),
          "stop what reads from them; it would go on reading the database that is set aside.");
    }
  }

  private void rename(boolean liveExists, List<String> both, String mark, long deadline) {
    while (true) {
      endSessions(both);
      try {
        session.transaction("switch the databases", () -> renameNow(liveExists, mark));
        return;
      } catch (RecoveryException e) {
        if (!isInUse(e)) {
          throw e;
        }
        if (System.nanoTime() > deadline) {
          throw new RecoveryException(
              ErrorCode.TIMED_OUT, e.problem(), "end the sessions that stay, then go on.", e);
        }
        pause();
      }
    }
  }

  /** All or nothing: nobody ever finds no live database, or the wrong one. */
  private void renameNow(boolean liveExists, String mark) {
    Optional<String> comment = comment();
    if (liveExists) {
      change("ALTER DATABASE %s RENAME TO %s".formatted(Sql.name(live), Sql.name(aside)));
      change(Marks.set(aside, Marks.MARK, mark));
      change(Marks.reset(aside, Marks.REPLACED));
    }
    change("ALTER DATABASE %s RENAME TO %s".formatted(Sql.name(replacement), Sql.name(live)));
    change(Marks.reset(live, Marks.MARK));
    change(Marks.set(live, Marks.REPLACED, aside));
    comment.ifPresent(
        it -> change("COMMENT ON DATABASE %s IS %s".formatted(Sql.name(live), Sql.text(it))));
    change(allowConnections(live, true));
  }

  /** What people noted on the live database: a dump does not hold it. */
  private Optional<String> comment() {
    return session
        .rows(
            "read the comment of " + live,
            "SELECT shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database"
                + " WHERE datname = ? AND shobj_description(oid, 'pg_database') IS NOT NULL",
            row -> row.getString(1),
            live)
        .stream()
        .findFirst();
  }

  private void change(String sql) {
    session.change("switch the databases", sql);
  }

  private void endSessions(List<String> databases) {
    session.rows(
        "end sessions",
        "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
            + " WHERE pid <> pg_backend_pid() AND datname IN (%s)".formatted(Sql.texts(databases)),
        row -> row.getBoolean(1));
  }

  private static boolean isInUse(RecoveryException e) {
    return e.getCause() instanceof SQLException cause
        && Failures.OBJECT_IN_USE.equals(cause.getSQLState());
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("waiting for sessions to end", e);
    }
  }

  private void openAgain(RecoveryException failure, boolean liveExists) {
    if (!liveExists) {
      return;
    }
    try {
      session.change("open database " + live, allowConnections(live, true));
    } catch (RecoveryException e) {
      failure.addSuppressed(e);
    }
  }

  private static String allowConnections(String database, boolean allow) {
    return "ALTER DATABASE %s ALLOW_CONNECTIONS %s".formatted(Sql.name(database), allow);
  }
}
