package dev.drp.database;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/**
 * What came of an expectation of the plan.
 *
 * @param name its name in the plan
 * @param expected the condition, as the plan has it
 * @param actual the first column of the first row as text, or why there is none
 * @param met whether the condition held
 * @param took how long the statement ran
 * @param inTime whether that was within its limit; true where there is none
 */
public record ExpectationResult(
    String name, String expected, String actual, boolean met, Duration took, boolean inTime) {
  public ExpectationResult {
    requireNonNull(name, "name");
    requireNonNull(expected, "expected");
    requireNonNull(actual, "actual");
    requireNonNull(took, "took");
  }
}
