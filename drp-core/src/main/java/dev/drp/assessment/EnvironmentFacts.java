package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.backup.BackupRun;
import dev.drp.backup.LastPull;
import dev.drp.backup.LocalCatalog;
import dev.drp.recovery.Execution;
import dev.drp.wal.WalStatus;
import java.util.List;
import java.util.Optional;

/**
 * What is known of an environment at one moment.
 *
 * @param catalog its backups
 * @param runs attempts to back it up, oldest first
 * @param executions those of this environment, newest first
 * @param lockedBy who works on its backups
 * @param streamedBy who streams its write-ahead log; empty when nobody does, or is to
 * @param log how far the log has come; empty where nothing was ever streamed, or is to be
 * @param pulls what this machine fetched of its backups from somebody else's storage
 * @param database what the database said of itself, where it was asked
 * @param notices what looking all this up brought to light
 */
record EnvironmentFacts(
    LocalCatalog.View catalog,
    List<BackupRun> runs,
    List<Execution> executions,
    Optional<String> lockedBy,
    Optional<String> streamedBy,
    Optional<WalStatus> log,
    List<LastPull> pulls,
    Optional<DatabaseAnswer> database,
    List<Notice> notices) {
  EnvironmentFacts {
    requireNonNull(catalog, "catalog");
    runs = List.copyOf(runs);
    executions = List.copyOf(executions);
    requireNonNull(lockedBy, "lockedBy");
    requireNonNull(streamedBy, "streamedBy");
    requireNonNull(log, "log");
    pulls = List.copyOf(pulls);
    requireNonNull(database, "database");
    notices = List.copyOf(notices);
  }
}
