package dev.drp.backup.tar;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;

/**
 * Writes files into a tar of the ustar format, with mode 0600, owner 0 and time 0. Not safe for
 * concurrent use.
 */
public final class TarWriter {
  private static final int BLOCK = TarFollower.BLOCK;
  private static final int NAME = 100;
  private static final int BUFFER = 1 << 16;

  private final OutputStream output;

  /**
   * @param output where it goes; left open
   */
  public TarWriter(OutputStream output) {
    this.output = requireNonNull(output, "output");
  }

  /**
   * Writes a file.
   *
   * @param name at most 100 characters of ASCII
   * @param bytes how many to take from the content, below 8 GiB
   * @throws IOException also when the content is shorter
   */
  public void file(String name, long bytes, InputStream content) throws IOException {
    output.write(header(name, bytes));
    byte[] buffer = new byte[BUFFER];
    long left = bytes;
    while (left > 0) {
      int count = content.read(buffer, 0, (int) Math.min(buffer.length, left));
      if (count < 0) {
        throw new EOFException("%s ends %d bytes too early".formatted(name, left));
      }
      output.write(buffer, 0, count);
      left -= count;
    }
    output.write(new byte[(int) ((BLOCK - bytes % BLOCK) % BLOCK)]);
  }

  /** Ends the tar. */
  public void finish() throws IOException {
    output.write(new byte[2 * BLOCK]);
  }

  private static byte[] header(String name, long bytes) {
    byte[] header = new byte[BLOCK];
    byte[] encoded = name.getBytes(US_ASCII);
    if (encoded.length > NAME) {
      throw new IllegalArgumentException("too long a name for a tar: " + name);
    }
    System.arraycopy(encoded, 0, header, 0, encoded.length);
    text(header, 100, "0000600\0");
    text(header, 108, "0000000\0");
    text(header, 116, "0000000\0");
    text(header, 124, "%011o\0".formatted(bytes));
    text(header, 136, "00000000000\0");
    text(header, 156, "0");
    text(header, 257, "ustar\00000");
    Arrays.fill(header, 148, 156, (byte) ' ');
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    text(header, 148, "%06o\0 ".formatted(sum));
    return header;
  }

  private static void text(byte[] header, int offset, String text) {
    byte[] bytes = text.getBytes(US_ASCII);
    System.arraycopy(bytes, 0, header, offset, bytes.length);
  }
}
