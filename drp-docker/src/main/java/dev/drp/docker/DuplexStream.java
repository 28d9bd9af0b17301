package dev.drp.docker;

import java.io.Closeable;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * A connection in both directions at once. One thread may read while another writes and a third
 * closes.
 */
public interface DuplexStream extends Closeable {
  InputStream input();

  /**
   * Nothing is held back here: what is written is sent. Closing this tells the other side that
   * there is no more; {@link #input()} stays open.
   */
  OutputStream output();

  /** Ends both directions at once; whoever waits in them gets an exception or end-of-stream. */
  @Override
  void close();
}
