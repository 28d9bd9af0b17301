package dev.drp.database;

import static java.util.Objects.requireNonNull;

/** How many rows a table holds. */
public record TableRows(String schema, String table, long rows) {
  public TableRows {
    requireNonNull(schema, "schema");
    requireNonNull(table, "table");
    if (rows < 0) {
      throw new IllegalArgumentException("%s.%s: %d rows".formatted(schema, table, rows));
    }
  }
}
