package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.plan.BackupKind;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Something that data can be had back from.
 *
 * @param by what it is: a backup's id, or the log
 * @param kind of the backup; PHYSICAL of a log, which continues one
 * @param isLog whether it is the end of the log
 * @param at the instant that the data would be of
 * @param loss what would be lost: from then until the outage began
 * @param tookToRestore how long the last drill of it took
 */
public record RecoveryPoint(
    String by,
    BackupKind kind,
    boolean isLog,
    String storage,
    boolean offSite,
    Instant at,
    Duration loss,
    Optional<Duration> tookToRestore) {
  public RecoveryPoint {
    requireNonNull(by, "by");
    requireNonNull(kind, "kind");
    requireNonNull(storage, "storage");
    requireNonNull(at, "at");
    requireNonNull(loss, "loss");
    requireNonNull(tookToRestore, "tookToRestore");
  }
}
