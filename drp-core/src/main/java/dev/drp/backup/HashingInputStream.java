package dev.drp.backup;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Hashes what passes. */
final class HashingInputStream extends FilterInputStream {
  private final Sha256 hash = new Sha256();

  HashingInputStream(InputStream input) {
    super(input);
  }

  Sha256 hash() {
    return hash;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    int count = super.read(buffer, offset, length);
    if (count > 0) {
      hash.update(buffer, offset, count);
    }
    return count;
  }

  @Override
  public long skip(long count) throws IOException {
    return readNBytes((int) Math.min(count, 8192)).length; // what is skipped counts, too
  }

  @Override
  public boolean markSupported() {
    return false;
  }
}
