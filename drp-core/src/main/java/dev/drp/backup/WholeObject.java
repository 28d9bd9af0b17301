package dev.drp.backup;

import dev.drp.Progress;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.InputStream;

/** Reads an object as stored, from its first byte to its last. */
final class WholeObject {
  private static final int BUFFER = 1 << 16;

  private WholeObject() {}

  /** Hears of bytes that pass. */
  interface Listener {
    void passed(byte[] data, int offset, int length);
  }

  /**
   * Reads it to its end, unless the thread is interrupted.
   *
   * @param task hears of bytes read
   */
  static void read(NamedStorage storage, ObjectName name, Progress.Task task, Listener listener) {
    byte[] buffer = new byte[BUFFER];
    try (InputStream content = storage.objects().open(name)) {
      for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) {
        if (Thread.currentThread().isInterrupted()) {
          throw RecoveryException.interrupted(
              "reading " + name, new InterruptedException("interrupted"));
        }
        listener.passed(buffer, 0, n);
        task.advance(n);
      }
    } catch (IOException e) {
      throw SmallObjects.unreadable(storage, name, e);
    }
  }
}
