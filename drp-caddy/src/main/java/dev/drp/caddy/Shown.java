package dev.drp.caddy;

/** Texts of others in our messages. */
final class Shown {
  private static final int LONGEST = 600;

  private Shown() {}

  /** On one line, without control characters, cut where it is long. */
  static String text(String text) {
    String line = text.strip().replaceAll("\\p{Cntrl}+", " ");
    return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "…";
  }
}
