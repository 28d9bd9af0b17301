package dev.drp.backup;

import static java.util.Objects.requireNonNull;

/**
 * Whether a backup stays in a storage.
 *
 * @param copy the backup in that storage
 * @param reason why, for a person
 */
public record RetentionDecision(CatalogEntry backup, BackupCopy copy, boolean keep, String reason) {
  public RetentionDecision {
    requireNonNull(backup, "backup");
    requireNonNull(copy, "copy");
    requireNonNull(reason, "reason");
  }
}
