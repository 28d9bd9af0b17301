package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Passes tars of a data directory on as one, in which the control file has another name: while it
 * is missing under its own, no server starts from the files.
 */
final class ControlFileLast extends OutputStream {
  /** The control file's name. */
  static final String CONTROL_FILE = "global/pg_control";

  /** The name that it gets. */
  static final String INTERIM = CONTROL_FILE + ".drp";

  private static final int BLOCK = 512;
  private static final int NAME_SIZE = 100;
  private static final int SIZE_AT = 124;
  private static final int SIZE_SIZE = 12;
  private static final int CHECKSUM_AT = 148;
  private static final int CHECKSUM_SIZE = 8;

  private final OutputStream output;
  private final byte[] header = new byte[BLOCK];
  private int headerBytes;
  private long contentBytes;
  private boolean found;

  ControlFileLast(OutputStream output) {
    this.output = output;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    int at = offset;
    int end = offset + length;
    while (at < end) {
      if (contentBytes > 0) {
        int count = (int) Math.min(contentBytes, end - at);
        output.write(bytes, at, count);
        contentBytes -= count;
        at += count;
      } else {
        int count = Math.min(BLOCK - headerBytes, end - at);
        System.arraycopy(bytes, at, header, headerBytes, count);
        headerBytes += count;
        at += count;
        if (headerBytes == BLOCK) {
          headerBytes = 0;
          passHeader();
        }
      }
    }
  }

  private void passHeader() throws IOException {
    if (Arrays.equals(header, new byte[BLOCK])) {
      return; // the end of one tar; another may follow
    }
    long size = size();
    contentBytes = (size + BLOCK - 1) / BLOCK * BLOCK;
    String name = name();
    if (name.equals(CONTROL_FILE) || name.equals("./" + CONTROL_FILE)) {
      found = true;
      rename();
    }
    output.write(header);
  }

  private String name() {
    int end = 0;
    while (end < NAME_SIZE && header[end] != 0) {
      end++;
    }
    return new String(header, 0, end, StandardCharsets.ISO_8859_1);
  }

  /** Octal digits; or, for large ones, a number in binary whose highest bit is set as a mark. */
  private long size() {
    byte[] field = Arrays.copyOfRange(header, SIZE_AT, SIZE_AT + SIZE_SIZE);
    if (field[0] < 0) {
      field[0] &= 0x7f;
      return new BigInteger(field).longValueExact();
    }
    String digits = new String(field, StandardCharsets.ISO_8859_1).replace('\0', ' ').strip();
    if (!digits.matches("[0-7]*")) {
      throw corrupt("they are no tar: a size is '%s'".formatted(digits));
    }
    return digits.isEmpty() ? 0 : Long.parseLong(digits, 8);
  }

  private void rename() {
    Arrays.fill(header, 0, NAME_SIZE, (byte) 0);
    put(INTERIM, 0);
    // The sum of all bytes, with spaces where it is to be.
    Arrays.fill(header, CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_SIZE, (byte) ' ');
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    put("%06o\0 ".formatted(sum), CHECKSUM_AT);
  }

  private void put(String text, int at) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }

  /** Ends the tar. BACKUP_CORRUPT when what was written is no whole one of a data directory. */
  void finish() throws IOException {
    if (headerBytes > 0 || contentBytes > 0) {
      throw corrupt("they end in the middle of " + name());
    }
    if (!found) {
      throw corrupt("there is no " + CONTROL_FILE);
    }
    output.write(new byte[2 * BLOCK]);
    output.flush();
  }

  private static RecoveryException corrupt(String problem) {
    return new RecoveryException(
        ErrorCode.BACKUP_CORRUPT,
        "no server starts from these files: " + problem,
        "take another backup, and verify this one.");
  }

  @Override
  public void flush() throws IOException {
    output.flush();
  }
}
