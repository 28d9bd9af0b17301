package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A length of time that may count calendar months, whose length varies: how long backups are kept,
 * how often a drill is due. Counted in UTC; never negative.
 *
 * @param months calendar months
 * @param exact what comes on top of them
 */
public record Span(int months, Duration exact) {
  /** Nothing at all. */
  public static final Span ZERO = new Span(0, Duration.ZERO);

  public Span {
    requireNonNull(exact, "exact");
    if (months < 0 || exact.isNegative()) {
      throw new IllegalArgumentException("a span is never negative");
    }
  }

  public static Span of(Duration exact) {
    return new Span(0, exact);
  }

  public static Span ofMonths(int months) {
    return new Span(months, Duration.ZERO);
  }

  /**
   * Reads a span as people write it: {@code 7d}, {@code 3 months}, {@code 1 year}.
   *
   * @throws IllegalArgumentException with what is expected instead
   */
  public static Span parse(String text) {
    return Quantities.span(text);
  }

  public Instant before(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC).minusMonths(months).minus(exact).toInstant();
  }

  public Instant after(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC).plusMonths(months).plus(exact).toInstant();
  }

  /** The day on which the span ends that starts on this day. */
  public LocalDate after(LocalDate day) {
    return day.plusMonths(months).plusDays(exact.toDays());
  }

  /** About how long it is, with months of average length; to compare spans, not to count time. */
  public Duration estimated() {
    return ChronoUnit.MONTHS.getDuration().multipliedBy(months).plus(exact);
  }

  public boolean isZero() {
    return months == 0 && exact.isZero();
  }

  /** As people write it, and as {@link #parse} reads it. */
  @Override
  public String toString() {
    return Stream.of(
            counted(months / 12, "year"),
            counted(months % 12, "month"),
            exact.isZero() && months > 0 ? "" : Quantities.text(exact))
        .filter(part -> !part.isEmpty())
        .collect(Collectors.joining(" "));
  }

  private static String counted(int count, String unit) {
    return count == 0 ? "" : count + " " + unit + (count == 1 ? "" : "s");
  }
}
