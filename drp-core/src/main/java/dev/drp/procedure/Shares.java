package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.recovery.RecoveryObjectives;
import java.time.Duration;
import java.util.Optional;

/** How much of the recovery time objective the phases of a recovery plan should take. */
record Shares(RecoveryObjectives objectives) {
  Shares {
    requireNonNull(objectives, "objectives");
  }

  Optional<Duration> of(int percent) {
    return objectives.recoveryTime().map(all -> all.multipliedBy(percent).dividedBy(100));
  }
}
