package dev.drp.backup;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;

/** The files of a server in memory, as the tar that a base backup of it is. */
public final class FakeServerFiles {
  private static final int BLOCK = 512;

  private final Map<String, byte[]> files = new LinkedHashMap<>();
  private int segment = 2;

  /** Some small files and one large one, with content that does not repeat. */
  public static FakeServerFiles some(int largeBytes) {
    FakeServerFiles files = new FakeServerFiles();
    files.put("backup_label", "START WAL LOCATION: 0/2000028\n".getBytes(UTF_8));
    for (int i = 0; i < 40; i++) {
      files.put("base/5/" + (1000 + i), random(i, 8192));
    }
    files.put("base/5/16384", random(99, largeBytes));
    files.put("base/5/empty", new byte[0]);
    files.put("global/pg_control", random(98, 8192));
    return files;
  }

  /** Lets the log that makes them consistent lie in that segment, from 0x28 to 0x138 of it. */
  public FakeServerFiles withLogInSegment(int number) {
    segment = number;
    return this;
  }

  public FakeServerFiles put(String name, byte[] content) {
    files.put(name, content);
    return this;
  }

  public byte[] get(String name) {
    return requireNonNull(files.get(name), name);
  }

  /** Changes a byte of a file, as a page that is written again does. */
  public void change(String name, int position) {
    byte[] changed = get(name).clone();
    changed[position]++;
    files.put(name, changed);
  }

  /** The tar, with a backup_manifest that fits it. */
  public byte[] tar() {
    return tar(manifest());
  }

  /** The tar with this backup_manifest. */
  public byte[] tar(String manifest) {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    member(tar, "base/", '5', new byte[0]);
    files.forEach((name, content) -> member(tar, name, '0', content));
    member(tar, "pg_wal/0000000100000000%08X".formatted(segment), '0', random(97, 1 << 20));
    member(tar, "backup_manifest", '0', manifest.getBytes(UTF_8));
    tar.writeBytes(new byte[2 * BLOCK]);
    return tar.toByteArray();
  }

  public String manifest() {
    String lines =
        "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [\n"
            + files.entrySet().stream()
                .map(file -> line(file.getKey(), file.getValue()))
                .collect(Collectors.joining(",\n"))
            + "\n],\n\"WAL-Ranges\": [\n"
            + "{ \"Timeline\": 1, \"Start-LSN\": \"0/%1$X000028\", \"End-LSN\": \"0/%1$X000138\" }\n],\n"
                .formatted(segment);
    return lines + "\"Manifest-Checksum\": \"%s\"}\n".formatted(Sha256.of(lines.getBytes(UTF_8)));
  }

  private static String line(String name, byte[] content) {
    CRC32C crc = new CRC32C();
    crc.update(content);
    return "{ \"Path\": \"%s\", \"Size\": %d, \"Last-Modified\": \"2026-11-22 10:15:00 GMT\", "
            .formatted(name, content.length)
        + "\"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"%08x\" }"
            .formatted(Integer.reverseBytes((int) crc.getValue()));
  }

  private static void member(ByteArrayOutputStream tar, String name, char type, byte[] content) {
    byte[] header = new byte[BLOCK];
    text(header, 0, name);
    text(header, 100, "0000600\0");
    text(header, 124, "%011o\0".formatted(content.length));
    text(header, 136, "00000000000\0");
    header[156] = (byte) type;
    text(header, 257, "ustar\00000");
    Arrays.fill(header, 148, 156, (byte) ' ');
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    text(header, 148, "%06o\0 ".formatted(sum));
    tar.writeBytes(header);
    tar.writeBytes(content);
    tar.writeBytes(new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
  }

  private static void text(byte[] header, int offset, String text) {
    byte[] bytes = text.getBytes(US_ASCII);
    System.arraycopy(bytes, 0, header, offset, bytes.length);
  }

  private static byte[] random(int seed, int bytes) {
    byte[] content = new byte[bytes];
    new Random(seed).nextBytes(content);
    return content;
  }
}
