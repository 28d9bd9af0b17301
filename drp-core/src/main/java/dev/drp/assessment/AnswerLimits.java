package dev.drp.assessment;

import java.time.Duration;

/**
 * How long an assessment waits for answers.
 *
 * @param each for one answer
 * @param all for all of them: who has not answered by then did not answer
 */
public record AnswerLimits(Duration each, Duration all) {
  /** Leaves some of ten seconds for the start of the program, on a machine that is busy. */
  public static final AnswerLimits USUAL = within(Duration.ofSeconds(3));

  /** So long for one answer, and twice as long for all of them. */
  public static AnswerLimits within(Duration each) {
    return new AnswerLimits(each, each.multipliedBy(2));
  }
}
