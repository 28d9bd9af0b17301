package dev.drp.procedure;

import dev.drp.recovery.Finding;
import dev.drp.recovery.StepContext;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;

/** A program that the plan file names. */
final class PlannedProgram {
  /** Characters of output that are kept. */
  private static final int MOST_OUTPUT = 2000;

  private PlannedProgram() {}

  /**
   * Runs it, and keeps the end of what it prints as evidence.
   *
   * @param hiding takes secrets out of a text
   */
  static void run(
      CommandRunner programs,
      StepContext context,
      List<String> command,
      Duration limit,
      UnaryOperator<String> hiding) {
    String output = programs.run(Command.of(command).within(limit)).strip();
    if (!output.isEmpty()) {
      String end = output.substring(Math.max(0, output.length() - MOST_OUTPUT));
      context.found(Finding.check("output of " + command.get(0), "", hiding.apply(end), true));
    }
  }
}
