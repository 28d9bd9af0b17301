package dev.drp.plan;

import static java.util.stream.Collectors.joining;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Lengths of time as people write them: {@code 4h}, {@code 1h 30m}, {@code 500 ms}, {@code 3
 * months}.
 */
public final class Quantities {
  static final String DURATION_EXPECTED =
      "a length of time such as 500ms, 30s, 15m, 4h, 7d or 2 weeks";
  static final String SPAN_EXPECTED =
      "a length of time such as 6h, 7d, 2 weeks, 3 months or 1 year";

  private static final Duration LONGEST = Duration.ofDays(36_525);
  private static final Pattern NUMBER_AND_UNIT =
      Pattern.compile("\\G\\s*(\\d{1,9}(?:\\.\\d{1,9})?)\\s*(\\p{L}*)");

  /** A unit, exact or a number of months, and the words for it, the usual one first. */
  private enum Unit {
    MILLISECOND(Duration.ofMillis(1), 0, "ms millisecond milliseconds"),
    SECOND(Duration.ofSeconds(1), 0, "s sec second seconds"),
    MINUTE(Duration.ofMinutes(1), 0, "m min minute minutes"),
    HOUR(Duration.ofHours(1), 0, "h hour hours"),
    DAY(Duration.ofDays(1), 0, "d day days"),
    WEEK(Duration.ofDays(7), 0, "w week weeks"),
    MONTH(Duration.ZERO, 1, "month months"),
    YEAR(Duration.ZERO, 12, "year years");

    private final Duration exact;
    private final int months;
    private final String words;

    Unit(Duration exact, int months, String words) {
      this.exact = exact;
      this.months = months;
      this.words = words;
    }

    List<String> words() {
      return List.of(words.split(" "));
    }

    static Optional<Unit> of(String word) {
      return List.of(values()).stream().filter(unit -> unit.words().contains(word)).findFirst();
    }
  }

  static final String DURATION_PATTERN = pattern(false);
  static final String SPAN_PATTERN = pattern(true);

  private Quantities() {}

  private static String pattern(boolean withMonths) {
    return Stream.of(Unit.values())
        .filter(unit -> withMonths || unit.months == 0)
        .flatMap(unit -> unit.words().stream())
        .collect(joining("|", "\\s*(0|(\\d+(\\.\\d+)?\\s*(", ")\\s*)+)"));
  }

  /**
   * Reads an exact length of time, never negative.
   *
   * @throws IllegalArgumentException with what is expected instead
   */
  public static Duration duration(String text) {
    Span span = parse(text, DURATION_EXPECTED);
    if (span.months() > 0) {
      throw new InvalidValue(
          Text.quote(text),
          DURATION_EXPECTED,
          "months and years have no exact length: write days, such as 30d.");
    }
    return span.exact();
  }

  static Span span(String text) {
    return parse(text, SPAN_EXPECTED);
  }

  private static Span parse(String text, String expected) {
    if (text.strip().equals("0")) {
      return Span.ZERO;
    }
    Matcher part = NUMBER_AND_UNIT.matcher(text.strip());
    Span sum = Span.ZERO;
    int end = 0;
    while (part.find()) {
      end = part.end();
      Unit unit = unit(part.group(2), part.group(1), text, expected);
      sum = add(sum, new BigDecimal(part.group(1)), unit, text, expected);
    }
    if (end == 0 || end < text.strip().length()) {
      throw new InvalidValue(Text.quote(text), expected, "");
    }
    return sum;
  }

  private static Unit unit(String word, String number, String text, String expected) {
    if (word.isEmpty()) {
      throw new InvalidValue(
          Text.quote(text),
          expected,
          "the unit is missing: %ss, %sm, %sh or %sd?".formatted(number, number, number, number));
    }
    return Unit.of(word)
        .orElseThrow(
            () ->
                new InvalidValue(
                    Text.quote(text),
                    expected,
                    "%s is not a unit; these are: %s."
                        .formatted(
                            Text.quote(word),
                            List.of(Unit.values()).stream()
                                .map(unit -> unit.words().get(0))
                                .collect(joining(", ")))));
  }

  private static Span add(Span sum, BigDecimal count, Unit unit, String text, String expected) {
    try {
      Duration exact =
          Duration.ofNanos(
              count.multiply(BigDecimal.valueOf(unit.exact.toNanos())).longValueExact());
      int months = count.multiply(BigDecimal.valueOf(unit.months)).intValueExact();
      Span added = new Span(Math.addExact(sum.months(), months), sum.exact().plus(exact));
      if (added.estimated().compareTo(LONGEST) <= 0) {
        return added;
      }
    } catch (ArithmeticException e) {
      // too long, or finer than the unit can be divided: the same answer
    }
    throw new InvalidValue(
        Text.quote(text), expected, "at most 100 years, and no part of a nanosecond or month.");
  }

  /** As people write it, exactly, and as {@link #duration} reads it: {@code 1h 30m}. */
  public static String text(Duration duration) {
    if (duration.isZero()) {
      return "0s";
    }
    StringBuilder text = new StringBuilder();
    append(text, duration.toDaysPart(), "d");
    append(text, duration.toHoursPart(), "h");
    append(text, duration.toMinutesPart(), "m");
    if (duration.toSecondsPart() == 0 || duration.toNanosPart() == 0) {
      append(text, duration.toSecondsPart(), "s");
      appendMillis(text, duration.toNanosPart());
    } else {
      BigDecimal seconds =
          BigDecimal.valueOf(duration.toSecondsPart())
              .add(BigDecimal.valueOf(duration.toNanosPart(), 9));
      text.append(' ').append(seconds.stripTrailingZeros().toPlainString()).append('s');
    }
    return text.toString().strip();
  }

  private static void append(StringBuilder text, long count, String unit) {
    if (count > 0) {
      text.append(' ').append(count).append(unit);
    }
  }

  private static void appendMillis(StringBuilder text, int nanos) {
    if (nanos > 0) {
      BigDecimal millis = BigDecimal.valueOf(nanos, 6).stripTrailingZeros();
      text.append(' ').append(millis.toPlainString()).append("ms");
    }
  }
}
