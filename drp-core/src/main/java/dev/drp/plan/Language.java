package dev.drp.plan;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.PropertyResourceBundle;
import java.util.ResourceBundle;

/** The language of findings and reports. */
public enum Language {
  EN(Locale.ENGLISH, ""),
  FR(Locale.FRENCH, "_fr");

  private final Locale locale;
  private final String suffix;

  Language(Locale locale, String suffix) {
    this.locale = locale;
    this.suffix = suffix;
  }

  public Locale locale() {
    return locale;
  }

  /**
   * The texts in this language that lie beside a class, in a file that exists in all of them.
   *
   * <p>Read by its name: {@code ResourceBundle.getBundle} would also look in every jar for files of
   * locales that there are not.
   *
   * @param name of the file, without language and {@code .properties}
   */
  public ResourceBundle texts(Class<?> owner, String name) {
    String file = name + suffix + ".properties";
    try (InputStream in = owner.getResourceAsStream(file)) {
      if (in == null) {
        throw new FileNotFoundException(file + " beside " + owner.getName());
      }
      return new PropertyResourceBundle(new InputStreamReader(in, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
