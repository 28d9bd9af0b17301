package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import java.util.Collection;
import java.util.List;

/**
 * One thing that was looked at.
 *
 * @param subject what it is: a disk, a port, a service
 * @param value what was found, for people
 * @param limit what the plan allows; empty text where it says nothing of it
 * @param hint what to do about it; empty text where nothing is to be done
 * @param lines of a log, where it is about one
 */
public record Reading(
    Section section,
    String subject,
    String value,
    String limit,
    State state,
    String hint,
    List<String> lines) {
  /** Where it belongs. */
  public enum Section {
    SYSTEM,
    NETWORK,
    CONFIGURATION,
    CONTAINERS,
    DATABASE,
    LOGS
  }

  /** What it means. */
  public enum State {
    /** As it should be, or nothing says how it should be. */
    GOOD,
    BAD,
    /** It could not be told: nothing answered in time, or not in a way that tells. */
    UNKNOWN
  }

  public Reading {
    requireNonNull(section, "section");
    requireNonNull(subject, "subject");
    requireNonNull(value, "value");
    requireNonNull(limit, "limit");
    requireNonNull(state, "state");
    requireNonNull(hint, "hint");
    lines = List.copyOf(lines);
  }

  static Reading good(Section section, String subject, String value) {
    return new Reading(section, subject, value, "", State.GOOD, "", List.of());
  }

  static Reading bad(Section section, String subject, String value, String hint) {
    return new Reading(section, subject, value, "", State.BAD, hint, List.of());
  }

  static Reading unknown(Section section, String subject, String value, String hint) {
    return new Reading(section, subject, value, "", State.UNKNOWN, hint, List.of());
  }

  /** Nothing came of a question: not in time is unknown, an error is bad. */
  static Reading failed(Section section, String subject, Asked.Answer<?> answer) {
    return answer.isLate()
        ? unknown(section, subject, answer.problem(), "")
        : bad(section, subject, answer.problem(), answer.hint());
  }

  /** A value with what the plan allows for it. */
  static Reading judged(
      Section section, String subject, String value, String limit, boolean within, String hint) {
    return new Reading(
        section,
        subject,
        value,
        limit,
        within ? State.GOOD : State.BAD,
        within ? "" : hint,
        List.of());
  }

  Reading withLines(List<String> more) {
    return new Reading(section, subject, value, limit, state, hint, more);
  }

  static boolean allGood(Collection<Reading> readings) {
    return readings.stream().allMatch(it -> it.state() == State.GOOD);
  }
}
