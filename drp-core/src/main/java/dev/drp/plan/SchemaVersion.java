package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/** How to ask a database which version of the application's schema it has. */
public record SchemaVersion(
    @Key(value = "the application's table of migrations", defaultsTo = "migrations") String table,
    @Key("a statement whose one value is the version; replaces the table") Optional<String> sql) {
  /** The newest row of a table {@code migrations}, if there is one. */
  public static final SchemaVersion DEFAULT = new SchemaVersion("migrations", Optional.empty());

  public SchemaVersion {
    requireNonNull(sql, "sql");
    Rules.of("schema-version").check(!table.isEmpty(), "table", "nothing", "a table").enforce();
  }
}
