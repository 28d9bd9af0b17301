package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.DatabaseProperties;
import dev.drp.database.DatabaseProperties.Privilege;
import dev.drp.database.DatabaseProperties.Setting;
import dev.drp.database.RestoreTarget;
import dev.drp.database.RoleChanges;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The part of a server that a restore changes; takes a superuser. */
final class PostgresRestoreTarget implements RestoreTarget {
  private static final long LARGEST_TABLE_OF_CONTENTS = 64L << 20;
  private static final long MOST_WAL = 4L << 30;

  /** Settings that hold lists, of which each part is quoted by itself. */
  private static final Set<String> LISTS =
      Set.of(
          "local_preload_libraries",
          "search_path",
          "session_preload_libraries",
          "shared_preload_libraries",
          "temp_tablespaces",
          "unix_socket_directories");

  private static final Pattern LIST_PART = Pattern.compile("\"((?:[^\"]|\"\")*)\"|[^\",\\s]+");

  private final Sessions sessions;
  private final ClientPrograms programs;
  private final Place place;

  PostgresRestoreTarget(Sessions sessions, ClientPrograms programs, Place place) {
    this.sessions = sessions;
    this.programs = programs;
    this.place = place;
  }

  @Override
  public RoleChanges compareRoles(InputStream globals) {
    Globals wanted = parse(globals);
    return ask(session -> new Roles(session).compare(wanted));
  }

  @Override
  public RoleChanges createMissingRoles(InputStream globals) {
    Globals wanted = parse(globals);
    return askSuperuser(session -> new Roles(session).createMissing(wanted));
  }

  private static Globals parse(InputStream globals) {
    try {
      return Globals.parse(new String(globals.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "the roles of the backup cannot be read: " + e.getMessage(),
          "verify the backup.",
          e);
    }
  }

  @Override
  public void create(String database, DatabaseProperties like, String mark) {
    doAsSuperuser(
        session -> {
          if (exists(session, database)) {
            drop(session, database, mark);
          }
          // Its mark comes with its name, in one transaction: there is none without a mark.
          String unfinished = unfinished(database, mark);
          if (exists(session, unfinished)) {
            session.change("drop database " + unfinished, dropStatement(unfinished));
          }
          session.change("create database " + database, createStatement(unfinished, like));
          session.transaction(
              "create database " + database,
              () -> {
                session.change(
                    "close database " + database,
                    "REVOKE ALL ON DATABASE %s FROM PUBLIC".formatted(Sql.name(unfinished)));
                session.change("mark", Marks.set(unfinished, Marks.MARK, mark));
                session.change(
                    "name database " + database,
                    "ALTER DATABASE %s RENAME TO %s"
                        .formatted(Sql.name(unfinished), Sql.name(database)));
              });
        });
  }

  private static String unfinished(String database, String mark) {
    return "drp_unfinished_" + ShortHash.of(database + "\0" + mark);
  }

  private static String createStatement(String database, DatabaseProperties like) {
    StringBuilder sql = new StringBuilder("CREATE DATABASE ").append(Sql.name(database));
    sql.append(" TEMPLATE template0 ENCODING ").append(Sql.text(like.encoding()));
    sql.append(" LC_COLLATE ").append(Sql.text(like.collate()));
    sql.append(" LC_CTYPE ").append(Sql.text(like.ctype()));
    sql.append(" LOCALE_PROVIDER ").append(like.localeProvider());
    like.icuLocale()
        .ifPresent(
            locale ->
                sql.append(
                        like.localeProvider().equals("icu") ? " ICU_LOCALE " : " BUILTIN_LOCALE ")
                    .append(Sql.text(locale)));
    return sql.toString();
  }

  private static boolean exists(Session session, String database) {
    return session.row(
        "look for database " + database,
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = ?)",
        row -> row.getBoolean(1),
        database);
  }

  /**
   * The rows are copied as they come: only the table of contents is stored on its way. But the
   * server writes them, and the indexes, to its WAL, until the next checkpoint.
   */
  @Override
  public long temporaryBytes(long dumpBytes) {
    return Math.min(dumpBytes, LARGEST_TABLE_OF_CONTENTS) + Math.min(2 * dumpBytes, MOST_WAL);
  }

  @Override
  public void load(String database, InputStream dump, int jobs, Progress.Task task) {
    doAsSuperuser(session -> new DumpLoader(sessions, programs, database).load(dump, jobs, task));
  }

  @Override
  public void analyze(String database) {
    List<String> largestFirst;
    try (Session session = sessions.open(database)) {
      largestFirst =
          session.rows(
              "list tables of " + database,
              """
              SELECT n.nspname, c.relname
                FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               WHERE c.relkind IN ('r', 'm', 'p')
                 AND NOT c.relispartition -- analyzed with what it is a part of
                 AND n.nspname NOT LIKE 'pg\\_t%'
                 AND n.nspname <> 'information_schema'
               ORDER BY c.relkind = 'p' DESC, pg_catalog.pg_relation_size(c.oid) DESC\
              """,
              row -> Sql.name(row.getString(1), row.getString(2)));
    }
    SpreadWork.over(
        Runtime.getRuntime().availableProcessors(),
        () -> sessions.openLong(database),
        largestFirst,
        (session, table) -> session.change("analyze " + table, "ANALYZE " + table));
  }

  @Override
  public void applyProperties(String database, DatabaseProperties properties) {
    doAsSuperuser(
        session -> {
          DatabaseProperties now = new Description(session).properties(database);
          session.transaction(
              "give database %s its properties".formatted(database),
              () -> apply(session, database, now, properties));
        });
  }

