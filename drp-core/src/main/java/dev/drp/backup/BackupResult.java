package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import java.util.List;
import java.util.Optional;

/**
 * A backup that was taken.
 *
 * @param storage the storage that got the dump
 * @param copies what came of the copies to other storages
 * @param warnings what somebody should know although there is a backup, a sentence each
 */
public record BackupResult(
    BackupManifest manifest, NamedStorage storage, List<Copy> copies, List<String> warnings) {
  public BackupResult {
    requireNonNull(manifest, "manifest");
    requireNonNull(storage, "storage");
    copies = List.copyOf(copies);
    warnings = List.copyOf(warnings);
  }

  /** PARTIAL when a copy failed, or the data is not what the plan expects, or not all of it. */
  public ExitStatus exitStatus() {
    boolean whole =
        copies.stream().allMatch(copy -> copy.failure().isEmpty())
            && manifest.unreadable().isEmpty()
            && manifest.files().map(FilesContent::changed).orElse(List.of()).isEmpty()
            && manifest.expectations().stream().allMatch(result -> result.met());
    return whole ? ExitStatus.OK : ExitStatus.PARTIAL;
  }

  /**
   * What came of copying to a storage.
   *
   * @param copied what it has now and lacked before: the backup, and older ones that it had missed
   * @param failure why it does not have all that it should; the first one if there were several
   */
  public record Copy(
      NamedStorage storage, List<BackupId> copied, Optional<RecoveryException> failure) {
    public Copy {
      requireNonNull(storage, "storage");
      copied = List.copyOf(copied);
      requireNonNull(failure, "failure");
    }
  }
}
