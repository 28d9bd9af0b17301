package dev.drp.plan;

import java.util.Locale;

/** The language of findings and reports. */
public enum Language {
  EN(Locale.ENGLISH),
  FR(Locale.FRENCH);

  private final Locale locale;

  Language(Locale locale) {
    this.locale = locale;
  }

  public Locale locale() {
    return locale;
  }
}
