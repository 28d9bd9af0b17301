package dev.drp.runtime;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The output of a program on this machine, for a reader that may be interrupted. A pipe keeps its
 * reader until the program writes or ends, whoever interrupts: so a thread looks whether somebody
 * has, and has the program ended. Read by one thread at a time.
 */
final class InterruptibleOutput extends FilterInputStream {
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Runnable endProgram;
  private volatile @Nullable Thread reader;
  private volatile boolean interrupted;
  private volatile boolean closed;

  /**
   * @param endProgram ends the program and all that it started, so that nobody writes any more
   */
  InterruptibleOutput(InputStream pipe, String program, Runnable endProgram) {
    super(pipe);
    this.endProgram = endProgram;
    Thread watch = new Thread(this::watch, "interrupts of " + program);
    watch.setDaemon(true);
    watch.start();
  }

  private void watch() {
    while (!closed && !interrupted) {
      Thread reading = reader;
      if (reading != null && reading.isInterrupted()) {
        interrupted = true;
        endProgram.run();
      } else {
        LockSupport.parkNanos(LOOK_NANOS);
      }
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    reader = Thread.currentThread();
    int count;
    try {
      count = super.read(bytes, offset, length);
    } finally {
      reader = null;
    }
    if (interrupted) {
      throw new InterruptedIOException("interrupted while reading a program's output");
    }
    return count;
  }

  @Override
  public void close() throws IOException {
    closed = true;
    super.close();
  }
}
