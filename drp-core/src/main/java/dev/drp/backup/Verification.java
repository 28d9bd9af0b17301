package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.RecoveryException;
import java.time.Duration;
import java.util.Optional;

/**
 * What came of reading one copy of a backup back.
 *
 * @param failure what is wrong: BACKUP_CORRUPT when the copy is damaged, another code when it could
 *     not be read now and nothing is known
 * @param decrypted whether it was read through to its plain content; false for an encrypted backup
 *     for which there is no identity: then the bytes as stored were compared
 * @param bytes as stored, that were to be read
 */
public record Verification(
    BackupId id,
    NamedStorage storage,
    Optional<RecoveryException> failure,
    boolean decrypted,
    long bytes,
    Duration took) {
  public Verification {
    requireNonNull(id, "id");
    requireNonNull(storage, "storage");
    requireNonNull(failure, "failure");
    requireNonNull(took, "took");
  }
}
