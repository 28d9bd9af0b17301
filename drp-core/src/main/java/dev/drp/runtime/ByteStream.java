package dev.drp.runtime;

import java.io.InputStream;
import java.io.OutputStream;

/** A connection: bytes in both directions at once. One thread may read while another writes. */
public interface ByteStream extends AutoCloseable {
  InputStream input();

  /** What is written here is sent at the latest when flushed. */
  OutputStream output();

  /** Ends both directions; a reader that waits gets end-of-stream or an exception. */
  @Override
  void close();
}
