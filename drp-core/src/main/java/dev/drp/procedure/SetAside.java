package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.recovery.Execution;
import java.time.Instant;

/**
 * A database that a restore replaced and keeps for the way back; after an undo, the restored one.
 *
 * @param restore the execution, whose commit drops it
 * @param database its name now
 * @param keptUntil from then on an expiry may drop it
 */
public record SetAside(Execution restore, String database, Instant keptUntil) {
  public SetAside {
    requireNonNull(restore, "restore");
    requireNonNull(database, "database");
    requireNonNull(keptUntil, "keptUntil");
  }

  /** Whether it has been kept for as long as it was to be. */
  public boolean isOver(Instant now) {
    return !keptUntil.isAfter(now);
  }
}
