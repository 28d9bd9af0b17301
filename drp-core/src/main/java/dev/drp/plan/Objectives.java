package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Optional;

/** What must be reached; each of them may be left to the level above. */
public record Objectives(
    @Key("how long it may take until service is back (RTO)") Optional<Duration> recoveryTime,
    @Key("how much data may be lost, as a length of time before the failure (RPO)")
        Optional<Duration> recoveryPoint,
    @Key("how long a repair may take on average (MTTR)") Optional<Duration> repairTime,
    @Key("part of the time that the service is up") Optional<Percentage> availability) {
  /** Everything is left to the level above. */
  public static final Objectives NONE =
      new Objectives(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

  public Objectives {
    requireNonNull(recoveryTime, "recoveryTime");
    requireNonNull(recoveryPoint, "recoveryPoint");
    requireNonNull(repairTime, "repairTime");
    requireNonNull(availability, "availability");
  }

  public static Objectives of(Duration recoveryTime, Duration recoveryPoint) {
    return new Objectives(
        Optional.of(recoveryTime), Optional.of(recoveryPoint), Optional.empty(), Optional.empty());
  }
}
