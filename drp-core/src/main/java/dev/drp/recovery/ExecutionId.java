package dev.drp.recovery;

import java.security.SecureRandom;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * Names an execution: {@code 20261122T101500Z-3f9a1c}, the second in UTC in which it was declared
 * and something random.
 */
public record ExecutionId(String value) implements Comparable<ExecutionId> {
  private static final Pattern FORM = Pattern.compile("\\d{8}T\\d{6}Z-[0-9a-f]{6}");
  private static final DateTimeFormatter SECOND =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
  private static final SecureRandom RANDOM = new SecureRandom();

  public ExecutionId {
    if (!FORM.matcher(value).matches()) {
      throw new IllegalArgumentException("not an execution id: " + value);
    }
  }

  static ExecutionId draw(Instant now) {
    byte[] random = new byte[3];
    RANDOM.nextBytes(random);
    return new ExecutionId(SECOND.format(now) + "-" + HexFormat.of().formatHex(random));
  }

  /** Whether a text has the form of an id. */
  public static boolean isOne(String text) {
    return FORM.matcher(text).matches();
  }

  @Override
  public int compareTo(ExecutionId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
