package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Where a storage stands.
 *
 * @param place where it is
 * @param storedBytes what the backups of this plan take in it
 * @param freeBytes space left; empty when it was not asked or cannot tell
 * @param fullAt when its space ends if backups go on and grow as they did and expiry removes what
 *     the plan's retention lets go; empty when it does not within ten years, or is not known
 */
public record StorageStatus(
    String name,
    String place,
    boolean offSite,
    long storedBytes,
    OptionalLong freeBytes,
    Optional<Instant> fullAt) {
  public StorageStatus {
    requireNonNull(name, "name");
    requireNonNull(place, "place");
    requireNonNull(freeBytes, "freeBytes");
    requireNonNull(fullAt, "fullAt");
  }
}
