package dev.drp.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.PrettyPrinter;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object that is built field by field, so that what a command prints is written down in one
 * place and no rename of a record changes it. Instants are ISO-8601 in UTC, durations are seconds
 * with up to three decimals, what is not known is {@code null}; a field is never left out.
 */
final class Json {
  private final Map<String, @Nullable Object> fields = new LinkedHashMap<>();

  static Json object() {
    return new Json();
  }

  Json put(String name, @Nullable Object value) {
    fields.put(name, value);
    return this;
  }

  /** Indented, with a line end. */
  @Override
  public String toString() {
    StringWriter text = new StringWriter();
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter(
            PrettyPrinter.DEFAULT_SEPARATORS
                .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                .withArrayEmptySeparator("")
                .withObjectEmptySeparator(""));
    printer.indentArraysWith(indenter);
    printer.indentObjectsWith(indenter);
    try (JsonGenerator generator = new JsonFactory().createGenerator(text)) {
      generator.setPrettyPrinter(printer);
      write(generator, this);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.append('\n').toString();
  }

  private static void write(JsonGenerator generator, @Nullable Object value) throws IOException {
    if (value == null) {
      generator.writeNull();
    } else if (value instanceof Json object) {
      generator.writeStartObject();
      for (Map.Entry<String, @Nullable Object> field : object.fields.entrySet()) {
        generator.writeFieldName(field.getKey());
        write(generator, field.getValue());
      }
      generator.writeEndObject();
    } else if (value instanceof Collection<?> list) {
      generator.writeStartArray();
      for (Object element : list) {
        write(generator, element);
      }
      generator.writeEndArray();
    } else {
      writeScalar(generator, value);
    }
  }

  private static void writeScalar(JsonGenerator generator, Object value) throws IOException {
    if (value instanceof Optional<?> optional) {
      write(generator, optional.orElse(null));
    } else if (value instanceof OptionalLong optional) {
      write(generator, optional.isPresent() ? optional.getAsLong() : null);
    } else if (value instanceof OptionalInt optional) {
      write(generator, optional.isPresent() ? optional.getAsInt() : null);
    } else if (value instanceof Boolean bool) {
      generator.writeBoolean(bool);
    } else if (value instanceof Integer || value instanceof Long) {
      generator.writeNumber(((Number) value).longValue());
    } else if (value instanceof Double number) {
      generator.writeNumber(number);
    } else if (value instanceof Duration duration) {
      generator.writeNumber(
          new BigDecimal(
              BigDecimal.valueOf(duration.toMillis(), 3).stripTrailingZeros().toPlainString()));
    } else if (value instanceof Instant instant) {
      generator.writeString(instant.truncatedTo(ChronoUnit.MICROS).toString());
    } else if (value instanceof Enum<?> constant) {
      generator.writeString(constant.name());
    } else if (value instanceof CharSequence || value instanceof LocalDate) {
      generator.writeString(value.toString());
    } else {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "no JSON form of %s", value.getClass()));
    }
  }
}
