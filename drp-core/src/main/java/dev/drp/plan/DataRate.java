package dev.drp.plan;

/** An amount of data in each second. */
public record DataRate(long bytesPerSecond) {
  static final String EXPECTED = "a rate such as 500 KB/s, 10 MB/s or 8 MiB/s";
  static final String PATTERN = DataSize.PATTERN + "/\\s*s\\s*";

  private static final String PER_SECOND = "/s";

  public DataRate {
    if (bytesPerSecond <= 0) {
      throw new IllegalArgumentException("nothing ever comes to its end at no rate");
    }
  }

  /**
   * Reads a rate as people write it.
   *
   * @throws IllegalArgumentException with what is expected instead
   */
  public static DataRate parse(String text) {
    String written = text.replaceAll("\\s", "");
    if (!written.endsWith(PER_SECOND)) {
      throw new InvalidValue(Text.quote(text), EXPECTED, "say per what: /s.");
    }
    DataSize size = size(text, written.substring(0, written.length() - PER_SECOND.length()));
    if (size.bytes() == 0) {
      throw new InvalidValue(Text.quote(text), EXPECTED, "leave it out for no limit.");
    }
    return new DataRate(size.bytes());
  }

  private static DataSize size(String text, String size) {
    try {
      return DataSize.parse(size);
    } catch (InvalidValue e) {
      throw new InvalidValue(Text.quote(text), EXPECTED, e.hint());
    }
  }
}
