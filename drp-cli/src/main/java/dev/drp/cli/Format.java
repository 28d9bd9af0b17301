package dev.drp.cli;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How values are written for people: rounded to what a tired person needs to know. */
final class Format {
  private static final String[] BYTE_UNITS = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  private static final MathContext THREE_DIGITS = new MathContext(3, RoundingMode.HALF_UP);
  private static final DateTimeFormatter SECONDS =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);
  private static final DateTimeFormatter LOCAL_TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT);

  /** Control characters, but for the colours that {@link Console} writes itself. */
  private static final Pattern UNPRINTABLE =
      Pattern.compile("(\\x1b\\[[0-9;]*m)|[\\p{Cc}\\p{Zl}\\p{Zp}\\u202a-\\u202e\\u2066-\\u2069]");

  private Format() {}

  /** Three digits and a unit of thousands: {@code 1.02 GB}. */
  static String bytes(long bytes) {
    if (bytes < 1000) {
      return bytes + " B";
    }
    BigDecimal value = BigDecimal.valueOf(bytes).round(THREE_DIGITS);
    int unit = 0;
    while (value.compareTo(BigDecimal.valueOf(1000)) >= 0) {
      value = value.movePointLeft(3);
      unit++;
    }
    return value.setScale(Math.max(0, 3 - integerDigits(value)), RoundingMode.UNNECESSARY)
        + " "
        + BYTE_UNITS[unit];
  }

  private static int integerDigits(BigDecimal value) {
    return value.precision() - value.scale();
  }

  /** {@code 6,000,000}. */
  static String count(long count) {
    return String.format(Locale.ENGLISH, "%,d", count);
  }

  /** {@code 1 backup}, {@code 3 backups}. */
  static String count(long count, String one, String many) {
    return count(count) + " " + (count == 1 ? one : many);
  }

  /**
   * The two largest units: {@code 320ms}, {@code 9.3s}, {@code 2m 14s}, {@code 4h 5m}, {@code 12d}.
   */
  static String duration(Duration duration) {
    if (duration.isNegative()) {
      return "-" + duration(duration.negated());
    }
    long millis = duration.toMillis();
    if (millis < 1000) {
      return millis + "ms";
    }
    if (millis < 59_950) {
      BigDecimal seconds = BigDecimal.valueOf(millis, 3).setScale(1, RoundingMode.HALF_UP);
      return seconds.stripTrailingZeros().toPlainString() + "s";
    }
    Duration whole = duration.plusMillis(500).truncatedTo(ChronoUnit.SECONDS);
    if (whole.compareTo(Duration.ofHours(1)) < 0) {
      return two(whole.toMinutes(), "m", whole.toSecondsPart(), "s");
    }
    whole = whole.plusSeconds(30);
    if (whole.compareTo(Duration.ofDays(1)) < 0) {
      return two(whole.toHours(), "h", whole.toMinutesPart(), "m");
    }
    if (whole.compareTo(Duration.ofDays(10)) < 0) {
      return two(whole.toDays(), "d", whole.toHoursPart(), "h");
    }
    return count(whole.toDays()) + "d";
  }

  private static String two(long large, String largeUnit, int small, String smallUnit) {
    return large + largeUnit + (small == 0 ? "" : " " + small + smallUnit);
  }

  /** {@code 4h 5m ago}, {@code in 3d}. */
  static String relative(Instant instant, Instant now) {
    Duration age = Duration.between(instant, now);
    if (age.abs().compareTo(Duration.ofSeconds(1)) < 0) {
      return "now";
    }
    return age.isNegative() ? "in " + duration(age.negated()) : duration(age) + " ago";
  }

  /** {@code 2026-11-22 10:15:00 UTC}. */
  static String instant(Instant instant) {
    return SECONDS.format(instant.atOffset(ZoneOffset.UTC)) + " UTC";
  }

  /** In UTC, and by the clock on the wall where that differs. */
  static String instant(Instant instant, ZoneId local) {
    var here = instant.atZone(local);
    if (here.getOffset().equals(ZoneOffset.UTC)) {
      return instant(instant);
    }
    boolean sameDay = here.toLocalDate().equals(instant.atOffset(ZoneOffset.UTC).toLocalDate());
    return "%s (%s local)"
        .formatted(instant(instant), (sameDay ? LOCAL_TIME : SECONDS).format(here));
  }

  /** {@code 38.2 MB/s}; empty when nothing can be said yet. */
  static String rate(long bytes, Duration duration) {
    long millis = duration.toMillis();
    return millis < 100 ? "" : bytes((long) (bytes * 1000.0 / millis)) + "/s";
  }

  /**
   * One line that cannot play tricks on a terminal: control characters and characters that change
   * the direction of writing are shown as escapes.
   */
  static String printable(String text) {
    return UNPRINTABLE
        .matcher(text)
        .replaceAll(
            match ->
                match.group(1) != null
                    ? Matcher.quoteReplacement(match.group(1))
                    : Matcher.quoteReplacement(escaped(match.group().charAt(0))));
  }

  /** {@code ALREADY_DONE} as {@code already done}. */
  static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** A name that somebody else chose, in quotes. */
  static String quote(String name) {
    return "'" + printable(name) + "'";
  }

  private static String escaped(char c) {
    return switch (c) {
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> String.format(Locale.ROOT, "\\u%04x", (int) c);
    };
  }
}
