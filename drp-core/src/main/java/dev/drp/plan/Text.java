package dev.drp.plan;

import java.util.Locale;
import java.util.regex.Pattern;

/** How values of the plan file are shown in messages. */
final class Text {
  private static final int LONGEST_SHOWN = 60;
  private static final Pattern PASSWORD_IN_URL =
      Pattern.compile("(?<=://)[^@:\\s]*+:[^@\\s]*+(?=@)");

  private Text() {}

  /**
   * The value in quotes: cut where it is long, control characters visible, no password of a URL.
   */
  static String quote(String value) {
    StringBuilder shown = new StringBuilder("'");
    String masked = PASSWORD_IN_URL.matcher(value).replaceAll("***");
    int end =
        masked.offsetByCodePoints(
            0, Math.min(LONGEST_SHOWN, masked.codePointCount(0, masked.length())));
    masked
        .substring(0, end)
        .codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '\n' -> shown.append("\\n");
                case '\r' -> shown.append("\\r");
                case '\t' -> shown.append("\\t");
                default -> {
                  if (visible(c)) {
                    shown.appendCodePoint(c);
                  } else {
                    shown.append(String.format(Locale.ROOT, "\\u%04X", c));
                  }
                }
              }
            });
    return shown.append(end < masked.length() ? "…'" : "'").toString();
  }

  private static boolean visible(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }

  /** {@code recoveryTime} or {@code RECOVERY_TIME} as it is written in the file: recovery-time. */
  static String kebab(String name) {
    return name.equals(name.toUpperCase(Locale.ROOT))
        ? name.toLowerCase(Locale.ROOT).replace('_', '-')
        : name.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
  }
}
