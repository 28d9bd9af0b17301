package dev.drp.assessment;

import java.time.Duration;

/**
 * How long an assessment waits for answers.
 *
 * @param each for one answer
 * @param all for all of them: who has not answered by then did not answer
 */
public record AnswerLimits(Duration each, Duration all) {
  /** Everything within ten seconds, the start of the program included. */
  public static final AnswerLimits USUAL =
      new AnswerLimits(Duration.ofSeconds(4), Duration.ofSeconds(8));
}
