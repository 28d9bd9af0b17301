package dev.drp.docker;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import org.jspecify.annotations.Nullable;

/**
 * Hands bytes from one thread to another, through a bounded buffer: a writer waits while it is
 * full, a reader while it is empty.
 */
final class BytePipe extends InputStream {
  private final byte[] ring;
  private int start;
  private int size;
  private boolean ended;
  private boolean discarding;
  private @Nullable IOException failure;

  BytePipe(int capacity) {
    ring = new byte[capacity];
  }

  /** Adds bytes, waiting for room. Discards them once the reader has closed. */
  synchronized void write(byte[] bytes, int offset, int length) throws InterruptedException {
    int written = 0;
    while (written < length) {
      while (size == ring.length && !discarding) {
        wait();
      }
      if (discarding) {
        return;
      }
      int end = (start + size) % ring.length;
      int room = Math.min(ring.length - size, ring.length - end);
      int count = Math.min(room, length - written);
      System.arraycopy(bytes, offset + written, ring, end, count);
      size += count;
      written += count;
      notifyAll();
    }
  }

  /** What was written is all there is. */
  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** Readers get this error once they have read what was written. */
  synchronized void fail(IOException error) {
    failure = error;
    end();
  }

  @Override
  public synchronized int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public synchronized int read(byte[] bytes, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (size == 0 && !ended && !discarding) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while reading a program's output");
      }
    }
    if (size == 0) {
      if (failure != null) {
        throw new IOException(failure.getMessage(), failure);
      }
      return -1;
    }
    int count = 0;
    while (count < length && size > 0) {
      int piece = Math.min(Math.min(size, ring.length - start), length - count);
      System.arraycopy(ring, start, bytes, offset + count, piece);
      start = (start + piece) % ring.length;
      size -= piece;
      count += piece;
    }
    notifyAll();
    return count;
  }

  @Override
  public synchronized int available() {
    return size;
  }

  /** What is still to come is not wanted: writers never wait any more. */
  @Override
  public synchronized void close() {
    discarding = true;
    size = 0;
    notifyAll();
  }
}
