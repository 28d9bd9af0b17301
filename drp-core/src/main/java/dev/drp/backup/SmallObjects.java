package dev.drp.backup;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.InputStream;

/** Reads and writes objects that fit into memory: manifests, events, claims. */
final class SmallObjects {
  private static final int LARGEST = 64 << 20;

  private SmallObjects() {}

  static byte[] read(NamedStorage storage, ObjectName name) {
    try (InputStream content = storage.objects().open(name)) {
      byte[] bytes = content.readNBytes(LARGEST + 1);
      if (bytes.length > LARGEST) {
        throw new RecoveryException(
            ErrorCode.BACKUP_CORRUPT,
            "%s in storage %s is larger than %d bytes".formatted(name, storage, LARGEST),
            "look at what has been put there.");
      }
      return bytes;
    } catch (IOException e) {
      throw unreadable(storage, name, e);
    }
  }

  static void write(NamedStorage storage, ObjectName name, byte[] content) {
    storage.objects().put(name, output -> output.write(content));
  }

  static RecoveryException unreadable(NamedStorage storage, ObjectName name, IOException cause) {
    return new RecoveryException(
        ErrorCode.STORAGE_UNAVAILABLE,
        "cannot read %s from storage %s: %s".formatted(name, storage, cause.getMessage()),
        "check the storage, then run this again.",
        cause);
  }
}
