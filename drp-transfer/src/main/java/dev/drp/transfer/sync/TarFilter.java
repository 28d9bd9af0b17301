package dev.drp.transfer.sync;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Lets of a tar pass what was asked for, as what it was listed as: whoever wrote the tar cannot put
 * anything else into the target. Reads the pax format as GNU tar writes it and nothing beyond: what
 * two readers could understand differently is an error.
 */
final class TarFilter {
  private static final int BLOCK = 512;
  private static final int LONGEST_HEADER = 1 << 20;
  private static final Set<String> KEYS =
      Set.of(
          "path",
          "linkpath",
          "size",
          "uid",
          "gid",
          "uname",
          "gname",
          "mtime",
          "GNU.sparse.major",
          "GNU.sparse.minor",
          "GNU.sparse.name",
          "GNU.sparse.realsize");

  private final Map<String, Entry> asked;
  private final InputStream input;
  private final OutputStream output;
  private final byte[] buffer = new byte[1 << 17];

  /**
   * @param asked by name
   * @param output gets a whole tar, unless the input is cut
   */
  TarFilter(Map<String, Entry> asked, InputStream input, OutputStream output) {
    this.asked = asked;
    this.input = input;
    this.output = output;
  }

  /**
   * Passes all of it.
   *
   * @throws EOFException when the tar is cut
   */
  void run() throws IOException {
    byte[] extended = new byte[0];
    Map<String, String> keys = Map.of();
    while (true) {
      byte[] header = block();
      if (isZero(header)) {
        break;
      }
      char type = (char) (header[156] & 0xff);
      if (type == 'x') {
        if (extended.length > 0) {
          throw unexpected("two extended headers in a row");
        }
        byte[] content = content(number(header, 124, 12));
        keys = keys(content, (int) number(header, 124, 12));
        extended = joined(header, content);
        continue;
      }
      member(header, type, keys, extended);
      extended = new byte[0];
      keys = Map.of();
    }
    output.write(new byte[2 * BLOCK]);
    output.flush();
    while (input.read(buffer) >= 0) {
      // the padding of the last record
    }
  }

  private void member(byte[] header, char type, Map<String, String> keys, byte[] extended)
      throws IOException {
    String name = keys.getOrDefault("GNU.sparse.name", keys.getOrDefault("path", name(header)));
    String link = keys.getOrDefault("linkpath", text(header, 157, 100));
    String size = keys.get("size");
    long bytes = size == null ? number(header, 124, 12) : decimal(size);
    boolean isFile = type == '0' || type == 0;
    if (!isFile && bytes != 0) {
      throw unexpected("a member of type %s with content".formatted(type));
    }
    Entry entry = asked.get(plain(name));
    if (entry == null || !isAs(entry, type, link)) {
      pass(bytes, null);
      return;
    }
    output.write(extended);
    output.write(header);
    pass(bytes, output);
  }

  private boolean isAs(Entry entry, char type, String link) {
    return switch (type) {
      case '0', 0 -> entry.isFile();
      case '1' -> {
        Entry other = asked.get(plain(link));
        yield entry.isFile() && other != null && other.isFile();
      }
      case '2' -> entry.type() == 'l' && link.equals(entry.link());
      case '5' -> entry.isFolder();
      default -> false;
    };
  }

  /** Content and padding. */
  private void pass(long bytes, @Nullable OutputStream to) throws IOException {
    long left = (bytes + BLOCK - 1) / BLOCK * BLOCK;
    while (left > 0) {
      int read = input.read(buffer, 0, (int) Math.min(buffer.length, left));
      if (read < 0) {
        throw cut();
      }
      if (to != null) {
        to.write(buffer, 0, read);
      }
      left -= read;
    }
  }

  private byte[] block() throws IOException {
    byte[] block = input.readNBytes(BLOCK);
    if (block.length < BLOCK) {
      throw cut();
    }
    return block;
  }

  private byte[] content(long bytes) throws IOException {
    if (bytes > LONGEST_HEADER) {
      throw unexpected("an extended header of %d bytes".formatted(bytes));
    }
    int padded = (int) ((bytes + BLOCK - 1) / BLOCK * BLOCK);
    byte[] content = input.readNBytes(padded);
    if (content.length < padded) {
      throw cut();
    }
    return content;
  }

  /** Records of {@code length key=value\n}. */
  private static Map<String, String> keys(byte[] content, int length) {
    String text = new String(content, 0, length, ISO_8859_1);
    Map<String, String> keys = new HashMap<>();
    int at = 0;
    while (at < length) {
      int blank = text.indexOf(' ', at);
      int end =
          blank < 0 ? -1 : at + (int) Math.min(length + 1L, decimal(text.substring(at, blank)));
      int equal = text.indexOf('=', at);
      if (end > length || end <= equal || equal < blank || text.charAt(end - 1) != '\n') {
        throw unexpected("an extended header that is damaged");
      }
      String key = text.substring(blank + 1, equal);
      String value = text.substring(equal + 1, end - 1);
      if (!KEYS.contains(key) || value.indexOf('\0') >= 0 || keys.put(key, value) != null) {
        throw unexpected("the extended header '%s'".formatted(Entry.text(key)));
      }
      at = end;
    }
    return keys;
  }

  private static String name(byte[] header) {
    String prefix = text(header, 345, 155);
    String name = text(header, 0, 100);
    return prefix.isEmpty() ? name : prefix + "/" + name;
  }

  /** As it was listed: without the {@code ./} that names begin with and the end of folders. */
  private static String plain(String name) {
    String relative = name.startsWith("./") ? name.substring(2) : name.equals(".") ? "" : name;
    return relative.endsWith("/") ? relative.substring(0, relative.length() - 1) : relative;
  }

  private static String text(byte[] header, int offset, int length) {
    int end = offset;
    while (end < offset + length && header[end] != 0) {
      end++;
    }
    return new String(header, offset, end - offset, ISO_8859_1);
  }

  private static long number(byte[] header, int offset, int length) {
    String digits = text(header, offset, length).strip();
    if (!digits.matches("[0-7]{1,12}")) {
      throw unexpected("a member without a size");
    }
    return Long.parseLong(digits, 8);
  }

  private static long decimal(String digits) {
    if (!digits.matches("\\d{1,18}")) {
      throw unexpected("the number '%s'".formatted(Entry.text(digits)));
    }
    return Long.parseLong(digits);
  }

  private static byte[] joined(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private static boolean isZero(byte[] block) {
    return Arrays.equals(block, new byte[BLOCK]);
  }

  private static RecoveryException unexpected(String what) {
    return new RecoveryException(
        ErrorCode.REFUSED,
        "the source sent %s, which its tar never writes".formatted(what),
        "do not trust that machine before you know why.");
  }

  private static EOFException cut() {
    return new EOFException("the tar of the source is cut");
  }
}
