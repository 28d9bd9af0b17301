package dev.drp.files;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.files.TarEntry.Extent;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tar as GNU tar and container engines write it: POSIX.1-2001 (pax), with sparse files in
 * GNU's format 1.0. It is strict: what is not of that format, or has a name that leads out of the
 * tar, is refused, and no size that the tar claims makes it take more memory. Not safe for
 * concurrent use.
 */
final class TarReader {
  static final int BLOCK = 512;

  private static final int LONGEST_NAME = 4096; // PATH_MAX of Linux
  private static final int LARGEST_PAX_HEADER = 1 << 20;
  private static final int MOST_EXTENTS = 1 << 20;
  private static final String REAL_NAME = "GNU.sparse.name";

  private final InputStream input;
  private final byte[] header = new byte[BLOCK];
  private long dataLeft;
  private int padding;

  TarReader(InputStream input) {
    this.input = input;
  }

  /**
   * The next member; what was not read of the one before is passed over. Empty at the end, which
   * has been seen then.
   *
   * @throws RecoveryException with REFUSED when a name leads out of the tar; BACKUP_CORRUPT when it
   *     is cut or no such tar
   */
  Optional<TarEntry> next() throws IOException {
    finishMember();
    Map<String, String> pax = Map.of();
    while (true) {
      readBlock(header);
      if (isZero(header)) {
        requireEnd();
        return Optional.empty();
      }
      requireHeader();
      char type = (char) header[156];
      if (type != 'x') {
        return Optional.of(entry(type, pax));
      }
      if (!pax.isEmpty()) {
        throw corrupt("two extended headers for one member");
      }
      pax = paxHeader(octal(124, 12));
    }
  }

  /** What the tar holds of the member: of a sparse file, its data without the holes. */
  int read(byte[] buffer, int offset, int length) throws IOException {
    if (dataLeft == 0) {
      return -1;
    }
    int count = input.read(buffer, offset, (int) Math.min(length, dataLeft));
    if (count < 0) {
      throw corrupt("it ends within a member");
    }
    dataLeft -= count;
    return count;
  }

  private TarEntry entry(char typeFlag, Map<String, String> pax) throws IOException {
    TarType type =
        switch (typeFlag) {
          case '0', '\0', '7' -> TarType.FILE;
          case '1' -> TarType.HARD_LINK;
          case '2' -> TarType.SYMBOLIC_LINK;
          case '3', '4' -> TarType.DEVICE;
          case '5' -> TarType.FOLDER;
          case '6' -> TarType.PIPE;
          default -> throw corrupt("member type %d is not known".formatted((int) typeFlag));
        };
    if (pax.keySet().stream().anyMatch(TarReader::isOldSparse)) {
      throw corrupt("a sparse file of a format other than 1.0");
    }
    boolean sparse = pax.containsKey("GNU.sparse.major");
    if (sparse
        && !(type == TarType.FILE
            && "1".equals(pax.get("GNU.sparse.major"))
            && "0".equals(pax.get("GNU.sparse.minor")))) {
      throw corrupt("a sparse file of a format other than 1.0");
    }
    String name = pax.getOrDefault("path", headerName());
    name = sparse ? required(pax, REAL_NAME) : name;
    String link = pax.getOrDefault("linkpath", text(157, 100));
    long stored = pax.containsKey("size") ? number(required(pax, "size")) : octal(124, 12);
    if (type != TarType.FILE && stored != 0) {
      throw corrupt("content where none can be");
    }
    dataLeft = stored;
    padding = (int) (-stored & (BLOCK - 1));
    List<Extent> extents = sparse ? sparseMap() : List.of();
    long bytes = sparse ? number(required(pax, "GNU.sparse.realsize")) : stored;
    requireWithin(extents, bytes);
    return new TarEntry(
        safeName(name),
        type,
        bytes,
        (int) (octal(100, 8) & 07777),
        pax.containsKey("uid") ? number(required(pax, "uid")) : octal(108, 8),
        pax.containsKey("gid") ? number(required(pax, "gid")) : octal(116, 8),
        pax.getOrDefault("uname", text(265, 32)),
        pax.getOrDefault("gname", text(297, 32)),
        pax.containsKey("mtime")
            ? instant(required(pax, "mtime"))
            : Instant.ofEpochSecond(octal(136, 12)),
        type == TarType.HARD_LINK ? safeName(link) : type == TarType.SYMBOLIC_LINK ? link : "",
        extents);
  }

  private static boolean isOldSparse(String key) {
    return key.equals("GNU.sparse.map")
        || key.equals("GNU.sparse.offset")
        || key.equals("GNU.sparse.numblocks")
        || key.equals("GNU.sparse.size");
  }

  /** Relative and in one piece; REFUSED for whatever could lead out of the folder it is put in. */
  private static String safeName(String name) {
    List<String> parts = new ArrayList<>();
    if (name.startsWith("/") || name.indexOf('\0') >= 0 || name.length() > LONGEST_NAME) {
      throw unsafe(name, "it is absolute, or too long");
    }
    for (String part : name.split("/", -1)) {
      if (part.equals("..")) {
        throw unsafe(name, "it leads upwards");
      }
      if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    return String.join("/", parts);
  }

  static RecoveryException unsafe(String name, String why) {
    return new RecoveryException(
        ErrorCode.REFUSED,
        "the archive has a member that could write outside of its folder: %s: %s"
            .formatted(TarEntry.display(name), why),
        "this program writes no such archive: find out who put it there. Nothing of it was put in"
            + " place.");
  }

  private String headerName() {
    String prefix = text(345, 155);
    String name = text(0, 100);
    boolean posix = header[262] == 0;
    return prefix.isEmpty() || !posix ? name : prefix + "/" + name;
  }

  /** Decimal lines at the beginning of the data: how many, then offset and size of each. */
  private List<Extent> sparseMap() throws IOException {
    long[] taken = {0};
    long count = line(taken);
    if (count > MOST_EXTENTS) {
      throw corrupt("a sparse file of %d pieces".formatted(count));
    }
    List<Extent> extents = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      extents.add(new Extent(line(taken), line(taken)));
    }
    for (long rest = -taken[0] & (BLOCK - 1); rest > 0; rest--) {
      oneByte();
    }
    long data = extents.stream().mapToLong(Extent::bytes).sum();
    if (data != dataLeft) {
      throw corrupt("a sparse file whose map does not fit its data");
    }
    return extents;
  }

