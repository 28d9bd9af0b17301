package dev.drp.wal;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;

/** A segment put together from increments, one after the other, then zeros up to its full size. */
final class PartOfSegment extends InputStream {
  private final List<Part> parts;
  private int current;
  private boolean skipped;
  private int leftOfPart;
  private int leftInAll;

  /**
   * Bytes of an increment.
   *
   * @param skip how many of its first bytes are known already
   * @param bytes how many to read after them
   */
  record Part(InputStream content, int skip, int bytes) {}

  PartOfSegment(List<Part> parts, int bytes) {
    this.parts = List.copyOf(parts);
    this.leftInAll = bytes;
    this.leftOfPart = parts.get(0).bytes();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (leftInAll == 0) {
      return -1;
    }
    while (current < parts.size() && leftOfPart == 0) {
      requireEnd(parts.get(current));
      current++;
      skipped = false;
      leftOfPart = current < parts.size() ? parts.get(current).bytes() : 0;
    }
    int count = Math.min(length, leftInAll);
    if (current < parts.size()) {
      Part part = parts.get(current);
      if (!skipped) {
        part.content().skipNBytes(part.skip());
        skipped = true;
      }
      count = part.content().read(buffer, offset, Math.min(count, leftOfPart));
      if (count < 0) {
        throw new EOFException("an increment of the log is shorter than its name says");
      }
      leftOfPart -= count;
    } else {
      Arrays.fill(buffer, offset, offset + count, (byte) 0);
    }
    leftInAll -= count;
    if (leftInAll == 0 && current < parts.size()) {
      requireEnd(parts.get(current));
    }
    return count;
  }

  /** Reading to the very end is what compares the checksum. */
  private static void requireEnd(Part part) throws IOException {
    if (part.content().read() >= 0) {
      throw new IOException("an increment of the log is longer than its name says");
    }
  }

  @Override
  public void close() {
    close(parts);
  }

  static void close(List<Part> parts) {
    for (Part part : parts) {
      try {
        part.content().close();
      } catch (IOException e) {
        // It has been read as far as anybody wanted it.
      }
    }
  }
}
