package dev.drp.database;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A position in the write-ahead log of a server: the number of bytes written before it, as
 * PostgreSQL counts (log sequence number).
 *
 * @param value unsigned 64 bits
 */
public record Lsn(long value) implements Comparable<Lsn> {
  private static final Pattern FORM = Pattern.compile("([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})");

  /**
   * Reads PostgreSQL's own form, such as {@code 0/3000028}.
   *
   * @throws RecoveryException with USAGE when it is none
   */
  public static Lsn parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "'%s' is no position in a write-ahead log".formatted(text),
          "write it as PostgreSQL does: 0/3000028.");
    }
    return new Lsn((Long.parseLong(form.group(1), 16) << 32) | Long.parseLong(form.group(2), 16));
  }

  public Lsn plus(long bytes) {
    return new Lsn(value + bytes);
  }

  /** How many bytes lie between an earlier position and this one. */
  public long minus(Lsn earlier) {
    return value - earlier.value;
  }

  @Override
  public int compareTo(Lsn other) {
    return Long.compareUnsigned(value, other.value);
  }

  public boolean isBefore(Lsn other) {
    return compareTo(other) < 0;
  }

  /** PostgreSQL's own form. */
  @Override
  public String toString() {
    return "%X/%X".formatted(value >>> 32, value & 0xFFFF_FFFFL);
  }
}
