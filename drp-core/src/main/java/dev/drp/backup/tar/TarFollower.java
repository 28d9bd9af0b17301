package dev.drp.backup.tar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Takes a tar and tells listeners what passes. Reads the ustar format with the sizes of GNU tar
 * (POSIX.1-2017, pax, "ustar Interchange Format"), which is what PostgreSQL writes; extended
 * headers pass as members of their own. Not safe for concurrent use.
 */
public final class TarFollower extends OutputStream {
  /** Headers have this size, and contents are padded to multiples of it. */
  public static final int BLOCK = 512;

  private static final int NAME = 100;
  private static final int SIZE = 124;
  private static final int SIZE_LENGTH = 12;
  private static final int CHECKSUM = 148;
  private static final int CHECKSUM_LENGTH = 8;
  private static final int TYPE = 156;
  private static final int MAGIC = 257;
  private static final int PREFIX = 345;
  private static final int PREFIX_LENGTH = 155;

  private final List<TarListener> listeners;
  private final byte[] header = new byte[BLOCK];
  private int headerFill;
  private long contentLeft;
  private int paddingLeft;
  private boolean inContent;
  private boolean ended;

  public TarFollower(List<TarListener> listeners) {
    this.listeners = List.copyOf(listeners);
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  /**
   * Follows what passes.
   *
   * @throws IOException when it is no tar
   */
  @Override
  public void write(byte[] data, int offset, int length) throws IOException {
    requireNonNull(data, "data");
    int from = offset;
    int left = length;
    while (left > 0) {
      int taken = ended ? filler(data, from, left) : next(data, from, left);
      from += taken;
      left -= taken;
    }
  }

  /**
   * Goes on as if the next so many bytes had passed, which must be content of one member; listeners
   * do not hear of them.
   */
  public void skip(long bytes) {
    if (!inContent || bytes < 0 || bytes > contentLeft) {
      throw new IllegalArgumentException("%d bytes are no content".formatted(bytes));
    }
    contentLeft -= bytes;
    if (contentLeft == 0) {
      end();
    }
  }

  /**
   * Says that all has passed.
   *
   * @throws IOException when the tar is cut: a member or its end is missing
   */
  public void finish() throws IOException {
    if (!ended) {
      throw new IOException("the tar has no end");
    }
  }

  private int next(byte[] data, int from, int left) throws IOException {
    if (inContent) {
      int taken = (int) Math.min(left, contentLeft);
      for (TarListener listener : listeners) {
        listener.content(data, from, taken);
      }
      contentLeft -= taken;
      if (contentLeft == 0) {
        end();
      }
      return taken;
    }
    if (paddingLeft > 0) {
      int taken = filler(data, from, Math.min(left, paddingLeft));
      paddingLeft -= taken;
      return taken;
    }
    int taken = Math.min(left, BLOCK - headerFill);
    System.arraycopy(data, from, header, headerFill, taken);
    headerFill += taken;
    if (headerFill == BLOCK) {
      headerFill = 0;
      begin();
    }
    return taken;
  }

  private int filler(byte[] data, int from, int length) {
    for (TarListener listener : listeners) {
      listener.filler(data, from, length);
    }
    return length;
  }

  private void begin() throws IOException {
    if (isZero(header)) { // the first of the blocks that end it
      ended = true;
      filler(header, 0, BLOCK);
      return;
    }
    requireChecksum();
    TarMember member = new TarMember(name(), (char) (header[TYPE] & 0xff), number(SIZE));
    for (TarListener listener : listeners) {
      listener.begin(member, header);
    }
    contentLeft = member.bytes();
    paddingLeft = (int) ((BLOCK - contentLeft % BLOCK) % BLOCK);
    inContent = true;
    if (contentLeft == 0) {
      end();
    }
  }

  private void end() {
    inContent = false;
    for (TarListener listener : listeners) {
      listener.end();
    }
  }

  private String name() {
    String name = text(0, NAME);
    String prefix = text(MAGIC, 5).equals("ustar") ? text(PREFIX, PREFIX_LENGTH) : "";
    return prefix.isEmpty() ? name : prefix + "/" + name;
  }

  private String text(int offset, int length) {
    int end = offset;
    while (end < offset + length && header[end] != 0) {
      end++;
    }
    return new String(header, offset, end - offset, UTF_8);
  }

  /** Octal digits, or from 8 GiB on GNU's binary form. */
  private long number(int offset) throws IOException {
    if ((header[offset] & 0x80) != 0) {
      long number = 0;
      for (int i = offset + 4; i < offset + SIZE_LENGTH; i++) {
        number = (number << 8) | (header[i] & 0xff);
      }
      if (number < 0) {
        throw new IOException("a member of the tar has an impossible size");
      }
      return number;
    }
    String digits = text(offset, SIZE_LENGTH).strip();
    try {
      return digits.isEmpty() ? 0 : Long.parseLong(digits, 8);
    } catch (NumberFormatException e) {
      throw new IOException("a member of the tar has no size: '%s'".formatted(digits), e);
    }
  }

  private void requireChecksum() throws IOException {
    int sum = 0;
    for (int i = 0; i < BLOCK; i++) {
      boolean ofChecksum = i >= CHECKSUM && i < CHECKSUM + CHECKSUM_LENGTH;
      sum += ofChecksum ? ' ' : header[i] & 0xff;
    }
    @Nullable Integer said = octal(text(CHECKSUM, CHECKSUM_LENGTH).strip());
    if (said == null || said != sum) {
      throw new IOException("a header of the tar is damaged");
    }
  }

  private static @Nullable Integer octal(String digits) {
    try {
      return Integer.valueOf(digits, 8);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static boolean isZero(byte[] block) {
    for (byte b : block) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }
}
