package dev.drp.postgres;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a dump of globals says, read statement by statement. Only those that pg_dumpall writes about
 * roles are understood; all others are listed and never run.
 *
 * @param created roles in the order in which they are created, each with its statements
 * @param attributes by role: {@code SUPERUSER} or {@code NOSUPERUSER}, {@code CONNECTION LIMIT 5};
 *     never a password
 * @param settings by role: the statements that set something for it
 * @param memberships who is a member of what
 * @param others all other statements, shortened
 */
record Globals(
    Map<String, List<String>> created,
    Map<String, Map<String, String>> attributes,
    Map<String, List<String>> settings,
    List<Membership> memberships,
    List<String> others) {
  private static final int SHOWN = 100;

  /** A role that has been given to another. */
  record Membership(String role, String member, boolean admin) {
    String statement() {
      return "GRANT %s TO %s%s"
          .formatted(Sql.name(role), Sql.name(member), admin ? " WITH ADMIN OPTION" : "");
    }
  }

  static Globals parse(String sql) {
    Globals globals =
        new Globals(
            new LinkedHashMap<>(),
            new TreeMap<>(),
            new TreeMap<>(),
            new ArrayList<>(),
            new ArrayList<>());
    for (Statement statement : Statement.split(sql)) {
      globals.add(statement);
    }
    return globals;
  }

  private void add(Statement statement) {
    if (statement.starts("CREATE", "ROLE")) {
      created.computeIfAbsent(statement.name(2), role -> new ArrayList<>()).add(statement.text());
    } else if (statement.starts("ALTER", "ROLE") && statement.is(3, "WITH")) {
      String role = statement.name(2);
      created.computeIfAbsent(role, it -> new ArrayList<>()).add(statement.text());
      attributes.put(role, attributes(statement));
    } else if (statement.starts("ALTER", "ROLE") && statement.is(3, "SET")) {
      settings.computeIfAbsent(statement.name(2), role -> new ArrayList<>()).add(statement.text());
    } else if (statement.starts("COMMENT", "ON", "ROLE")) {
      settings.computeIfAbsent(statement.name(3), role -> new ArrayList<>()).add(statement.text());
    } else if (statement.starts("GRANT") && statement.is(2, "TO")) {
      // Who granted it is left out: it is granted anew, by us.
      memberships.add(
          new Membership(
              statement.name(1), statement.name(3), statement.contains("ADMIN", "OPTION")));
    } else if (!statement.starts("SET")) {
      String line = statement.text().replaceAll("\\s+", " ");
      others.add(line.length() > SHOWN ? line.substring(0, SHOWN) + "…" : line);
    }
  }

  private static Map<String, String> attributes(Statement statement) {
    Map<String, String> attributes = new TreeMap<>();
    for (int i = 4; i < statement.size(); i++) {
      String word = statement.word(i).toUpperCase(Locale.ROOT);
      switch (word) {
        case "CONNECTION" -> attributes.put("CONNECTION LIMIT", statement.word(i += 2));
        case "VALID" -> attributes.put("VALID UNTIL", statement.word(i += 2));
        case "PASSWORD" -> i++;
        default -> attributes.put(word.startsWith("NO") ? word.substring(2) : word, word);
      }
    }
    return attributes;
  }

  /** One statement, cut into words. */
  private record Statement(String text, List<Word> words) {
    /** A word: a name or keyword as PostgreSQL reads it, a quoted name, a text, a sign. */
    private record Word(String value, boolean quoted) {}

    int size() {
      return words.size();
    }

    String word(int i) {
      return i < words.size() ? words.get(i).value : "";
    }

    /** The name at a position; a name without quotes is in small letters. */
    String name(int i) {
      Word word = words.get(i);
      return word.quoted ? word.value : word.value.toLowerCase(Locale.ROOT);
    }

    boolean is(int i, String keyword) {
      return i < words.size()
          && !words.get(i).quoted
          && words.get(i).value.equalsIgnoreCase(keyword);
    }

    boolean starts(String... keywords) {
      for (int i = 0; i < keywords.length; i++) {
        if (!is(i, keywords[i])) {
          return false;
        }
      }
      return true;
    }

    boolean contains(String first, String second) {
      for (int i = 0; i + 1 < words.size(); i++) {
        if (is(i, first) && is(i + 1, second)) {
          return true;
        }
      }
      return false;
    }

    static List<Statement> split(String sql) {
      List<Statement> statements = new ArrayList<>();
      List<Word> words = new ArrayList<>();
      int start = 0;
      int i = 0;
      while (i < sql.length()) {
        char c = sql.charAt(i);
        if (Character.isWhitespace(c)) {
          i++;
        } else if (sql.startsWith("--", i)) {
          i = endOfLine(sql, i);
        } else if (c == '\\' && words.isEmpty()) {
          i = endOfLine(sql, i); // \restrict and other commands of psql
        } else if (c == ';') {
          if (!words.isEmpty()) {
            statements.add(new Statement(sql.substring(start, i), List.copyOf(words)));
            words.clear();
          }
          i++;
        } else {
          start = words.isEmpty() ? i : start;
          int end = endOfWord(sql, i);
          words.add(word(sql.substring(i, end)));
          i = end;
        }
      }
      return statements;
    }

    private static int endOfLine(String sql, int i) {
      int end = sql.indexOf('\n', i);
      return end < 0 ? sql.length() : end + 1;
    }

    private static int endOfWord(String sql, int i) {
      char c = sql.charAt(i);
      if (c == '"') {
        return endOfQuoted(sql, i, '"', false);
      }
      if (c == '\'') {
        return endOfQuoted(sql, i, '\'', false);
      }
      if ((c == 'E' || c == 'e') && sql.startsWith("'", i + 1)) {
        return endOfQuoted(sql, i + 1, '\'', true);
      }
      int end = i;
      while (end < sql.length() && isWordPart(sql.charAt(end))) {
        end++;
      }
      return Math.max(end, i + 1);
    }

    private static boolean isWordPart(char c) {
      return Character.isLetterOrDigit(c) || c == '_' || c == '$' || c == '.' || c > 127;
    }

    private static int endOfQuoted(String sql, int start, char quote, boolean escapes) {
      int i = start + 1;
      while (i < sql.length()) {
        if (escapes && sql.charAt(i) == '\\') {
          i += 2;
        } else if (sql.charAt(i) != quote) {
          i++;
        } else if (sql.startsWith(String.valueOf(quote), i + 1)) {
          i += 2; // a doubled quote stands for itself
        } else {
          return i + 1;
        }
      }
      return sql.length();
    }

    private static Word word(String text) {
      char c = text.charAt(0);
      if (c == '"' || c == '\'') {
        String quote = String.valueOf(c);
        return new Word(
            text.substring(1, Math.max(1, text.length() - 1)).replace(quote + quote, quote), true);
      }
      return new Word(text, false);
    }
  }
}
