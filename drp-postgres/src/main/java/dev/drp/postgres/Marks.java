package dev.drp.postgres;

import java.util.Optional;

/**
 * What this tool notes on databases: as settings of the database, which stay with it when it is
 * renamed, are changed in the same transaction, and mean nothing to the server.
 */
final class Marks {
  /** Whose database it is while it is no live one. */
  static final String MARK = "drp.mark";

  /** On a live database: the name that the one before it has been given. */
  static final String REPLACED = "drp.replaced";

  /** On the maintenance database: the server's settings before its durability was relaxed. */
  static final String RELAXED = "drp.relaxed";

  /** Matches the names of all of them. */
  static final String PATTERN = "drp.%";

  private Marks() {}

  /** An SQL expression for a mark of the database of pg_database alias d; null without one. */
  static String select(String name) {
    // A setting is stored as name=value.
    return """
    (SELECT substr(entry, %d)
       FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) entry
      WHERE s.setdatabase = d.oid AND s.setrole = 0 AND starts_with(entry, '%s='))\
    """
        .formatted(name.length() + 2, name);
  }

  static String set(String database, String name, String value) {
    return "ALTER DATABASE %s SET %s = %s".formatted(Sql.name(database), name, Sql.text(value));
  }

  static String reset(String database, String name) {
    return "ALTER DATABASE %s RESET %s".formatted(Sql.name(database), name);
  }

  /** A mark of a database; empty without one, or without the database. */
  static Optional<String> read(Session session, String database, String name) {
    return session
        .rows(
            "read the marks of database " + database,
            "SELECT coalesce(%s, '') FROM pg_catalog.pg_database d WHERE datname = ?"
                .formatted(select(name)),
            row -> row.getString(1),
            database)
        .stream()
        .filter(mark -> !mark.isEmpty())
        .findFirst();
  }
}
