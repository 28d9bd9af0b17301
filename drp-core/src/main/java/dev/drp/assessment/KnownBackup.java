package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.backup.BackupId;
import java.time.Instant;

/**
 * A backup that was proven.
 *
 * @param provenAt when: read back, or restored in a drill
 * @param offSite whether a good copy survives the loss of the primary site
 */
public record KnownBackup(BackupId id, Instant recoveryPoint, Instant provenAt, boolean offSite) {
  public KnownBackup {
    requireNonNull(id, "id");
    requireNonNull(recoveryPoint, "recoveryPoint");
    requireNonNull(provenAt, "provenAt");
  }
}
