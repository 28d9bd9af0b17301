package dev.drp.docker;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.OutputStream;

/**
 * The body of a request, of a length that is not known before: HTTP's chunks. Knows whether it was
 * the connection that failed, or whoever writes. Closing it has no effect.
 */
final class ChunkedOutput extends OutputStream {
  private static final byte[] LAST = "0\r\n\r\n".getBytes(US_ASCII);
  private static final byte[] LINE_END = "\r\n".getBytes(US_ASCII);

  private final OutputStream connection;
  private final byte[] buffer = new byte[1 << 16];
  private int filled;
  private boolean failed;

  ChunkedOutput(OutputStream connection) {
    this.connection = connection;
  }

  /** Sends what comes before the body. */
  void begin(byte[] head) throws IOException {
    send(head, head.length);
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] data, int offset, int length) throws IOException {
    for (int at = offset; at < offset + length; ) {
      int count = Math.min(buffer.length - filled, offset + length - at);
      System.arraycopy(data, at, buffer, filled, count);
      filled += count;
      at += count;
      if (filled == buffer.length) {
        sendChunk();
      }
    }
  }

  /** Sends the end of the body. */
  void finish() throws IOException {
    sendChunk();
    send(LAST, LAST.length);
  }

  /** Whether the connection did not take something. */
  boolean hasFailed() {
    return failed;
  }

  private void sendChunk() throws IOException {
    if (filled > 0) {
      byte[] size = (Integer.toHexString(filled) + "\r\n").getBytes(US_ASCII);
      send(size, size.length);
      send(buffer, filled);
      send(LINE_END, LINE_END.length);
      filled = 0;
    }
  }

  private void send(byte[] data, int length) throws IOException {
    try {
      connection.write(data, 0, length);
    } catch (IOException e) {
      failed = true;
      throw e;
    }
  }
}
