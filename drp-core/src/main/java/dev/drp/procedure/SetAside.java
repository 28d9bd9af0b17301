package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.recovery.Execution;
import java.time.Instant;

/**
 * What a restore replaced and keeps for the way back; after an undo, what it restored.
 *
 * @param restore the execution, whose commit drops it
 * @param database the database's name now; of a whole server, the folder in its data directory
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
