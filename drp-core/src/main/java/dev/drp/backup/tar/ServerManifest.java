package dev.drp.backup.tar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.RecoveryException;
import dev.drp.database.Lsn;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Compares every file of a base backup with the {@code backup_manifest} that the server wrote for
 * it (PostgreSQL documentation, "Backup Manifest Format"), as the tar passes. Not safe for
 * concurrent use.
 */
public final class ServerManifest implements TarListener {
  private static final String NAME = "backup_manifest";
  private static final String ALGORITHM = "CRC32C";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, Seen> files = new HashMap<>();
  private final ByteArrayOutputStream manifest = new ByteArrayOutputStream();
  private final CRC32C checksum = new CRC32C();
  private @Nullable TarMember current;

  private record Seen(long bytes, int checksum) {}

  /**
   * The write-ahead log that a backup needs to be consistent.
   *
   * @param timeline on which it ends
   */
  public record WalRange(int timeline, Lsn start, Lsn end) {
    public WalRange {
      requireNonNull(start, "start");
      requireNonNull(end, "end");
    }
  }

  @Override
  public void begin(TarMember member, byte[] header) {
    current = member;
    checksum.reset();
  }

  @Override
  public void content(byte[] data, int offset, int length) {
    if (isManifest()) {
      manifest.write(data, offset, length);
    } else {
      checksum.update(data, offset, length);
    }
  }

  @Override
  public void end() {
    TarMember ended = requireNonNull(current, "current");
    if (ended.isFile() && !isManifest()) {
      files.put(ended.path(), new Seen(ended.bytes(), (int) checksum.getValue()));
    }
  }

  @Override
  public void filler(byte[] data, int offset, int length) {
    // belongs to no file
  }

  /**
   * Of a file whose content did not pass, but its beginning and its end did.
   *
   * @param path that of its {@link TarMember}
   * @param actual CRC-32C of its content
   */
  public void replaceChecksum(String path, int actual) {
    files.computeIfPresent(path, (any, seen) -> new Seen(seen.bytes(), actual));
  }

  private boolean isManifest() {
    return current != null && is(current);
  }

  /** Whether that is what the server says of the others. */
  public static boolean is(TarMember member) {
    return member.path().equals(NAME);
  }

  /**
   * Says what the tar lacks or has other than the server's manifest says, after all of it has
   * passed; empty when nothing.
   */
  public Optional<String> problem() {
    try {
      requireIntact();
      JsonNode listed = read();
      for (JsonNode file : listed.path("Files")) {
        Optional<String> problem = problem(file);
        if (problem.isPresent()) {
          return problem;
        }
      }
      walRange(listed);
      return Optional.empty();
    } catch (IOException e) {
      return Optional.ofNullable(e.getMessage());
    }
  }

  /** Only where there is no {@link #problem}. */
  public WalRange walRange() {
    try {
      return walRange(read());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private JsonNode read() throws IOException {
    return JSON.readTree(manifest.toByteArray());
  }

  private static WalRange walRange(JsonNode listed) throws IOException {
    JsonNode ranges = listed.path("WAL-Ranges");
    if (ranges.isEmpty()) {
      throw new IOException("its backup_manifest names no write-ahead log");
    }
    JsonNode first = ranges.get(0);
    for (JsonNode range : ranges) { // of a standby that changed its timeline meanwhile
      first = range.path("Timeline").asInt() < first.path("Timeline").asInt() ? range : first;
    }
    JsonNode last = first;
    for (JsonNode range : ranges) {
      last = range.path("Timeline").asInt() > last.path("Timeline").asInt() ? range : last;
    }
    try {
      return new WalRange(
          last.path("Timeline").asInt(),
          Lsn.parse(first.path("Start-LSN").asText()),
          Lsn.parse(last.path("End-LSN").asText()));
    } catch (RecoveryException e) {
      throw new IOException("its backup_manifest is damaged: " + e.getMessage(), e);
    }
  }

  private Optional<String> problem(JsonNode file) throws IOException {
    String path =
        file.has("Encoded-Path")
            ? new String(HexFormat.of().parseHex(file.path("Encoded-Path").asText()), UTF_8)
            : file.path("Path").asText();
    Seen seen = files.get(path);
    if (seen == null) {
      return Optional.of("file %s is missing".formatted(path));
    }
    long bytes = file.path("Size").asLong(-1);
    if (seen.bytes() != bytes) {
      return Optional.of(
          "file %s has %d bytes, the server says %d".formatted(path, seen.bytes(), bytes));
    }
    String algorithm = file.path("Checksum-Algorithm").asText();
    if (!algorithm.equals(ALGORITHM)) {
      throw new IOException(
          "its backup_manifest has checksums of another kind than %s: '%s'"
              .formatted(ALGORITHM, algorithm));
    }
    String actual = "%08x".formatted(Integer.reverseBytes(seen.checksum()));
    String said = file.path("Checksum").asText();
    return actual.equals(said)
        ? Optional.empty()
        : Optional.of("file %s has checksum %s, the server says %s".formatted(path, actual, said));
  }

  /** The manifest ends with a line that holds the SHA-256 of all lines before it. */
  private void requireIntact() throws IOException {
    byte[] bytes = manifest.toByteArray();
    if (bytes.length == 0) {
      throw new IOException("it has no backup_manifest");
    }
    int end = bytes.length - 1; // of the last line, which may have a line end of its own
    while (end > 0 && bytes[end - 1] != '\n') {
      end--;
    }
    String said = read().path("Manifest-Checksum").asText();
    if (!said.equals(sha256(bytes, end))) {
      throw new IOException("its backup_manifest is damaged");
    }
  }

  private static String sha256(byte[] bytes, int length) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(bytes, 0, length);
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java platform has it
    }
  }
}