  private static void apply(
      Session session, String database, DatabaseProperties now, DatabaseProperties wanted) {
    String name = Sql.name(database);
    Consumer<String> change = sql -> session.change("give %s its properties".formatted(name), sql);
    change.accept("ALTER DATABASE %s OWNER TO %s".formatted(name, Sql.name(wanted.owner())));
    change.accept(
        "ALTER DATABASE %s CONNECTION LIMIT %d".formatted(name, wanted.connectionLimit()));
    now.privileges().stream()
        .flatMap(List::stream)
        .map(Privilege::grantee)
        .filter(grantee -> !grantee.equals(Optional.of(now.owner()))) // now the new owner
        .distinct()
        .forEach(grantee -> change.accept(revoke(name, grantee)));
    change.accept(revoke(name, Optional.empty()));
    change.accept(revoke(name, Optional.of(wanted.owner())));
    wanted.privileges().orElseGet(() -> defaults(wanted.owner())).stream()
        .map(privilege -> grant(name, privilege))
        .forEach(change);
    now.settings().stream()
        .filter(setting -> !wanted.settings().contains(setting))
        .map(setting -> alter(name, setting) + " RESET " + Sql.name(setting.name()))
        .forEach(change);
    wanted.settings().stream().map(setting -> alter(name, setting) + set(setting)).forEach(change);
  }

  private static List<Privilege> defaults(String owner) {
    return List.of(
        new Privilege(Optional.empty(), "CONNECT", false),
        new Privilege(Optional.empty(), "TEMPORARY", false),
        new Privilege(Optional.of(owner), "CONNECT", false),
        new Privilege(Optional.of(owner), "TEMPORARY", false),
        new Privilege(Optional.of(owner), "CREATE", false));
  }

  private static String grantee(Optional<String> role) {
    return role.map(Sql::name).orElse("PUBLIC");
  }

  private static String revoke(String name, Optional<String> role) {
    return "REVOKE ALL ON DATABASE %s FROM %s".formatted(name, grantee(role));
  }

  private static String grant(String name, Privilege privilege) {
    if (!privilege.privilege().matches("[A-Z]+")) {
      throw new IllegalArgumentException(privilege.privilege());
    }
    return "GRANT %s ON DATABASE %s TO %s%s"
        .formatted(
            privilege.privilege(),
            name,
            grantee(privilege.grantee()),
            privilege.grantable() ? " WITH GRANT OPTION" : "");
  }

  private static String alter(String name, Setting setting) {
    return setting
        .role()
        .map(role -> "ALTER ROLE %s IN DATABASE %s".formatted(Sql.name(role), name))
        .orElseGet(() -> "ALTER DATABASE " + name);
  }

  private static String set(Setting setting) {
    String name =
        java.util.Arrays.stream(setting.name().split("\\.", -1))
            .map(Sql::name)
            .collect(Collectors.joining("."));
    String value =
        LISTS.contains(setting.name().toLowerCase(Locale.ROOT))
            ? list(setting.value())
            : Sql.text(setting.value());
    return " SET %s TO %s".formatted(name, value);
  }

  private static String list(String value) {
    Matcher parts = LIST_PART.matcher(value);
    String list =
        parts
            .results()
            .map(part -> part.group(1) == null ? part.group() : part.group(1).replace("\"\"", "\""))
            .map(Sql::text)
            .collect(Collectors.joining(", "));
    return list.isEmpty() ? "''" : list;
  }

  @Override
  public void switchDatabases(
      String live, String replacement, String aside, String mark, Duration limit) {
    doAsSuperuser(
        session ->
            new DatabaseSwitch(session, sessions.failures(), live, replacement, aside)
                .run(mark, limit));
  }

  @Override
  public SwitchState switchState(String live, String replacement, String aside) {
    return ask(
        session ->
            new DatabaseSwitch(session, sessions.failures(), live, replacement, aside).state());
  }

  @Override
  public void drop(String database, String mark) {
    doAsSuperuser(
        session -> {
          if (exists(session, database)) {
            drop(session, database, mark);
          }
        });
  }

  private void drop(Session session, String database, String mark) {
    Optional<String> found = Marks.read(session, database, Marks.MARK);
    if (!found.equals(Optional.of(mark))) {
      throw sessions
          .failures()
          .refused(
              found.isEmpty()
                  ? "database %s exists and was not made by this tool".formatted(database)
                  : "database %s belongs to %s, not to %s".formatted(database, found.get(), mark),
              "rename or drop it yourself, if nobody needs it.");
    }
    session.change("drop database " + database, dropStatement(database));
  }

  private static String dropStatement(String database) {
    return "DROP DATABASE %s WITH (FORCE)".formatted(Sql.name(database));
  }

  @Override
  public boolean mayRelaxDurability(List<String> ours) {
    return new Durability(sessions, place).mayRelax(ours);
  }

  @Override
  public void relaxDurability() {
    new Durability(sessions, place).relax();
  }

  @Override
  public void restoreDurability() {
    new Durability(sessions, place).restore();
  }

  private <T> T ask(Function<Session, T> question) {
    try (Session session = sessions.maintenance()) {
      return question.apply(session);
    }
  }

  private <T> T askSuperuser(Function<Session, T> work) {
    return ask(
        session -> {
          if (!PostgresSnapshot.isSuperuser(session)) {
            throw new RecoveryException(
                ErrorCode.DATABASE_ACCESS_DENIED,
                "%s: role %s is no superuser, which a restore takes"
                    .formatted(sessions.failures().place(), sessions.failures().user()),
                "name a superuser under database.superuser in the plan: only one may give objects"
                    + " to their owners, create roles and end the sessions of others.");
          }
          return work.apply(session);
        });
  }

  private void doAsSuperuser(Consumer<Session> work) {
    askSuperuser(
        session -> {
          work.accept(session);
          return session;
        });
  }
}
