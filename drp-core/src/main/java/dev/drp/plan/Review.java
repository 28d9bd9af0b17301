package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.time.LocalDate;
import java.util.Optional;
import java.util.stream.Stream;

/** When the plan itself must be looked through again. */
public record Review(
    @Key("day of the last review") Optional<LocalDate> last,
    @Key("day by which the next one is due") Optional<LocalDate> next,
    @Key("how often") Optional<Span> every,
    @Key("who sees to it") Optional<String> responsible) {
  /** Nothing is said about reviews. */
  public static final Review NONE =
      new Review(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

  public Review {
    requireNonNull(responsible, "responsible");
    Rules.of("review")
        .check(
            every.isEmpty() || !every.get().isZero(),
            "every",
            "no time at all",
            Quantities.SPAN_EXPECTED)
        .check(
            last.isEmpty() || next.isEmpty() || next.get().isAfter(last.get()),
            "next",
            next.map(LocalDate::toString).orElse(""),
            "a day after the last review")
        .enforce();
  }

  /**
   * The day by which the plan must be reviewed: the earlier of the one given and the one counted.
   */
  public Optional<LocalDate> due() {
    return Stream.of(next, last.flatMap(day -> every.map(span -> span.after(day))))
        .flatMap(Optional::stream)
        .min(LocalDate::compareTo);
  }
}
