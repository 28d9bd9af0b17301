package dev.drp.transfer.sync;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Texts that each end in a zero byte. */
final class Texts {
  private static final int LONGEST = 1 << 16;

  private final InputStream input;
  private final byte[] buffer = new byte[LONGEST];
  private int from;
  private int end;
  private boolean ended;

  Texts(InputStream input) {
    this.input = input;
  }

  /** Null at the end, also in the middle of a text. */
  @Nullable String next() throws IOException {
    int at = from;
    while (true) {
      for (; at < end; at++) {
        if (buffer[at] == 0) {
          String text = new String(buffer, from, at - from, ISO_8859_1);
          from = at + 1;
          return text;
        }
      }
      at -= from;
      if (!readOn()) {
        ended = true;
        return null;
      }
    }
  }

  /** Whether all were read. */
  boolean isEnded() {
    return ended;
  }

  private boolean readOn() throws IOException {
    System.arraycopy(buffer, from, buffer, 0, end - from);
    end -= from;
    from = 0;
    if (end == buffer.length) {
      throw new IOException("a name is longer than any system allows");
    }
    int read = input.read(buffer, end, buffer.length - end);
    end += Math.max(0, read);
    return read >= 0;
  }
}
