package dev.drp.backup;

import java.util.Arrays;
import java.util.OptionalLong;
import java.util.zip.CRC32C;

/**
 * CRC-32C (RFC 3720) of every MiB that passes: finds what a storage gives back other than it was
 * written, at a fraction of the cost of a second SHA-256, and says where. Not safe for concurrent
 * use.
 */
final class BlockChecksums {
  private static final int BLOCK = 1 << 20;

  private final CRC32C current = new CRC32C();
  private int[] blocks = new int[16];
  private int complete;
  private long bytes;

  void update(byte[] data, int offset, int length) {
    int from = offset;
    int left = length;
    while (left > 0) {
      int fits = Math.min(left, BLOCK - (int) (bytes % BLOCK));
      current.update(data, from, fits);
      bytes += fits;
      from += fits;
      left -= fits;
      if (bytes % BLOCK == 0) {
        if (complete == blocks.length) {
          blocks = Arrays.copyOf(blocks, 2 * complete);
        }
        blocks[complete++] = (int) current.getValue();
        current.reset();
      }
    }
  }

  long bytes() {
    return bytes;
  }

  /** The first byte of the first block that differs, or where the shorter one ends. */
  OptionalLong firstDifference(BlockChecksums other) {
    int different = Arrays.mismatch(blocks, 0, complete, other.blocks, 0, other.complete);
    if (different >= 0 && different < Math.min(complete, other.complete)) {
      return OptionalLong.of((long) different * BLOCK);
    }
    if (bytes != other.bytes) {
      return OptionalLong.of(Math.min(bytes, other.bytes));
    }
    return current.getValue() == other.current.getValue()
        ? OptionalLong.empty()
        : OptionalLong.of((long) complete * BLOCK);
  }
}
