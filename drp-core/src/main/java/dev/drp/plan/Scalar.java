package dev.drp.plan;

import static java.util.stream.Collectors.joining;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * A type of single value: what people may write, and what comes of it.
 *
 * @param expected what to write, for messages and for the reference
 * @param words the only words allowed; empty where there are others
 * @param pattern what every text that is allowed matches, for editors; empty for any
 */
record Scalar(Reader reader, String expected, List<String> words, String pattern) {
  /** Makes a value of a text, or throws {@link InvalidValue}. */
  @FunctionalInterface
  interface Reader {
    Object read(String text, PlanPaths paths);
  }

  /** Longer than anything but free text ever is. */
  private static final int LONGEST = 4096;

  static final String BOOLEAN_PATTERN = "true|false";
  static final String INTEGER_PATTERN = "-?\\d{1,9}";

  private static final Pattern INTEGER = Pattern.compile(INTEGER_PATTERN);
  private static final String HTTP_EXPECTED = "an address that starts with http:// or https://";
  private static final String ZONE_EXPECTED = "a time zone such as Europe/Paris";
  private static final String DAY_PATTERN = "\\d{4}-\\d{2}-\\d{2}";
  private static final String DAY_EXPECTED = "a day such as 2026-07-17";

  private static final Map<Class<?>, Scalar> TYPES =
      Map.ofEntries(
          Map.entry(String.class, new Scalar((text, paths) -> text(text), "text", List.of(), "")),
          type(boolean.class, "true or false", BOOLEAN_PATTERN, Scalar::bool),
          type(int.class, "a whole number", INTEGER_PATTERN, Scalar::integer),
          type(Integer.class, "a whole number", INTEGER_PATTERN, Scalar::integer),
          type(
              Duration.class,
              Quantities.DURATION_EXPECTED,
              Quantities.DURATION_PATTERN,
              Quantities::duration),
          type(Span.class, Quantities.SPAN_EXPECTED, Quantities.SPAN_PATTERN, Quantities::span),
          type(DataSize.class, DataSize.EXPECTED, DataSize.PATTERN, DataSize::parse),
          type(DataRate.class, DataRate.EXPECTED, DataRate.PATTERN, DataRate::parse),
          type(
              CanaryInterval.class,
              CanaryInterval.EXPECTED,
              CanaryInterval.PATTERN,
              CanaryInterval::parse),
          type(Recipient.class, Recipient.EXPECTED, Recipient.PATTERN, Recipient::new),
          type(Percentage.class, Percentage.EXPECTED, Percentage.PATTERN, Percentage::parse),
          type(LocalDate.class, DAY_EXPECTED, DAY_PATTERN, Scalar::day),
          type(ZoneId.class, ZONE_EXPECTED, "", Scalar::zone),
          type(URI.class, HTTP_EXPECTED, "https?://.+", Scalar::httpAddress),
          type(HostAddress.class, HostAddress.EXPECTED, "local|ssh://.+", HostAddress::parse),
          type(SiteAddress.class, SiteAddress.EXPECTED, SiteAddress.PATTERN, SiteAddress::parse),
          type(
              AddressRange.class, AddressRange.EXPECTED, AddressRange.PATTERN, AddressRange::parse),
          type(SshAddress.class, SshAddress.EXPECTED, "[^/]+", SshAddress::parse),
          type(
              CronExpression.class,
              CronExpression.EXPECTED,
              "\\s*\\S+(\\s+\\S+){4}\\s*",
              CronExpression::parse),
          type(ExpectedResult.class, ExpectedResult.EXPECTED, "", ExpectedResult::parse),
          Map.entry(
              Path.class,
              new Scalar(
                  (text, paths) -> paths.resolve(notTooLong(text, PlanPaths.EXPECTED)),
                  PlanPaths.EXPECTED,
                  List.of(),
                  "")),
          Map.entry(
              SecretReference.class,
              new Scalar(
                  SecretReferences::parse,
                  SecretReference.EXPECTED,
                  List.of(),
                  SecretReferences.PATTERN)));

  private static Map.Entry<Class<?>, Scalar> type(
      Class<?> type, String expected, String pattern, Function<String, Object> reader) {
    return Map.entry(
        type,
        new Scalar(
            (text, paths) -> reader.apply(notTooLong(text, expected)),
            expected,
            List.of(),
            pattern));
  }

  private static String notTooLong(String text, String expected) {
    if (text.length() > LONGEST) {
      throw new InvalidValue("a text of %d characters".formatted(text.length()), expected, "");
    }
    return text;
  }

  private static Object text(String text) {
    if (text.isBlank() || text.indexOf('\0') >= 0) {
      throw new InvalidValue(text.isBlank() ? "an empty text" : Text.quote(text), "text", "");
    }
    return text;
  }

  static Optional<Scalar> of(Class<?> type) {
    return type.isEnum() && !TYPES.containsKey(type)
        ? Optional.of(word(type))
        : Optional.ofNullable(TYPES.get(type));
  }

  private static Scalar word(Class<?> type) {
    List<? extends Enum<?>> constants =
        Arrays.stream(type.getEnumConstants()).<Enum<?>>map(Enum.class::cast).toList();
    List<String> words = constants.stream().map(it -> Text.kebab(it.name())).toList();
    String expected = words.stream().collect(joining(", ", "one of: ", ""));
    return new Scalar(
        (text, paths) -> {
          int index = words.indexOf(text);
          if (index < 0) {
            throw new InvalidValue(Text.quote(text), expected, "");
          }
          return constants.get(index);
        },
        expected,
        words,
        String.join("|", words));
  }

  private static Object bool(String text) {
    if (!text.equals("true") && !text.equals("false")) {
      throw new InvalidValue(Text.quote(text), "true or false", "");
    }
    return text.equals("true");
  }

  private static Object integer(String text) {
    if (!INTEGER.matcher(text).matches()) {
      throw new InvalidValue(Text.quote(text), "a whole number", "");
    }
    return Integer.valueOf(text);
  }

  private static Object day(String text) {
    try {
      if (text.matches(DAY_PATTERN)) { // no years that cannot be counted with
        return LocalDate.parse(text);
      }
    } catch (DateTimeException e) {
      // the same answer
    }
    throw new InvalidValue(Text.quote(text), DAY_EXPECTED, "");
  }

  private static Object zone(String text) {
    try {
      return ZoneId.of(text);
    } catch (DateTimeException e) {
      throw new InvalidValue(Text.quote(text), ZONE_EXPECTED, "");
    }
  }

  private static Object httpAddress(String text) {
    try {
      URI uri = new URI(text);
      boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      if (http && uri.getHost() != null && uri.getUserInfo() == null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // the same answer
    }
    throw new InvalidValue(Text.quote(text), HTTP_EXPECTED, "without user and password in it.");
  }
}
