package dev.drp.runtime;

import java.io.InputStream;
import java.io.OutputStream;

/**
 * A program that runs. Read {@link #stdout()} while it runs: a program whose output nobody reads
 * stands still. Standard error is read for you. The streams may be used by different threads; each
 * by one thread at a time.
 */
public interface RunningCommand extends AutoCloseable {
  /** The program's standard input. Closing it is how the program learns that there is no more. */
  OutputStream stdin();

  /**
   * The program's standard output. A reader that is interrupted gets an InterruptedIOException
   * soon, and stays interrupted.
   */
  InputStream stdout();

  /**
   * Waits until the program has ended and tells how. TIMED_OUT once its time limit has passed,
   * after the program was ended; INTERRUPTED when this thread is interrupted.
   */
  CommandResult await();

  /** Ends the program if it still runs, and releases everything. A second call has no effect. */
  @Override
  void close();
}
