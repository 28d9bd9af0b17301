package dev.drp.recovery;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Optional;

/**
 * What an execution is measured against.
 *
 * @param recoveryTime within how long service must be back (RTO)
 * @param recoveryPoint how much data may be lost at most, as time (RPO)
 */
public record RecoveryObjectives(
    Optional<Duration> recoveryTime, Optional<Duration> recoveryPoint) {
  public static final RecoveryObjectives NONE =
      new RecoveryObjectives(Optional.empty(), Optional.empty());

  public RecoveryObjectives {
    requireNonNull(recoveryTime, "recoveryTime");
    requireNonNull(recoveryPoint, "recoveryPoint");
  }
}
