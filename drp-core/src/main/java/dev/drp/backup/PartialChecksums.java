package dev.drp.backup;

import java.util.Map;
import java.util.TreeMap;

/**
 * The CRC-32C of a file whose parts were read in any order. As in zlib's {@code crc32_combine}
 * (Mark Adler): a checksum is a polynomial over two elements, bytes that follow multiply it by a
 * power of x, and what they are themselves is added. Safe for concurrent use.
 */
final class PartialChecksums {
  /** Castagnoli's polynomial, reflected (RFC 3720, B.4). */
  private static final int POLYNOMIAL = 0x82f63b78;

  /** The polynomial 1, as the highest bit is that of the lowest power. */
  private static final int ONE = 1 << 31;

  private final Map<Long, Part> parts = new TreeMap<>();

  private record Part(long bytes, int checksum) {}

  /** Parts do not overlap, and leave nothing out. */
  synchronized void add(long offset, long bytes, int checksum) {
    parts.put(offset, new Part(bytes, checksum));
  }

  /** Of all parts one after the other. */
  synchronized int ofAll() {
    int all = 0;
    for (Part part : parts.values()) {
      all = product(powerOfX(8 * part.bytes), all) ^ part.checksum;
    }
    return all;
  }

  /** x to the power of n, by squaring. */
  private static int powerOfX(long n) {
    int power = ONE;
    int square = ONE >>> 1; // x
    for (long left = n; left > 0; left >>>= 1) {
      if ((left & 1) != 0) {
        power = product(power, square);
      }
      square = product(square, square);
    }
    return power;
  }

  /** Of two polynomials, modulo Castagnoli's. */
  private static int product(int one, int other) {
    int result = 0;
    int multiple = other;
    for (int bit = ONE; bit != 0; bit >>>= 1) {
      if ((one & bit) != 0) {
        result ^= multiple;
      }
      multiple = (multiple & 1) != 0 ? (multiple >>> 1) ^ POLYNOMIAL : multiple >>> 1;
    }
    return result;
  }
}
