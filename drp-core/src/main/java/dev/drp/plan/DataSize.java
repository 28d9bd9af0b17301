package dev.drp.plan;

import java.math.BigDecimal;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An amount of data: {@code 10 GB} counts in thousands, {@code 512 MiB} in 1024s. */
public record DataSize(long bytes) {
  static final String EXPECTED = "a size such as 800 MB, 10 GB or 512 MiB";

  static final String PATTERN = "\\s*\\d+(\\.\\d+)?\\s*(B|[kK]B|[MGT]B|[KMGT]iB)\\s*";

  private static final Pattern NUMBER_AND_UNIT =
      Pattern.compile("(\\d{1,15}(?:\\.\\d{1,9})?)\\s*(\\p{L}*)");
  private static final Map<String, Long> UNITS =
      Map.of(
          "B", 1L,
          "kB", 1_000L,
          "KB", 1_000L,
          "MB", 1_000_000L,
          "GB", 1_000_000_000L,
          "TB", 1_000_000_000_000L,
          "KiB", 1L << 10,
          "MiB", 1L << 20,
          "GiB", 1L << 30,
          "TiB", 1L << 40);

  public DataSize {
    if (bytes < 0) {
      throw new IllegalArgumentException("a size is never negative");
    }
  }

  /**
   * Reads a size as people write it.
   *
   * @throws IllegalArgumentException with what is expected instead
   */
  public static DataSize parse(String text) {
    Matcher matcher = NUMBER_AND_UNIT.matcher(text.strip());
    if (!matcher.matches()) {
      throw new InvalidValue(Text.quote(text), EXPECTED, "");
    }
    Long unit = UNITS.get(matcher.group(2));
    if (unit == null) {
      throw new InvalidValue(
          Text.quote(text),
          EXPECTED,
          "the units are B, KB, MB, GB, TB (thousands) and KiB, MiB, GiB, TiB (1024s).");
    }
    try {
      return new DataSize(
          new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unit)).longValueExact());
    } catch (ArithmeticException e) {
      throw new InvalidValue(
          Text.quote(text), EXPECTED, "whole bytes, and less than 2^63 of them.");
    }
  }
}
