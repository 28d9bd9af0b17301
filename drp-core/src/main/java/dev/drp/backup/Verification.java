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
 * @param bytes of all that it has, as stored
 * @param sampled where only a slice was to be read
 */
public record Verification(
    BackupId id,
    NamedStorage storage,
    Optional<RecoveryException> failure,
    boolean decrypted,
    long bytes,
    Duration took,
    Optional<Sampled> sampled) {
  /**
   * Of one of which only a slice was read.
   *
   * @param bytes how much that was
   * @param objects how many
   * @param complete whether with it all slices have been read: only then it counts as verified
   */
  public record Sampled(Sample sample, long bytes, int objects, boolean complete) {
    public Sampled {
      requireNonNull(sample, "sample");
    }
  }

  /** Of one that was to be read from end to end. */
  Verification(
      BackupId id,
      NamedStorage storage,
      Optional<RecoveryException> failure,
      boolean decrypted,
      long bytes,
      Duration took) {
    this(id, storage, failure, decrypted, bytes, took, Optional.empty());
  }

  public Verification {
    requireNonNull(id, "id");
    requireNonNull(storage, "storage");
    requireNonNull(failure, "failure");
    requireNonNull(took, "took");
    requireNonNull(sampled, "sampled");
  }
}
