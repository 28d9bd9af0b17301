package dev.drp.procedure;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongConsumer;

/** Tells how many bytes go through, and ends when the thread that reads is interrupted. */
final class CountedInput extends FilterInputStream {
  private final LongConsumer count;

  CountedInput(InputStream input, LongConsumer count) {
    super(input);
    this.count = count;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      throw dev.drp.RecoveryException.interrupted(
          "reading a backup", new InterruptedException("interrupted"));
    }
    int bytes = super.read(buffer, offset, length);
    if (bytes > 0) {
      count.accept(bytes);
    }
    return bytes;
  }
}
