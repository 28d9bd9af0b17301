package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Relaxes the durability of a server that holds nothing yet, and gives it back. What the settings
 * were before is noted on the maintenance database, so that whoever goes on after a crash knows.
 */
final class Durability {
  private static final Duration START_LIMIT = Duration.ofMinutes(2);
  private static final Duration SYNC_LIMIT = Duration.ofMinutes(30);
  private static final long PAUSE_MILLIS = 100;

  /** All of them take effect with a reload. */
  private static final Map<String, String> RELAXED = relaxed();

  private final Sessions sessions;
  private final Place place;

  Durability(Sessions sessions, Place place) {
    this.sessions = sessions;
    this.place = place;
  }

  private static Map<String, String> relaxed() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("fsync", "off");
    settings.put("full_page_writes", "off");
    settings.put("synchronous_commit", "off");
    settings.put("autovacuum", "off");
    settings.put("max_wal_size", "4GB"); // PostgresRestoreTarget reckons with it
    settings.put("checkpoint_timeout", "1h");
    return settings;
  }

  boolean mayRelax(List<String> ours) {
    if (place.runner().isEmpty() || place.restart().isEmpty()) {
      return false;
    }
    try (Session session = sessions.maintenance()) {
      return PostgresSnapshot.isSuperuser(session)
          && session.row(
              "ask whether others depend on this server",
              """
              SELECT NOT pg_catalog.pg_is_in_recovery()
                 AND NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots)
                 AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_replication)\
              """,
              row -> row.getBoolean(1))
          && sessions.databaseNames().stream()
              .filter(database -> !ours.contains(database))
              .allMatch(this::isEmpty);
    }
  }

  private boolean isEmpty(String database) {
    try (Session session = sessions.open(database)) {
      return session.row(
          "look for objects of users in " + database,
          """
          SELECT NOT EXISTS (
                   SELECT FROM pg_catalog.pg_class c
                     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                    WHERE %s)
             AND NOT EXISTS (
                   SELECT FROM pg_catalog.pg_proc p
                     JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
                      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                                       WHERE e.objid = p.oid AND e.deptype = 'e'))
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)\
          """
              .formatted(Description.OF_USERS),
          row -> row.getBoolean(1));
    } catch (RecoveryException e) {
      return false; // closed to us: it may hold anything
    }
  }

  void relax() {
    try (Session session = sessions.maintenance()) {
      Optional<String> note = note(session);
      if (note.isPresent()) {
        requireSameBoot(note.get());
      } else {
        session.change(
            "note the settings",
            Marks.set(
                database(session), Marks.RELAXED, bootOfMachine() + "\n" + noteOf(own(session))));
      }
      for (Map.Entry<String, String> setting : RELAXED.entrySet()) {
        session.change("relax durability", alter(setting.getKey(), setting.getValue()));
      }
      reload(session);
    }
  }

  void restore() {
    Map<String, String> before;
    String data;
    try (Session session = sessions.maintenance()) {
      Optional<String> note = note(session);
      if (note.isEmpty()) {
        return;
      }
      requireSameBoot(note.get());
      before = settingsOf(note.get());
      for (String name : RELAXED.keySet()) {
        String value = before.get(name);
        session.change(
            "restore durability",
            value == null ? "ALTER SYSTEM RESET " + name : alter(name, value));
      }
      reload(session);
      // What was written while nobody synced is in the kernel's memory, and the server knows
      // nothing of it: all buffers to the kernel, then everything from there to the disk.
      session.change("write everything to disk", "CHECKPOINT");
      data = Place.dataDirectory(session);
    }
    sync(data);
    place.restart().ifPresent(Runnable::run);
    awaitServer();
    check(before);
  }

  /** The file systems of data and WAL; all of them where this sync knows no single ones. */
  private void sync(String data) {
    String script = "sync -f \"$1\" \"$1/pg_wal\" || sync";
    place
        .runner()
        .ifPresent(
            runner -> runner.run(Command.of("sh", "-c", script, "sh", data).within(SYNC_LIMIT)));
  }

  /** What was written without durability is lost with the machine's memory, whatever is left. */
  private void requireSameBoot(String note) {
    if (note.lines().findFirst().equals(Optional.of(bootOfMachine()))) {
      return;
    }
    throw new RecoveryException(
        ErrorCode.VERIFICATION_FAILED,
        "the machine of %s was restarted while the server ran without durability: its data may be damaged"
            .formatted(place.name()),
        "begin anew on an empty server.");
  }

  private String bootOfMachine() {
    return place
        .runner()
        .map(runner -> runner.run(Command.of("cat", "/proc/sys/kernel/random/boot_id")).strip())
        .orElse("");
  }

  private void check(Map<String, String> before) {
    try (Session session = sessions.maintenance()) {
      for (String name : List.of("fsync", "full_page_writes")) {
        String value = session.row("check " + name, "SHOW " + name, row -> row.getString(1));
        if (value.equals("off") && !"off".equals(before.get(name)) && isOurs(session, name)) {
          throw new RecoveryException(
              ErrorCode.VERIFICATION_FAILED,
              "%s still runs with %s = off".formatted(place.name(), name),
              "find out where it is set before the server serves: SELECT * FROM pg_file_settings.");
        }
      }
      session.change("forget the note", Marks.reset(database(session), Marks.RELAXED));
    }
  }

  /** Whether our own setting is what holds, and not that of an administrator's file. */
  private static boolean isOurs(Session session, String name) {
    return !session
        .rows(
            "see where %s is set".formatted(name),
            """
            SELECT 1 FROM pg_catalog.pg_settings
             WHERE name = ? AND sourcefile LIKE '%postgresql.auto.conf'\
            """,
            row -> row.getInt(1),
            name)
        .isEmpty();
  }

  private void awaitServer() {
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    while (true) {
      try (Session session = sessions.maintenance()) {
        session.value("SELECT 1");
        return;
      } catch (RecoveryException e) {
        if (e.code() != ErrorCode.DATABASE_UNAVAILABLE || System.nanoTime() > deadline) {
          throw e;
        }
      }
      try {
        Thread.sleep(PAUSE_MILLIS);
      } catch (InterruptedException e) {
        throw RecoveryException.interrupted("waiting for the server to start", e);
      }
    }
  }

  private static void reload(Session session) {
    session.row(
        "reload the settings", "SELECT pg_catalog.pg_reload_conf()", row -> row.getBoolean(1));
  }

  private static String alter(String name, String value) {
    return "ALTER SYSTEM SET %s = %s".formatted(name, Sql.text(value));
  }

  private Optional<String> note(Session session) {
    return Marks.read(session, database(session), Marks.RELAXED);
  }

  private static String database(Session session) {
    return session.row(
        "ask for the database's name", "SELECT current_database()", row -> row.getString(1));
  }

  /** What ALTER SYSTEM has set already, by somebody else. */
  private static Map<String, String> own(Session session) {
    Map<String, String> settings = new TreeMap<>();
    session.rows(
        "read the settings",
        """
        SELECT name, setting FROM pg_catalog.pg_file_settings
         WHERE sourcefile LIKE '%postgresql.auto.conf'\
        """,
        row -> settings.put(row.getString(1), row.getString(2)) == null);
    settings.keySet().retainAll(RELAXED.keySet());
    return settings;
  }

  private static String noteOf(Map<String, String> settings) {
    return settings.entrySet().stream()
        .map(setting -> setting.getKey() + "=" + setting.getValue())
        .collect(Collectors.joining("\n"));
  }

  private static Map<String, String> settingsOf(String note) {
    Map<String, String> settings = new TreeMap<>();
    note.lines()
        .skip(1) // the machine's boot
        .map(line -> line.split("=", 2))
        .forEach(parts -> settings.put(parts[0], parts[1]));
    return settings;
  }
}
