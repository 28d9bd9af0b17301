package dev.drp.files;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * Writes what is read of a stream to another one. What is skipped is read, too. An interrupt ends
 * it with INTERRUPTED.
 */
final class CopiedInput extends FilterInputStream {
  private static final int BUFFER = 1 << 16;

  private final OutputStream copy;

  CopiedInput(InputStream input, OutputStream copy) {
    super(input);
    this.copy = copy;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (Thread.currentThread().isInterrupted()) { // sockets of an engine do not notice
      throw new RecoveryException(
          ErrorCode.INTERRUPTED, "interrupted while reading files", "run this again.");
    }
    int count = in.read(buffer, offset, length);
    if (count > 0) {
      copy.write(buffer, offset, count);
    }
    return count;
  }

  @Override
  public long skip(long count) throws IOException {
    byte[] buffer = new byte[(int) Math.min(BUFFER, Math.max(count, 0))];
    int read = buffer.length == 0 ? 0 : read(buffer, 0, buffer.length);
    return Math.max(read, 0);
  }

  @Override
  public boolean markSupported() {
    return false;
  }
}
