package dev.drp.backup;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A text with places such as {@code @DUMP@} to fill in; what is filled in is not looked at again.
 */
final class Template {
  private static final Pattern PLACE = Pattern.compile("@([A-Z_]+)@");

  private final String text;
  private final Map<String, String> values = new HashMap<>();

  private Template(String text) {
    this.text = text;
  }

  /**
   * @param resource its name beside this class
   */
  static Template of(String resource) {
    try (InputStream content = Template.class.getResourceAsStream(resource)) {
      if (content == null) {
        throw new IllegalStateException("no resource " + resource);
      }
      return new Template(new String(content.readAllBytes(), UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Template with(String place, String value) {
    values.put(place, value);
    return this;
  }

  String text() {
    return PLACE
        .matcher(text)
        .replaceAll(
            place -> {
              String value = values.get(place.group(1));
              if (value == null) {
                throw new IllegalStateException("nothing to fill in for " + place.group());
              }
              return Matcher.quoteReplacement(value);
            });
  }
}