  private long line(long[] taken) throws IOException {
    long value = 0;
    int digits = 0;
    while (true) {
      int next = oneByte();
      taken[0]++;
      if (next == '\n' && digits > 0) {
        return value;
      }
      if (next < '0' || next > '9' || ++digits > 18) {
        throw corrupt("a sparse file with a broken map");
      }
      value = value * 10 + (next - '0');
    }
  }

  private int oneByte() throws IOException {
    byte[] one = new byte[1];
    if (read(one, 0, 1) != 1) {
      throw corrupt("a sparse file with a broken map");
    }
    return one[0] & 0xff;
  }

  private static void requireWithin(List<Extent> extents, long bytes) {
    long from = 0;
    for (Extent extent : extents) {
      if (extent.offset() < from || extent.bytes() > bytes - extent.offset()) {
        throw corrupt("a sparse file with a broken map");
      }
      from = extent.offset() + extent.bytes();
    }
  }

  private Map<String, String> paxHeader(long size) throws IOException {
    if (size > LARGEST_PAX_HEADER) {
      throw corrupt("an extended header of %d bytes".formatted(size));
    }
    byte[] content = input.readNBytes((int) size);
    if (content.length < size) {
      throw corrupt("it ends within a header");
    }
    skip(-size & (BLOCK - 1));
    Map<String, String> records = new HashMap<>();
    String text = new String(content, ISO_8859_1);
    int at = 0;
    while (at < text.length()) {
      int space = text.indexOf(' ', at);
      int end = space < 0 || space - at > 8 ? -1 : at + (int) number(text.substring(at, space));
      int equals = text.indexOf('=', Math.max(space, 0));
      if (end <= space || end > text.length() || equals < 0 || equals >= end) {
        throw corrupt("a broken extended header");
      }
      records.put(text.substring(space + 1, equals), text.substring(equals + 1, end - 1));
      at = end;
    }
    return records;
  }

  private static String required(Map<String, String> pax, String key) {
    @Nullable String value = pax.get(key);
    if (value == null) {
      throw corrupt("an extended header without " + key);
    }
    return value;
  }

  private static Instant instant(String text) {
    try {
      BigDecimal seconds = new BigDecimal(text);
      if (text.length() > 40 || seconds.precision() - seconds.scale() > 12) {
        throw corrupt("a broken time");
      }
      long whole = seconds.setScale(0, java.math.RoundingMode.FLOOR).longValueExact();
      BigDecimal nanos = seconds.subtract(BigDecimal.valueOf(whole)).movePointRight(9);
      return Instant.ofEpochSecond(whole, nanos.longValue());
    } catch (NumberFormatException e) {
      throw corrupt("a broken time");
    }
  }

  private static long number(String text) {
    try {
      long value = Long.parseLong(text);
      if (value >= 0) {
        return value;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw corrupt("a broken number");
  }

  private long octal(int at, int length) {
    String digits = text(at, length).strip();
    try {
      return digits.isEmpty() ? 0 : Long.parseUnsignedLong(digits, 8);
    } catch (NumberFormatException e) {
      throw corrupt("a broken number in a header");
    }
  }

  private String text(int at, int length) {
    int end = at;
    while (end < at + length && header[end] != 0) {
      end++;
    }
    return new String(header, at, end - at, ISO_8859_1);
  }

  private void requireHeader() {
    long sum = 0;
    for (int i = 0; i < BLOCK; i++) {
      sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xff;
    }
    if (sum != octal(148, 8) || !text(257, 5).equals("ustar")) {
      throw corrupt("a header is damaged");
    }
  }

  private void finishMember() throws IOException {
    skip(dataLeft);
    skip(padding);
    dataLeft = 0;
    padding = 0;
  }

  private void skip(long count) throws IOException {
    try {
      input.skipNBytes(count);
    } catch (EOFException e) {
      throw corrupt("it ends within a member");
    }
  }

  /** A second block of zeros, and nothing but zeros up to the end. */
  private void requireEnd() throws IOException {
    readBlock(header);
    int count = BLOCK;
    while (count > 0) {
      if (!isZero(header)) {
        throw corrupt("something follows its end");
      }
      count = input.readNBytes(header, 0, BLOCK);
      java.util.Arrays.fill(header, count, BLOCK, (byte) 0);
    }
  }

  private void readBlock(byte[] block) throws IOException {
    if (input.readNBytes(block, 0, BLOCK) < BLOCK) {
      throw corrupt("it is cut");
    }
  }

  private static boolean isZero(byte[] block) {
    for (byte each : block) {
      if (each != 0) {
        return false;
      }
    }
    return true;
  }

  private static RecoveryException corrupt(String what) {
    return new RecoveryException(
        ErrorCode.BACKUP_CORRUPT,
        "the archive of files cannot be read: " + what,
        "read again what it was made of, or take another backup.");
  }
}
