package dev.drp.recovery;

import static java.util.Objects.requireNonNull;

/**
 * Something that a step looked at and compared: the evidence behind its state.
 *
 * @param subject what was looked at: {@code public.answers}, {@code collation}
 * @param expected what it should be; empty where nothing is expected
 * @param actual what it is
 */
public record Finding(Kind kind, String subject, String expected, String actual, boolean met) {
  public Finding {
    requireNonNull(kind, "kind");
    requireNonNull(subject, "subject");
    requireNonNull(expected, "expected");
    requireNonNull(actual, "actual");
  }

  /** Something worth knowing that keeps nobody from going on. */
  public static Finding warning(String subject, String text) {
    return new Finding(Kind.WARNING, subject, "", text, false);
  }

  /** A condition for going on. */
  public static Finding check(String subject, String expected, String actual, boolean met) {
    return new Finding(Kind.CHECK, subject, expected, actual, met);
  }

  /** What a finding is about. */
  public enum Kind {
    CHECK,
    WARNING,
    /** A fact of a backup against the same of what was restored. */
    FACT,
    /** An expectation of the plan. */
    EXPECTATION
  }
}
