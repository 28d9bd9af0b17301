package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the content of backups, and checks it on the way. Safe for concurrent use; streams are not.
 */
public final class BackupReader {
  private final List<Compression> compressions;
  private final List<Decryption> decryptions;

  /**
   * For backups that are not encrypted.
   *
   * @param compressions those that parts may be compressed with
   */
  public BackupReader(List<Compression> compressions) {
    this(compressions, List.of());
  }

  /**
   * @param compressions those that parts may be compressed with
   * @param decryptions those that undo what they may be encrypted with, as far as they have
   *     identities
   */
  public BackupReader(List<Compression> compressions, List<Decryption> decryptions) {
    this.compressions = List.copyOf(compressions);
    this.decryptions = List.copyOf(decryptions);
  }

  /**
   * Opens the plain content of a part in the best copy of a backup, which the caller closes.
   *
   * <p>The stream throws BACKUP_CORRUPT, at its end at the latest, when what is stored is not what
   * the manifest says or does not decompress: only a stream that was read to its end has been
   * checked. It throws STORAGE_UNAVAILABLE when the storage fails.
   *
   * @throws RecoveryException with BACKUP_CORRUPT when the part is missing; IDENTITY_MISSING or
   *     IDENTITY_REFUSED when it is encrypted and cannot be decrypted by us
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
    try {
      return new PartInputStream(id, copy, part, stored, compressionOf(part), decryptionOf(part));
    } catch (RecoveryException e) {
      closeAfter(e, stored);
      if (e.code() == ErrorCode.IDENTITY_REFUSED) { // or who it is for has been damaged
        checkStored(id, copy, part, bytes -> {});
      }
      throw e;
    }
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

  private static void closeAfter(RuntimeException failure, InputStream stored) {
    try {
      stored.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
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

  /**
   * A manifest with what it says of the content, which of an encrypted backup takes an identity.
   *
   * @throws RecoveryException as {@link #open(BackupId, BackupCopy, BackupPart)} does
   */
  public BackupManifest unsealed(BackupManifest manifest, BackupCopy copy) {
    if (!manifest.isSealed()) {
      return manifest;
    }
    BackupPart facts = manifest.part(SetLayout.FACTS);
    try (InputStream content = open(manifest.id(), copy, facts)) {
      return manifest.with(BackupFacts.read(content));
    } catch (IOException e) {
      throw corrupt(manifest.id(), copy, facts.name(), String.valueOf(e.getMessage()), e);
    }
  }

  /** How the log beside a backup is decoded. */
  Decoding decodingLike(BackupPart part) {
    return new Decoding(
        compressionOf(part)
            .orElseThrow(() -> new IllegalStateException(part.name() + " is stored plain")),
        decryptions);
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

  /** What decrypts a part; empty for one that is not encrypted. */
  Optional<Decryption> decryptionOf(BackupPart part) {
    return part.encryption()
        .map(
            name ->
                decryptions.stream()
                    .filter(decryption -> decryption.name().equals(name))
                    .findFirst()
                    .orElseThrow(() -> unknownEncryption(part, name)));
  }

  /** Whether what is stored of a backup can be decrypted, as far as that can be told before. */
  public boolean canDecrypt(BackupManifest manifest) {
    return manifest.parts().stream()
        .flatMap(part -> part.encryption().stream())
        .allMatch(
            name ->
                decryptions.stream()
                    .anyMatch(known -> known.name().equals(name) && known.hasIdentity()));
  }

  private static RecoveryException unknownEncryption(BackupPart part, String name) {
    return new RecoveryException(
        ErrorCode.FORMAT_UNKNOWN,
        "part %s is encrypted with %s, which this program cannot undo".formatted(part.name(), name),
        "use the version of drp that wrote it, or restore by hand as the backup's README.md"
            + " tells.");
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
