package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Optional;

/** A rehearsal and how often it is due: an entry of the test calendar. */
public record DrillSchedule(
    @NameOfEntry String name,
    @Key(value = "of which environment", refersTo = "environments") String environment,
    @Key("what is rehearsed") Kind kind,
    @Key("how often") Span every,
    @Key("who sees to it; for the reader") Optional<String> responsible,
    @Key("how long it is planned to take; for the reader") Optional<Duration> duration,
    @Key("what it is to show; for the reader") Optional<String> goal) {
  /** What is rehearsed. */
  public enum Kind {
    /** Stored backups are read back and their hashes compared. */
    @NotActedOnYet
    VERIFY,
    /** A backup is restored into a throw-away server. */
    RESTORE,
    /** An unprotected environment is destroyed and recovered. */
    @NotActedOnYet
    DISASTER,
    /** Service moves to another site. */
    @NotActedOnYet
    FAILOVER
  }

  public DrillSchedule {
    requireNonNull(kind, "kind");
    requireNonNull(responsible, "responsible");
    requireNonNull(duration, "duration");
    requireNonNull(goal, "goal");
    Rules.of("drill " + name)
        .name(name)
        .check(!every.isZero(), "every", "no time at all", Quantities.SPAN_EXPECTED)
        .enforce();
  }

  /** A drill that repeats after a length of time. */
  public static DrillSchedule every(String name, Span every, String environment, Kind kind) {
    return new DrillSchedule(
        name, environment, kind, every, Optional.empty(), Optional.empty(), Optional.empty());
  }
}
