package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.backup.LastPull;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Where an environment stands.
 *
 * @param hasDatabase whether the plan gives it a database; without one nothing is measured
 * @param asOf when all storages were last asked about its backups; empty if never
 * @param recoveryPoint age of the newest data that can be had back against the RPO
 * @param recoveryPointBy what has that data; empty when nothing has any
 * @param offSiteRecoveryPoint the same of what survives the loss of the primary site; empty where
 *     the plan keeps nothing off-site. Tells, and is no objective of its own.
 * @param recoveryTime time that the last drill's recovery took against the RTO
 * @param newestVerified the good backup with the newest recovery point
 * @param newestDrilled the good backup with the newest recovery point that a drill restored
 * @param backups how many complete backups there are
 * @param storedBytes what they take in all storages together
 * @param lockedBy who works on its backups right now
 * @param pulls what this machine last fetched of its backups from somebody else's storage
 * @param database what the database said of itself; only when it was asked
 */
public record EnvironmentStatus(
    String environment,
    boolean hasDatabase,
    Optional<Instant> asOf,
    Measure recoveryPoint,
    Optional<RecoveryPointBy> recoveryPointBy,
    Optional<Measure> offSiteRecoveryPoint,
    Measure recoveryTime,
    Optional<KnownBackup> newestVerified,
    Optional<KnownBackup> newestDrilled,
    int backups,
    long storedBytes,
    List<Overdue> overdue,
    List<Notice> notices,
    Optional<String> lockedBy,
    List<LastPull> pulls,
    Optional<DatabaseAnswer> database) {
  public EnvironmentStatus {
    requireNonNull(environment, "environment");
    requireNonNull(asOf, "asOf");
    requireNonNull(recoveryPoint, "recoveryPoint");
    requireNonNull(recoveryPointBy, "recoveryPointBy");
    requireNonNull(offSiteRecoveryPoint, "offSiteRecoveryPoint");
    requireNonNull(recoveryTime, "recoveryTime");
    requireNonNull(newestVerified, "newestVerified");
    requireNonNull(newestDrilled, "newestDrilled");
    overdue = List.copyOf(overdue);
    notices = List.copyOf(notices);
    requireNonNull(lockedBy, "lockedBy");
    pulls = List.copyOf(pulls);
    requireNonNull(database, "database");
  }

  /** What holds the newest data. */
  public enum RecoveryPointBy {
    /** The newest good backup. */
    BACKUP,
    /** The streamed log, which goes on from a good physical backup without a hole. */
    LOG
  }

  /** Whether an objective of the plan is not known to be kept. */
  public boolean missesObjective() {
    return hasDatabase && (recoveryPoint.isUnmet() || recoveryTime.isUnmet());
  }
}
