package dev.drp.database;

import static java.util.Objects.requireNonNull;

import dev.drp.runtime.ImageIdentity;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Who a database server is.
 *
 * @param versionNumber as PostgreSQL counts: 150018 is 15.18
 * @param version as the server says it
 * @param systemIdentifier what tells this cluster from every other; drawn when it was created
 * @param inRecovery whether it replays another server's changes, and so cannot be written
 * @param serverTime the server's clock when asked
 * @param clockOffset how far the server's clock is ahead of ours
 * @param image the image that its container runs; empty on a host
 * @param place where it is, for messages: {@code container shop-db-1}, {@code 127.0.0.1:5432}
 * @param replicationSlots names of its replication slots
 * @param preparedTransactions ids of transactions that are prepared and not yet ended, in any
 *     database
 */
public record ServerFacts(
    int versionNumber,
    String version,
    String systemIdentifier,
    boolean inRecovery,
    Instant serverTime,
    Duration clockOffset,
    Optional<ImageIdentity> image,
    String place,
    List<String> replicationSlots,
    List<String> preparedTransactions) {
  public ServerFacts {
    requireNonNull(version, "version");
    requireNonNull(systemIdentifier, "systemIdentifier");
    requireNonNull(serverTime, "serverTime");
    requireNonNull(clockOffset, "clockOffset");
    requireNonNull(image, "image");
    requireNonNull(place, "place");
    replicationSlots = List.copyOf(replicationSlots);
    preparedTransactions = List.copyOf(preparedTransactions);
  }

  /** 15 for any 15.x. */
  public int majorVersion() {
    return versionNumber / 10_000;
  }
}
