package dev.drp.procedure;

import dev.drp.recovery.Finding;
import dev.drp.recovery.StepContext;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A program that the plan file names.
 *
 * @param runner runs it
 * @param line its name and its arguments
 * @param limit how long it may take
 * @param hiding takes secrets out of what it prints
 */
record PlannedProgram(
    CommandRunner runner, List<String> line, Duration limit, UnaryOperator<String> hiding) {
  /** Characters of output that are kept. */
  private static final int MOST_OUTPUT = 2000;

  /** Runs it, and keeps the end of what it prints as evidence. */
  void run(StepContext context) {
    String output = runner.run(Command.of(line).within(limit)).strip();
    if (!output.isEmpty()) {
      String end = output.substring(Math.max(0, output.length() - MOST_OUTPUT));
      context.found(Finding.check("output of " + line.get(0), "", hiding.apply(end), true));
    }
  }

  @Override
  public String toString() {
    return String.join(" ", line);
  }
}
