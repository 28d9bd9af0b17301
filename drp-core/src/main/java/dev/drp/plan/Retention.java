package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * Which backups of a schedule to keep: all of a last length of time, and beyond it the newest of
 * each of so many days, weeks, months and years. A backup is kept if any rule keeps it.
 */
@Shorthand("within")
public record Retention(
    @Key("keep every backup of this last length of time") Optional<Span> within,
    @Key(value = "keep the newest backup of each of so many days", defaultsTo = "0") int daily,
    @Key(value = "keep the newest backup of each of so many weeks", defaultsTo = "0") int weekly,
    @Key(value = "keep the newest backup of each of so many months", defaultsTo = "0") int monthly,
    @Key(value = "keep the newest backup of each of so many years", defaultsTo = "0") int yearly) {
  public Retention {
    requireNonNull(within, "within");
    Rules.of("keep")
        .check(daily >= 0, "daily", daily, "0 or more")
        .check(weekly >= 0, "weekly", weekly, "0 or more")
        .check(monthly >= 0, "monthly", monthly, "0 or more")
        .check(yearly >= 0, "yearly", yearly, "0 or more")
        .check(
            within.filter(span -> !span.isZero()).isPresent()
                || daily > 0
                || weekly > 0
                || monthly > 0
                || yearly > 0,
            "",
            "a retention that keeps nothing",
            "how long to keep backups, such as 7d, or within, daily, weekly, monthly, yearly")
        .enforce();
  }

  /** Keeps every backup of this last length of time. */
  public static Retention within(Span span) {
    return new Retention(Optional.of(span), 0, 0, 0, 0);
  }
}
