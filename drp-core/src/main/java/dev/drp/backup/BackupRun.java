package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * An attempt to take a backup.
 *
 * @param backup the backup, if there was one in the end
 * @param error why there is none
 * @param problem what failed, also where a copy did; empty when all went well
 */
public record BackupRun(
    Instant startedAt,
    Duration took,
    Optional<String> schedule,
    Optional<BackupId> backup,
    Optional<ErrorCode> error,
    String problem) {
  public BackupRun {
    requireNonNull(startedAt, "startedAt");
    requireNonNull(took, "took");
    requireNonNull(schedule, "schedule");
    requireNonNull(backup, "backup");
    requireNonNull(error, "error");
    requireNonNull(problem, "problem");
  }
}
