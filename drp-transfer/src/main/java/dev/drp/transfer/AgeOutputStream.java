package dev.drp.transfer;

import java.io.IOException;
import java.io.OutputStream;

/** Seals what is written to it. Only closing it writes the last chunk. */
final class AgeOutputStream extends OutputStream {
  private final OutputStream output;
  private final AgePayload payload;
  private final byte[] plain = new byte[AgePayload.CHUNK];
  private final byte[] sealed = new byte[AgePayload.STORED_CHUNK];
  private int filled;
  private long number;
  private boolean closed;

  /**
   * @param output has the header already
   */
  AgeOutputStream(OutputStream output, AgePayload payload) {
    this.output = output;
    this.payload = payload;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] data, int offset, int length) throws IOException {
    int from = offset;
    int left = length;
    while (left > 0) {
      if (filled == plain.length) { // not before more comes: the last chunk may be a whole one
        writeChunk(false);
      }
      int count = Math.min(left, plain.length - filled);
      System.arraycopy(data, from, plain, filled, count);
      filled += count;
      from += count;
      left -= count;
    }
  }

  private void writeChunk(boolean last) throws IOException {
    int bytes = payload.chunk(number++, last, plain, filled, sealed);
    output.write(sealed, 0, bytes);
    filled = 0;
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      try (output) {
        writeChunk(true);
      }
    }
  }
}
