package dev.drp.files;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.drp.files.TarEntry.Extent;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes a tar of the format that {@link TarReader} reads, with nothing in it but what an entry
 * says: whoever reads it next cannot understand it in another way than we did. Not safe for
 * concurrent use.
 */
final class TarOutput {
  private static final int BLOCK = TarReader.BLOCK;
  private static final long LARGEST_OCTAL = 0_77777777777L;
  private static final long LARGEST_ID = 0_7777777L;

  private final OutputStream output;
  private final String folder;
  private long left;
  private int padding;

  /**
   * @param folder in which all of it is, as a name that ends with a slash; empty for none
   */
  TarOutput(OutputStream output, String folder) {
    this.output = output;
    this.folder = "./" + TarEntry.bytes(folder);
  }

  /** Begins a member; its stored bytes follow. */
  void begin(TarEntry entry) throws IOException {
    requireComplete();
    boolean closed = entry.type() == TarType.FOLDER && !entry.name().isEmpty();
    String name = folder + entry.name() + (closed ? "/" : "");
    String link = entry.type() == TarType.HARD_LINK ? folder + entry.link() : entry.link();
    byte[] map = entry.extents().isEmpty() ? new byte[0] : sparseMap(entry);
    long stored = entry.type() == TarType.FILE ? map.length + entry.storedBytes() : 0;
    Map<String, String> pax = new LinkedHashMap<>();
    if (map.length > 0) {
      pax.put("GNU.sparse.major", "1");
      pax.put("GNU.sparse.minor", "0");
      pax.put("GNU.sparse.name", name);
      pax.put("GNU.sparse.realsize", Long.toString(entry.bytes()));
    } else if (name.length() > 100) {
      pax.put("path", name);
    }
    putIf(link.length() > 100, pax, "linkpath", link);
    putIf(stored > LARGEST_OCTAL, pax, "size", Long.toString(stored));
    putIf(entry.uid() > LARGEST_ID, pax, "uid", Long.toString(entry.uid()));
    putIf(entry.gid() > LARGEST_ID, pax, "gid", Long.toString(entry.gid()));
    putIf(entry.user().length() > 31, pax, "uname", entry.user());
    putIf(entry.group().length() > 31, pax, "gname", entry.group());
    boolean plainTime = fitsHeader(entry.modified());
    putIf(!plainTime, pax, "mtime", seconds(entry.modified()));
    if (!pax.isEmpty()) {
      byte[] records = records(pax);
      header("././@PaxHeader", 'x', records.length, entry, "", true);
      output.write(records);
      pad(records.length);
    }
    header(name, flag(entry.type()), stored, entry, link, plainTime);
    output.write(map);
    left = stored - map.length;
    padding = (int) (-stored & (BLOCK - 1));
    pad();
  }

  private static boolean fitsHeader(Instant time) {
    long seconds = time.getEpochSecond();
    return seconds >= 0 && seconds <= LARGEST_OCTAL && time.getNano() == 0;
  }

  private static String seconds(Instant time) {
    return BigDecimal.valueOf(time.getEpochSecond())
        .add(BigDecimal.valueOf(time.getNano(), 9))
        .toPlainString();
  }

  /** Content of the member that was begun. */
  void write(byte[] data, int offset, int length) throws IOException {
    if (length > left) {
      throw new IllegalArgumentException("more content than was said");
    }
    output.write(data, offset, length);
    left -= length;
    pad();
  }

  /** Ends the tar; the stream stays open. */
  void finish() throws IOException {
    requireComplete();
    output.write(new byte[2 * BLOCK]);
    output.flush();
  }

  private void pad() throws IOException {
    if (left == 0) {
      output.write(new byte[padding]);
      padding = 0;
    }
  }

  private void requireComplete() {
    if (left != 0) {
      throw new IllegalStateException("%d bytes of a member are missing".formatted(left));
    }
  }

  private void pad(int length) throws IOException {
    output.write(new byte[-length & (BLOCK - 1)]);
  }

  private static void putIf(boolean wanted, Map<String, String> pax, String key, String value) {
    if (wanted) {
      pax.put(key, value);
    }
  }

  private static byte[] sparseMap(TarEntry entry) {
    StringBuilder map = new StringBuilder().append(entry.extents().size()).append('\n');
    for (Extent extent : entry.extents()) {
      map.append(extent.offset()).append('\n').append(extent.bytes()).append('\n');
    }
    map.append("\0".repeat(-map.length() & (BLOCK - 1)));
    return map.toString().getBytes(ISO_8859_1);
  }

  private static byte[] records(Map<String, String> pax) {
    StringBuilder records = new StringBuilder();
    pax.forEach(
        (key, value) -> {
          int length = key.length() + value.length() + 3; // space, equals, line feed
          int total = length + Integer.toString(length).length();
          total = length + Integer.toString(total).length();
          records.append(total).append(' ').append(key).append('=').append(value).append('\n');
        });
    return records.toString().getBytes(ISO_8859_1);
  }

  private void header(
      String name, char flag, long size, TarEntry entry, String link, boolean plainTime)
      throws IOException {
    byte[] header = new byte[BLOCK];
    text(header, 0, 100, name);
    octal(header, 100, 8, entry.mode());
    octal(header, 108, 8, entry.uid() > LARGEST_ID ? 0 : entry.uid());
    octal(header, 116, 8, entry.gid() > LARGEST_ID ? 0 : entry.gid());
    octal(header, 124, 12, size > LARGEST_OCTAL ? 0 : size);
    octal(header, 136, 12, plainTime ? Math.max(entry.modified().getEpochSecond(), 0) : 0);
    header[156] = (byte) flag;
    text(header, 157, 100, link);
    text(header, 257, 8, "ustar\00000");
    text(header, 265, 31, entry.user());
    text(header, 297, 31, entry.group());
    java.util.Arrays.fill(header, 148, 156, (byte) ' ');
    long sum = 0;
    for (byte each : header) {
      sum += each & 0xff;
    }
    octal(header, 148, 7, sum);
    output.write(header);
  }

  private static char flag(TarType type) {
    return switch (type) {
      case FILE -> '0';
      case HARD_LINK -> '1';
      case SYMBOLIC_LINK -> '2';
      case FOLDER -> '5';
      case PIPE -> '6';
      case DEVICE -> throw new IllegalArgumentException("devices are not written");
    };
  }

  private static void text(byte[] header, int at, int length, String text) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    System.arraycopy(bytes, 0, header, at, Math.min(bytes.length, length));
  }

  private static void octal(byte[] header, int at, int length, long value) {
    String digits = Long.toOctalString(value);
    text(header, at, length, "0".repeat(length - 1 - digits.length()) + digits);
    header[at + length - 1] = 0;
  }
}
