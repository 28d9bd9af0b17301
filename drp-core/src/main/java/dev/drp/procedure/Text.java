package dev.drp.procedure;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Values as people read them. */
final class Text {
  private Text() {}

  private static final DateTimeFormatter LOCAL =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSS VV", Locale.ROOT);

  /** An instant in UTC, and in the time of this machine's zone. */
  static String both(Instant instant) {
    return "%s (%s)".formatted(instant, LOCAL.format(instant.atZone(ZoneId.systemDefault())));
  }

  static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** {@code 2d 3h}, {@code 3h 5min}, {@code 5min 2s}, {@code 2s}: the two largest units. */
  static String duration(Duration duration) {
    long seconds = duration.toSeconds();
    if (seconds >= 86_400) {
      return two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h");
    }
    if (seconds >= 3600) {
      return two(seconds / 3600, "h", seconds % 3600 / 60, "min");
    }
    return seconds >= 60 ? two(seconds / 60, "min", seconds % 60, "s") : seconds + "s";
  }

  private static String two(long large, String largeUnit, long small, String smallUnit) {
    return large + largeUnit + (small == 0 ? "" : " " + small + smallUnit);
  }
}
