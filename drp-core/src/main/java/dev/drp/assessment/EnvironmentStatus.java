package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Where an environment stands.
 *
 * @param hasDatabase whether the plan gives it a database; without one nothing is measured
 * @param asOf when all storages were last asked about its backups; empty if never
 * @param recoveryPoint age of the newest good backup's data against the RPO
 * @param recoveryTime time that the last drill's recovery took against the RTO
 * @param newestVerified the good backup with the newest recovery point
 * @param newestDrilled the good backup with the newest recovery point that a drill restored
 * @param backups how many complete backups there are
 * @param storedBytes what they take in all storages together
 * @param lockedBy who works on its backups right now
 * @param database what the database said of itself; only when it was asked
 */
public record EnvironmentStatus(
    String environment,
    boolean hasDatabase,
    Optional<Instant> asOf,
    Measure recoveryPoint,
    Measure recoveryTime,
    Optional<KnownBackup> newestVerified,
    Optional<KnownBackup> newestDrilled,
    int backups,
    long storedBytes,
    List<Overdue> overdue,
    List<Notice> notices,
    Optional<String> lockedBy,
    Optional<DatabaseAnswer> database) {
  public EnvironmentStatus {
    requireNonNull(environment, "environment");
    requireNonNull(asOf, "asOf");
    requireNonNull(recoveryPoint, "recoveryPoint");
    requireNonNull(recoveryTime, "recoveryTime");
    requireNonNull(newestVerified, "newestVerified");
    requireNonNull(newestDrilled, "newestDrilled");
    overdue = List.copyOf(overdue);
    notices = List.copyOf(notices);
    requireNonNull(lockedBy, "lockedBy");
    requireNonNull(database, "database");
  }

  /** Whether an objective of the plan is not known to be kept. */
  public boolean missesObjective() {
    return hasDatabase && (recoveryPoint.isUnmet() || recoveryTime.isUnmet());
  }
}
