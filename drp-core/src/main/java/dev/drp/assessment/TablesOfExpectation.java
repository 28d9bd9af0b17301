package dev.drp.assessment;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which tables a statement of the plan reads, as far as a look at its words tells. */
final class TablesOfExpectation {
  private static final String WORD = "(?:\"(?:[^\"]|\"\")++\"|[A-Za-z_][\\w$]*+)";
  private static final Pattern READ =
      Pattern.compile(
          "(?i)\\b(?:from|join)\\s+(?:only\\s+)?(?!lateral\\b)(%1$s(?:\\.%1$s)?+)(?!\\s*\\()"
              .formatted(WORD));
  private static final Pattern DEFINED =
      Pattern.compile("(?i)(" + WORD + ")\\s+as\\s+(?:not\\s+)?(?:materialized\\s+)?\\(");

  private TablesOfExpectation() {}

  /**
   * Those that are not there.
   *
   * @param known tables with their schema, as {@code public.users}
   */
  static List<String> missing(String sql, Collection<String> known) {
    Set<String> read = names(READ, sql);
    read.removeAll(names(DEFINED, sql));
    return read.stream()
        .filter(
            table -> known.stream().noneMatch(it -> it.equals(table) || it.endsWith("." + table)))
        .toList();
  }

  private static Set<String> names(Pattern pattern, String sql) {
    Set<String> names = new TreeSet<>();
    Matcher matcher = pattern.matcher(sql);
    while (matcher.find()) {
      names.add(folded(matcher.group(1)));
    }
    return names;
  }

  /** As PostgreSQL reads names: those without quotes are of small letters. */
  private static String folded(String name) {
    StringBuilder folded = new StringBuilder();
    Matcher words = Pattern.compile(WORD).matcher(name);
    while (words.find()) {
      String word = words.group();
      folded
          .append(folded.isEmpty() ? "" : ".")
          .append(
              word.startsWith("\"")
                  ? word.substring(1, word.length() - 1).replace("\"\"", "\"")
                  : word.toLowerCase(Locale.ROOT));
    }
    return folded.toString();
  }
}
