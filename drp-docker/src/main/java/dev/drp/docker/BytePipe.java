package dev.drp.docker;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Hands bytes from one thread to another, through a bounded buffer: a writer waits while it is
 * full, a reader while it is empty. Where they come fast, a reader is woken once for many writes: a
 * switch of threads for each would cost more than to copy what it brings.
 */
final class BytePipe extends InputStream {
  /** So much without a pause is a stream; it takes the reader a pause longer to notice its end. */
  private static final int STREAM = 1 << 20;

  private static final long PAUSE_NANOS = 1_000_000;

  private final byte[] ring;
  private int start;
  private int size;
  private boolean ended;
  private boolean discarding;

  /** How much must have come before the reader is woken. */
  private int wanted = 1;

  private long readWithoutPause;
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
      if (size >= wanted) {
        notifyAll();
      }
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
    try {
      awaitBytes(Math.min(length, ring.length / 2));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while reading a program's output");
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
    readWithoutPause += count;
    notifyAll();
    return count;
  }

  /**
   * Waits for some bytes, and in a stream for as many as {@code many}, but no longer than a pause.
   */
  private void awaitBytes(int many) throws InterruptedException {
    if (readWithoutPause >= STREAM) {
      long end = System.nanoTime() + PAUSE_NANOS;
      wanted = many;
      try {
        while (size < many && !ended && !discarding && System.nanoTime() < end) {
          TimeUnit.NANOSECONDS.timedWait(this, end - System.nanoTime());
        }
      } finally {
        wanted = 1;
      }
    }
    while (size == 0 && !ended && !discarding) {
      readWithoutPause = 0;
      wait();
    }
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
