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
 * @param form what editors can check of it
 */
record Scalar(Reader reader, String expected, List<String> words, Form form) {
  /** Makes a value of a text, or throws {@link InvalidValue}. */
  @FunctionalInterface
  interface Reader {
    Object read(String text, PlanPaths paths);
  }

  /** What editors can check of a value by means of the JSON schema. */
  enum Form {
    TEXT,
    QUANTITY,
    INTEGER,
    BOOLEAN,
    WORD
  }

  private static final Pattern INTEGER = Pattern.compile("-?\\d{1,9}");
  private static final String HTTP_EXPECTED = "an address that starts with http:// or https://";
  private static final String DAY_EXPECTED = "a day such as 2026-07-17";

  private static final Map<Class<?>, Scalar> TYPES =
      Map.ofEntries(
          scalar(String.class, Form.TEXT, "text", text -> text),
          scalar(boolean.class, Form.BOOLEAN, "true or false", Scalar::bool),
          scalar(int.class, Form.INTEGER, "a whole number", Scalar::integer),
          scalar(Integer.class, Form.INTEGER, "a whole number", Scalar::integer),
          scalar(Duration.class, Form.QUANTITY, Quantities.DURATION_EXPECTED, Quantities::duration),
          scalar(Span.class, Form.QUANTITY, Quantities.SPAN_EXPECTED, Quantities::span),
          scalar(DataSize.class, Form.QUANTITY, DataSize.EXPECTED, DataSize::parse),
          scalar(Percentage.class, Form.QUANTITY, Percentage.EXPECTED, Percentage::parse),
          scalar(LocalDate.class, Form.TEXT, DAY_EXPECTED, Scalar::day),
          scalar(ZoneId.class, Form.TEXT, "a time zone such as Europe/Paris", Scalar::zone),
          scalar(URI.class, Form.TEXT, HTTP_EXPECTED, Scalar::httpAddress),
          scalar(HostAddress.class, Form.TEXT, HostAddress.EXPECTED, HostAddress::parse),
          scalar(SshAddress.class, Form.TEXT, SshAddress.EXPECTED, SshAddress::parse),
          scalar(CronExpression.class, Form.TEXT, CronExpression.EXPECTED, CronExpression::parse),
          scalar(ExpectedResult.class, Form.TEXT, ExpectedResult.EXPECTED, ExpectedResult::parse),
          Map.entry(
              Path.class,
              new Scalar(
                  (text, paths) -> paths.resolve(text), PlanPaths.EXPECTED, List.of(), Form.TEXT)),
          Map.entry(
              SecretReference.class,
              new Scalar(SecretReferences::parse, SecretReference.EXPECTED, List.of(), Form.TEXT)));

  private static Map.Entry<Class<?>, Scalar> scalar(
      Class<?> type, Form form, String expected, Function<String, Object> reader) {
    return Map.entry(
        type, new Scalar((text, paths) -> reader.apply(text), expected, List.of(), form));
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
        Form.WORD);
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
      return LocalDate.parse(text);
    } catch (DateTimeException e) {
      throw new InvalidValue(Text.quote(text), DAY_EXPECTED, "");
    }
  }

  private static Object zone(String text) {
    try {
      return ZoneId.of(text);
    } catch (DateTimeException e) {
      throw new InvalidValue(Text.quote(text), "a time zone such as Europe/Paris", "");
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
