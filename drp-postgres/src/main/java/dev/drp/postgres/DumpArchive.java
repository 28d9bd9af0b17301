package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.Encoding;

/**
 * Reads an uncompressed dump in pg_dump's custom format as a stream: first its head, with the table
 * of contents, which pg_restore can be given as it is; then its data, block by block. The format is
 * that of pg_dump 12 to 17 (versions 1.14 to 1.16); see src/bin/pg_dump/pg_backup_archiver.c and
 * pg_backup_custom.c of PostgreSQL.
 */
final class DumpArchive {
  private static final byte[] MAGIC = "PGDMP".getBytes(StandardCharsets.US_ASCII);
  private static final int CUSTOM_FORMAT = 1;
  private static final int OLDEST = 14;
  private static final int NEWEST = 16;
  private static final int LARGEST_HEAD = 256 << 20;
  private static final int DATA_BLOCK = 1;
  private static final int LARGE_OBJECTS_BLOCK = 3;
  private static final Pattern ENCODING_SET = Pattern.compile("client_encoding = '([^']*)'");

  private final InputStream in;
  private final Progress.Task task;
  private final byte[] buffer = new byte[1 << 17];
  private int position;
  private int limit;
  private final ByteArrayOutputStream head = new ByteArrayOutputStream();
  private final Map<Integer, Entry> dataEntries = new HashMap<>();
  private final List<Integer> otherIds = new ArrayList<>();
  private boolean inHead = true;
  private int integerBytes = 4;
  private String encoding = "UTF8";

  /**
   * Reads the head. COMMAND_FAILED when this is no such dump; EOFException when it ends too early.
   */
  DumpArchive(InputStream in, Progress.Task task) throws IOException {
    this.in = in;
    this.task = task;
    readHead();
    inHead = false;
  }

  /**
   * An entry of the table of contents that has data.
   *
   * @param copy the statement that takes a table's data; null for large objects
   */
  record Entry(int id, String kind, @Nullable String copy) {}

  /** Takes the data. */
  interface DataReader {
    /** Bytes of a table in COPY's text format, in order. */
    void rows(Entry table, byte[] bytes, int offset, int length);

    /** All of a table has been read. */
    void endOfTable(Entry table);

    /** Bytes of a large object, in order. */
    void largeObject(long oid, byte[] bytes, int offset, int length);
  }

  /** The head, as the dump has it. */
  byte[] head() {
    return head.toByteArray();
  }

  /** Ids of the entries that pg_restore restores without their data being there. */
  List<Integer> entriesWithoutData() {
    return List.copyOf(otherIds);
  }

  /** The encoding of the dump, as PostgreSQL calls it. */
  String encoding() {
    return encoding;
  }

  private void readHead() throws IOException {
    byte[] magic = new byte[MAGIC.length];
    readFully(magic, magic.length);
    if (!Arrays.equals(magic, MAGIC)) {
      throw unusable("it is no dump of pg_dump's custom format");
    }
    int major = readByte();
    int minor = readByte();
    int revision = readByte();
    if (major != 1 || minor < OLDEST || minor > NEWEST) {
      throw new RecoveryException(
          ErrorCode.VERSION_MISMATCH,
          "the dump has the format %d.%d-%d; known are 1.%d to 1.%d"
              .formatted(major, minor, revision, OLDEST, NEWEST),
          "restore it by hand with the pg_restore that belongs to it.");
    }
    integerBytes = readByte();
    int offsetBytes = readByte();
    int format = readByte();
    int compression = minor >= 15 ? readByte() : readInt();
    if (format != CUSTOM_FORMAT || compression != 0) {
      throw unusable("it is compressed or of another format");
    }
    for (int i = 0; i < 7; i++) {
      readInt(); // when it was made
    }
    readText(); // database
    readText(); // version of the server
    readText(); // version of pg_dump
    int entries = readInt();
    List<RawEntry> raw = new ArrayList<>();
    for (int i = 0; i < entries; i++) {
      raw.add(readEntry(minor, offsetBytes));
    }
    raw.stream().filter(it -> it.kind.equals("ENCODING")).findFirst().ifPresent(this::useEncoding);
    raw.forEach(this::add);
  }

  private record RawEntry(
      int id, boolean data, String kind, @Nullable String definition, @Nullable String copy) {}

  private RawEntry readEntry(int minor, int offsetBytes) throws IOException {
    int id = readInt();
    boolean data = readInt() != 0;
    readText(); // catalog
    readText(); // oid
    readText(); // name
    String kind = readText();
    readInt(); // section
    String definition = readText();
    readText(); // statement that drops it
    String copy = readText();
    readText(); // schema
    readText(); // tablespace
    readText(); // access method
    if (minor >= 16) {
      readInt(); // kind of relation
    }
    readText(); // owner
    readText(); // with oids
    for (String dependency = readText(); dependency != null; dependency = readText()) {
      // Nothing here depends on them.
    }
    readByte(); // whether the offset is known
    readFully(new byte[offsetBytes], offsetBytes);
    return new RawEntry(id, data, kind == null ? "" : kind, definition, copy);
  }

