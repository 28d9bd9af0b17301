package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the content of backups, and checks it on the way. Safe for concurrent use; streams are not.
 */
public final class BackupReader {
  private final List<Compression> compressions;

  /**
   * @param compressions those that parts may be compressed with
   */
  public BackupReader(List<Compression> compressions) {
    this.compressions = List.copyOf(compressions);
  }

  /**
   * Opens the plain content of a part in the best copy of a backup, which the caller closes.
   *
   * <p>The stream throws BACKUP_CORRUPT, at its end at the latest, when what is stored is not what
   * the manifest says or does not decompress: only a stream that was read to its end has been
   * checked. It throws STORAGE_UNAVAILABLE when the storage fails.
   *
   * @throws RecoveryException with BACKUP_CORRUPT when the part is missing
   */
  public InputStream open(CatalogEntry backup, BackupPart part) {
    return open(backup.id(), backup.copiesToRead().get(0), part);
  }

  /** The same from one copy. */
  public InputStream open(BackupId id, BackupCopy copy, BackupPart part) {
    requireNonNull(id, "id");
    InputStream stored;
    try {
      stored = copy.storage().objects().open(copy.folder().child(part.name()));
    } catch (RecoveryException e) {
      throw orMissing(e, id, copy, part);
    }
    return new PartInputStream(id, copy, part, stored, compressionOf(part));
  }

  /**
   * Reads a part as stored and compares it with the manifest; decompresses nothing, and so takes a
   * fraction of the time that reading its content takes.
   *
   * @param task hears of bytes as stored
   * @throws RecoveryException with BACKUP_CORRUPT when the part is missing or not what was stored,
   *     STORAGE_UNAVAILABLE when it cannot be read
   */
  public void checkStored(BackupId id, BackupCopy copy, BackupPart part, Progress.Task task) {
    requireNonNull(task, "task");
    requireNonNull(id, "id");
    try {
      Sha256 actual = new Sha256();
      WholeObject.read(copy.storage(), copy.folder().child(part.name()), task, actual::update);
      requireAsStored(id, copy, part, actual);
    } catch (RecoveryException e) {
      throw orMissing(e, id, copy, part);
    }
  }

  /** BACKUP_CORRUPT unless what passed is the part as stored. */
  static void requireAsStored(BackupId id, BackupCopy copy, BackupPart part, Sha256 actual) {
    String sha256 = actual.hex();
    if (actual.bytes() != part.bytes() || !sha256.equals(part.sha256())) {
      throw corrupt(
          id,
          copy,
          part.name(),
          "it has %d bytes with sha256 %s, its manifest says %d bytes with sha256 %s"
              .formatted(actual.bytes(), sha256, part.bytes(), part.sha256()),
          null);
    }
  }

  private static RecoveryException orMissing(
      RecoveryException failure, BackupId id, BackupCopy copy, BackupPart part) {
    return failure.code() == ErrorCode.OBJECT_NOT_FOUND
        ? corrupt(id, copy, part.name(), "it is missing", failure)
        : failure;
  }

  /** The compression that undoes a part; empty for a plain one. */
  Optional<Compression> compressionOf(BackupPart part) {
    return part.compression()
        .map(
            name ->
                compressions.stream()
                    .filter(compression -> compression.name().equals(name))
                    .findFirst()
                    .orElseThrow(() -> unknownCompression(part, name)));
  }

  private static RecoveryException unknownCompression(BackupPart part, String name) {
    return new RecoveryException(
        ErrorCode.FORMAT_UNKNOWN,
        "part %s is compressed with %s, which this program cannot undo"
            .formatted(part.name(), name),
        "use the version of drp that wrote it, or restore by hand as the backup's README.md"
            + " tells.");
  }

  static RecoveryException corrupt(
      BackupId id, BackupCopy copy, String part, String what, @Nullable Throwable cause) {
    return new RecoveryException(
        ErrorCode.BACKUP_CORRUPT,
        "backup %s: %s in storage %s is damaged: %s".formatted(id, part, copy.storage(), what),
        "restore another backup, and check the storage that holds this one.",
        cause);
  }
}
