package dev.drp.it.support;

/** The way that tests ask psql. */
final class Psql {
  private Psql() {}

  /** Gives values only, a line for each row; fails where the statement does. */
  static String[] arguments(String user, String database, String statement) {
    return new String[] {
      "--username=" + user,
      "--dbname=" + database,
      "--no-psqlrc",
      "--set=ON_ERROR_STOP=1",
      "--tuples-only",
      "--no-align",
      "--command=" + statement
    };
  }
}
