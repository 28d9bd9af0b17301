package dev.drp.backup;

import java.io.IOException;
import java.io.InputStream;

/** Tells a storage that fails, with STORAGE_UNAVAILABLE, from data that is damaged. */
final class StorageInputStream extends InputStream {
  private final NamedStorage storage;
  private final ObjectName name;
  private final InputStream input;

  StorageInputStream(NamedStorage storage, ObjectName name, InputStream input) {
    this.storage = storage;
    this.name = name;
    this.input = input;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) {
    try {
      return input.read(buffer, offset, length);
    } catch (IOException e) {
      throw SmallObjects.unreadable(storage, name, e);
    }
  }

  @Override
  public void close() throws IOException {
    input.close();
  }
}
