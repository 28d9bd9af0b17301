package dev.drp.plan;

import java.math.BigDecimal;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A part of a hundred, from 0 to 100: {@code 99.9%}. */
public record Percentage(BigDecimal value) {
  static final String EXPECTED = "a percentage from 0% to 100%, such as 99.9%";

  static final String PATTERN = "\\s*\\d{1,3}(\\.\\d+)?\\s*%\\s*";

  private static final Pattern NUMBER = Pattern.compile("(\\d{1,3}(?:\\.\\d{1,12})?)\\s*%");
  private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);

  public Percentage {
    if (value.signum() < 0 || value.compareTo(HUNDRED) > 0) {
      throw new IllegalArgumentException("a percentage is from 0 to 100");
    }
    value = value.stripTrailingZeros();
  }

  public static Percentage of(double value) {
    return new Percentage(BigDecimal.valueOf(value));
  }

  /**
   * Reads a percentage as people write it.
   *
   * @throws IllegalArgumentException with what is expected instead
   */
  public static Percentage parse(String text) {
    Matcher matcher = NUMBER.matcher(text.strip());
    if (!matcher.matches()) {
      throw new InvalidValue(
          Text.quote(text), EXPECTED, text.contains("%") ? "" : "the % sign is missing.");
    }
    BigDecimal value = new BigDecimal(matcher.group(1));
    if (value.compareTo(HUNDRED) > 0) {
      throw new InvalidValue(Text.quote(text), EXPECTED, "");
    }
    return new Percentage(value);
  }

  /** Between 0 and 1. */
  public double fraction() {
    return value.divide(HUNDRED).doubleValue();
  }

  @Override
  public String toString() {
    return value.toPlainString() + "%";
  }
}
