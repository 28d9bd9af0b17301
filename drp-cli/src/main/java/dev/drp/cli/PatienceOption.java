package dev.drp.cli;

import dev.drp.assessment.AnswerLimits;
import java.time.Duration;
import picocli.CommandLine.Option;

/** How long what looks at everything waits for what does not answer. */
final class PatienceOption {
  @Option(
      names = "--answer-within",
      paramLabel = "DURATION",
      defaultValue = "3s",
      converter = DurationArgument.class,
      description =
          "How long each answer is waited for, and twice that for all of them; more on a machine"
              + " that is very busy. Default: ${DEFAULT-VALUE}.")
  private Duration each = AnswerLimits.USUAL.each();

  AnswerLimits limits() {
    return AnswerLimits.within(each);
  }
}
