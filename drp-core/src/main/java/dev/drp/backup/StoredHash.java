package dev.drp.backup;

import dev.drp.Progress;
import java.io.IOException;
import java.io.InputStream;

/** The hash of an object as stored. */
final class StoredHash {
  private static final int BUFFER = 1 << 16;

  private StoredHash() {}

  /**
   * @param task hears of bytes read
   */
  static String of(NamedStorage storage, ObjectName name, Progress.Task task) {
    Sha256 hash = new Sha256();
    byte[] buffer = new byte[BUFFER];
    try (InputStream content = storage.objects().open(name)) {
      for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) {
        hash.update(buffer, 0, n);
        task.advance(n);
      }
      return hash.hex();
    } catch (IOException e) {
      throw SmallObjects.unreadable(storage, name, e);
    }
  }
}
