package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The result that a statement must give: {@code > 0}, {@code = 40}, {@code != ''} or just the
 * value. Numbers are compared as numbers, anything else as text, exactly.
 */
public record ExpectedResult(Comparison comparison, String value) {
  static final String EXPECTED = "a comparison such as '> 0' or '= 40', or the value itself";

  private static final Pattern COMPARISON =
      Pattern.compile("(=|!=|<=|>=|<|>)\\s*(.*)", Pattern.DOTALL);
  private static final Pattern NUMBER = Pattern.compile("[+-]?\\d{1,40}(\\.\\d{1,40})?");

  /** How the result is compared with the value. */
  public enum Comparison {
    EQUAL("="),
    NOT_EQUAL("!="),
    LESS("<"),
    AT_MOST("<="),
    GREATER(">"),
    AT_LEAST(">=");

    private final String sign;

    Comparison(String sign) {
      this.sign = sign;
    }

    static Comparison of(String sign) {
      for (Comparison comparison : values()) {
        if (comparison.sign.equals(sign)) {
          return comparison;
        }
      }
      throw new IllegalArgumentException(sign);
    }

    boolean needsNumbers() {
      return this != EQUAL && this != NOT_EQUAL;
    }

    boolean holds(int order) {
      return switch (this) {
        case EQUAL -> order == 0;
        case NOT_EQUAL -> order != 0;
        case LESS -> order < 0;
        case AT_MOST -> order <= 0;
        case GREATER -> order > 0;
        case AT_LEAST -> order >= 0;
      };
    }
  }

  public ExpectedResult {
    requireNonNull(comparison, "comparison");
    if (comparison.needsNumbers() && number(value).isEmpty()) {
      throw new InvalidValue(
          Text.quote(comparison.sign + " " + value),
          EXPECTED,
          comparison.sign + " compares numbers only.");
    }
  }

  /**
   * Reads an expected result.
   *
   * @throws IllegalArgumentException with what is expected instead
   */
  public static ExpectedResult parse(String text) {
    if (text.isBlank()) {
      throw new InvalidValue(
          "an empty text", EXPECTED, "put quotes around a comparison; write = '' for no text.");
    }
    Matcher matcher = COMPARISON.matcher(text.strip());
    return matcher.matches()
        ? new ExpectedResult(Comparison.of(matcher.group(1)), unquoted(matcher.group(2)))
        : new ExpectedResult(Comparison.EQUAL, text);
  }

  /** Whether a statement that gave this as its one value met the expectation. */
  public boolean isMetBy(String actual) {
    Optional<BigDecimal> left = number(actual);
    Optional<BigDecimal> right = number(value);
    if (left.isPresent() && right.isPresent()) {
      return comparison.holds(left.get().compareTo(right.get()));
    }
    return !comparison.needsNumbers() && comparison.holds(actual.compareTo(value));
  }

  private static Optional<BigDecimal> number(String text) {
    String stripped = text.strip();
    return NUMBER.matcher(stripped).matches()
        ? Optional.of(new BigDecimal(stripped))
        : Optional.empty();
  }

  private static String unquoted(String value) {
    boolean quoted = value.length() >= 2 && value.startsWith("'") && value.endsWith("'");
    return quoted ? value.substring(1, value.length() - 1) : value;
  }

  @Override
  public String toString() {
    return comparison.sign + " " + value;
  }
}
