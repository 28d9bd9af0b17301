package dev.drp.backup;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/** The SHA-256 of a chunk's plain content, which is what tells it from every other chunk. */
record ChunkId(long a, long b, long c, long d) {
  private static final HexFormat HEX = HexFormat.of();

  static ChunkId of(byte[] content) {
    return read(ByteBuffer.wrap(Sha256.digest(content)));
  }

  /**
   * @throws IllegalArgumentException when it is none
   */
  static ChunkId parse(String hex) {
    byte[] bytes = HEX.parseHex(hex);
    if (bytes.length != 4 * Long.BYTES) {
      throw new IllegalArgumentException("no SHA-256: " + hex);
    }
    return read(ByteBuffer.wrap(bytes));
  }

  private static ChunkId read(ByteBuffer bytes) {
    return new ChunkId(bytes.getLong(), bytes.getLong(), bytes.getLong(), bytes.getLong());
  }

  /** In lower-case hexadecimal digits. */
  @Override
  public String toString() {
    return HEX.toHexDigits(a) + HEX.toHexDigits(b) + HEX.toHexDigits(c) + HEX.toHexDigits(d);
  }
}
