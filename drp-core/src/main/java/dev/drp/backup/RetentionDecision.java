package dev.drp.backup;

import static java.util.Objects.requireNonNull;

/**
 * Whether a backup stays.
 *
 * @param reason why, for a person
 */
public record RetentionDecision(CatalogEntry backup, boolean keep, String reason) {
  public RetentionDecision {
    requireNonNull(backup, "backup");
    requireNonNull(reason, "reason");
  }
}
