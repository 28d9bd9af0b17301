package dev.drp.backup;

import java.security.SecureRandom;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Names a backup: {@code 20261122T101500Z-3f9a1c}, the second in UTC in which it began and
 * something random. Never ordered by: the manifest's recorded times count.
 */
public record BackupId(String value) {
  private static final Pattern FORM = Pattern.compile("\\d{8}T\\d{6}Z-[0-9a-f]{6}");

  private static final DateTimeFormatter BEGAN =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
  private static final SecureRandom RANDOM = new SecureRandom();

  public BackupId {
    if (!isValid(value)) {
      throw new IllegalArgumentException("not a backup id: " + value);
    }
  }

  /** Draws an id for a backup that begins now. */
  static BackupId next(Instant now) {
    byte[] random = new byte[3];
    RANDOM.nextBytes(random);
    return new BackupId(BEGAN.format(now) + "-" + HexFormat.of().formatHex(random));
  }

  /** Whether a text has the form of an id. */
  public static boolean isValid(String value) {
    return FORM.matcher(value).matches();
  }

  /**
   * As a record's own, which makes method handles at its first use: a twentieth of a short start.
   */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof BackupId it && value.equals(it.value);
  }

  @Override
  public int hashCode() {
    return value.hashCode();
  }

  @Override
  public String toString() {
    return value;
  }
}