  private void useEncoding(RawEntry entry) {
    Matcher matcher = ENCODING_SET.matcher(decode(entry.definition));
    if (matcher.find()) {
      encoding = matcher.group(1);
    }
  }

  private void add(RawEntry entry) {
    if (!entry.data) {
      otherIds.add(entry.id);
      return;
    }
    boolean table = entry.kind.equals("TABLE DATA");
    if (table ? entry.copy == null : !entry.kind.equals("BLOBS")) {
      throw unusable("it holds %s of a kind that is not known here".formatted(entry.kind));
    }
    dataEntries.put(
        entry.id, new Entry(entry.id, entry.kind, table ? copyStatement(entry.copy) : null));
  }

  private String copyStatement(@Nullable String statement) {
    String text = decode(statement).strip();
    String end = " FROM stdin;";
    if (!text.startsWith("COPY ") || !text.endsWith(end)) {
      throw unusable("its data is not in the form of COPY");
    }
    return text.substring(0, text.length() - 1) + " WITH (ENCODING " + Sql.text(encoding) + ")";
  }

  private String decode(@Nullable String bytes) {
    return bytes == null ? "" : new String(bytes.getBytes(StandardCharsets.ISO_8859_1), charset());
  }

  private Charset charset() {
    try {
      return switch (encoding) {
        case "UTF8", "SQL_ASCII" -> StandardCharsets.UTF_8;
        case "LATIN1" -> StandardCharsets.ISO_8859_1;
        default -> Charset.forName(Encoding.getDatabaseEncoding(encoding).name());
      };
    } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
      throw unusable("it is in encoding %s, which is not known here".formatted(encoding));
    }
  }

  /** Reads all data, to the end of the stream. COMMAND_FAILED when some is missing. */
  void readData(DataReader reader) throws IOException {
    Set<Integer> seen = new HashSet<>();
    while (fill()) {
      int kind = readByte();
      Entry entry = dataEntries.get(readInt());
      if (entry == null || !seen.add(entry.id)) {
        throw unusable("a block of data belongs to nothing in its table of contents");
      }
      switch (kind) {
        case DATA_BLOCK -> {
          readChunks((bytes, offset, length) -> reader.rows(entry, bytes, offset, length));
          reader.endOfTable(entry);
        }
        case LARGE_OBJECTS_BLOCK -> readLargeObjects(reader);
        default -> throw unusable("a block of data is of unknown kind %d".formatted(kind));
      }
    }
    if (seen.size() != dataEntries.size()) {
      throw unusable(
          "it ends after the data of %d of %d tables".formatted(seen.size(), dataEntries.size()));
    }
  }

  private void readLargeObjects(DataReader reader) throws IOException {
    for (int id = readInt(); id != 0; id = readInt()) {
      long oid = Integer.toUnsignedLong(id);
      readChunks((bytes, offset, length) -> reader.largeObject(oid, bytes, offset, length));
    }
  }

  private interface ChunkReader {
    void read(byte[] bytes, int offset, int length);
  }

  /** Hands over the buffer's own bytes: there is a chunk for each row. */
  private void readChunks(ChunkReader reader) throws IOException {
    for (int length = readInt(); length != 0; length = readInt()) {
      if (length < 0) {
        throw unusable("a block of data has the length %d".formatted(length));
      }
      int left = length;
      while (left > 0) {
        require();
        int part = Math.min(left, limit - position);
        reader.read(buffer, position, part);
        position += part;
        left -= part;
      }
    }
  }

  /** Whether there is more to read. */
  private boolean fill() throws IOException {
    if (position < limit) {
      return true;
    }
    position = 0;
    limit = Math.max(0, in.read(buffer));
    task.advance(limit);
    return limit > 0;
  }

  private void require() throws IOException {
    if (!fill()) {
      throw new EOFException("it ends too early");
    }
  }

  private int readByte() throws IOException {
    require();
    byte value = buffer[position++];
    if (inHead) {
      head.write(value);
    }
    return value & 0xff;
  }

  private int readInt() throws IOException {
    boolean negative = readByte() != 0;
    int value = 0;
    for (int i = 0; i < integerBytes; i++) {
      value |= readByte() << (8 * i);
    }
    return negative ? -value : value;
  }

  /** Reads a text; each byte is one character until its encoding is known. */
  private @Nullable String readText() throws IOException {
    int length = readInt();
    if (length < 0) {
      return null;
    }
    if (length > LARGEST_HEAD - head.size()) {
      throw unusable("its table of contents is larger than %d MiB".formatted(LARGEST_HEAD >> 20));
    }
    byte[] bytes = new byte[length];
    readFully(bytes, length);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /** Reads bytes of the head. */
  private void readFully(byte[] bytes, int length) throws IOException {
    for (int done = 0; done < length; ) {
      require();
      int part = Math.min(length - done, limit - position);
      System.arraycopy(buffer, position, bytes, done, part);
      position += part;
      done += part;
    }
    head.write(bytes, 0, length);
  }

  static RecoveryException unusable(String problem) {
    return new RecoveryException(
        ErrorCode.COMMAND_FAILED,
        "the dump cannot be restored: " + problem,
        "verify the backup; restore an older one if it is damaged.");
  }
}
