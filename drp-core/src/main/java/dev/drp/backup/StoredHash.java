package dev.drp.backup;

import dev.drp.Progress;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.InputStream;

/** The hash of an object as stored. */
final class StoredHash {
  private static final int BUFFER = 1 << 16;

  private StoredHash() {}

  /**
   * Reads it to its end, unless the thread is interrupted.
   *
   * @param task hears of bytes read
   */
  static Sha256 of(NamedStorage storage, ObjectName name, Progress.Task task) {
    Sha256 hash = new Sha256();
    byte[] buffer = new byte[BUFFER];
    try (InputStream content = storage.objects().open(name)) {
      for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) {
        if (Thread.currentThread().isInterrupted()) {
          throw RecoveryException.interrupted(
              "reading " + name, new InterruptedException("interrupted"));
        }
        hash.update(buffer, 0, n);
        task.advance(n);
      }
      return hash;
    } catch (IOException e) {
      throw SmallObjects.unreadable(storage, name, e);
    }
  }
}
