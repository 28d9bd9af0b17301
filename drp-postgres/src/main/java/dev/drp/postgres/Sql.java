package dev.drp.postgres;

import java.util.List;
import java.util.stream.Collectors;

/** Puts names and values of any content into SQL text. */
final class Sql {
  private Sql() {}

  /** A name, quoted. */
  static String name(String name) {
    requireNoNul(name);
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  /** A table's name with its schema. */
  static String name(String schema, String table) {
    return name(schema) + "." + name(table);
  }

  /** A text value, quoted, whatever {@code standard_conforming_strings} says. */
  static String text(String value) {
    requireNoNul(value);
    String quoted = "'" + value.replace("'", "''") + "'";
    return value.indexOf('\\') < 0 ? quoted : " E" + quoted.replace("\\", "\\\\");
  }

  static String texts(List<String> values) {
    return values.stream().map(Sql::text).collect(Collectors.joining(", "));
  }

  private static void requireNoNul(String value) {
    if (value.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("no name or text of PostgreSQL holds a zero character");
    }
  }
}
