package dev.drp.runtime;

import java.nio.charset.StandardCharsets;

/** Keeps the last bytes of a program's output, whatever its length. Safe for concurrent use. */
public final class OutputTail {
  /** What {@link CommandResult#errorOutput()} holds at most, in bytes. */
  public static final int SIZE = 8 * 1024;

  private final byte[] ring = new byte[SIZE];
  private long written;

  public synchronized void append(byte[] bytes, int offset, int length) {
    int skipped = Math.max(0, length - SIZE);
    int from = offset + skipped;
    int kept = length - skipped;
    int position = (int) ((written + skipped) % SIZE);
    int first = Math.min(kept, SIZE - position);
    System.arraycopy(bytes, from, ring, position, first);
    System.arraycopy(bytes, from + first, ring, 0, kept - first);
    written += length;
  }

  /** The last {@link #SIZE} bytes as text; a character cut in half at its start is replaced. */
  public synchronized String text() {
    if (written <= SIZE) {
      return new String(ring, 0, (int) written, StandardCharsets.UTF_8);
    }
    int oldest = (int) (written % SIZE);
    byte[] inOrder = new byte[SIZE];
    System.arraycopy(ring, oldest, inOrder, 0, SIZE - oldest);
    System.arraycopy(ring, 0, inOrder, SIZE - oldest, oldest);
    return new String(inOrder, StandardCharsets.UTF_8);
  }
}
