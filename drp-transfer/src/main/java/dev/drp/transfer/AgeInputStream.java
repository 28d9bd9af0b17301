package dev.drp.transfer;

import java.io.IOException;
import java.io.InputStream;

/** Opens chunks that {@link AgeOutputStream}, or the program age, has sealed. */
final class AgeInputStream extends InputStream {
  private final InputStream stored;
  private final AgePayload payload;
  private byte[] sealed = new byte[AgePayload.STORED_CHUNK];
  private byte[] ahead = new byte[AgePayload.STORED_CHUNK];
  private int sealedBytes;
  private final byte[] plain = new byte[AgePayload.STORED_CHUNK];
  private int position;
  private int limit;
  private long number;
  private boolean last;

  /**
   * @param stored stands at the beginning of a chunk
   * @param first number of that chunk
   */
  AgeInputStream(InputStream stored, AgePayload payload, long first) throws IOException {
    this.stored = stored;
    this.payload = payload;
    this.number = first;
    this.sealedBytes = stored.readNBytes(sealed, 0, sealed.length);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (position == limit) {
      if (last) {
        return -1;
      }
      openChunk();
    }
    int count = Math.min(length, limit - position);
    System.arraycopy(plain, position, buffer, offset, count);
    position += count;
    return count;
  }

  /** A chunk is the last one when nothing follows, and was sealed as that one. */
  private void openChunk() throws IOException {
    int aheadBytes = stored.readNBytes(ahead, 0, ahead.length);
    boolean isLast = aheadBytes == 0;
    int bytes = payload.chunk(number, isLast, sealed, sealedBytes, plain);
    if (bytes == 0 && number > 0) {
      throw new IOException("encrypted data ends with an empty chunk, which nobody writes");
    }
    number++;
    last = isLast;
    position = 0;
    limit = bytes;
    byte[] done = sealed;
    sealed = ahead;
    ahead = done;
    sealedBytes = aheadBytes;
  }

  @Override
  public void close() throws IOException {
    stored.close();
  }
}
