package dev.drp.report;

import dev.drp.plan.Language;
import java.text.MessageFormat;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.MissingResourceException;
import java.util.ResourceBundle;

/** The words of reports in one language. */
final class Wording {
  private static final DateTimeFormatter INSTANT =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss 'UTC'").withZone(ZoneOffset.UTC);

  private final Locale locale;
  private final ResourceBundle messages;

  Wording(Language language) {
    locale = language.locale();
    messages = language.texts(Wording.class, "messages");
  }

  /** The text of that key; every one of them exists in both languages. */
  String text(String key, Object... values) {
    return new MessageFormat(messages.getString(key), locale).format(values);
  }

  /** The text of that key, or another where there is none. */
  String textOr(String key, String other) {
    try {
      return messages.getString(key);
    } catch (MissingResourceException e) {
      return other;
    }
  }

  String of(Enum<?> value) {
    return text(value.getDeclaringClass().getSimpleName() + "." + value.name());
  }

  String of(Instant instant) {
    return INSTANT.format(instant);
  }

  /** With a tenth of a second below a minute, the two largest units from there on. */
  String of(Duration duration) {
    long seconds = duration.toSeconds();
    if (seconds < 60) {
      return String.format(locale, "%.1f s", duration.toMillis() / 1000.0);
    }
    if (seconds < 3600) {
      return two(seconds / 60, "min", seconds % 60, "s");
    }
    if (seconds < 86_400) {
      return two(seconds / 3600, "h", seconds % 3600 / 60, "min");
    }
    return two(seconds / 86_400, text("unit.day"), seconds % 86_400 / 3600, "h");
  }

  private static String two(long large, String largeUnit, long small, String smallUnit) {
    return large + " " + largeUnit + (small == 0 ? "" : " " + small + " " + smallUnit);
  }
}
