package dev.drp.runtime;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.util.List;

/**
 * How a program ended.
 *
 * @param place where it ran
 * @param exitCode its exit code; 128 + N when signal N ended it
 * @param errorOutput the last 8 KiB of its standard error
 */
public record CommandResult(
    String place, List<String> arguments, int exitCode, String errorOutput) {
  public CommandResult {
    arguments = List.copyOf(arguments);
  }

  public boolean succeeded() {
    return exitCode == 0;
  }

  /** Throws COMMAND_FAILED, with what the program said, unless its exit code is 0. */
  public CommandResult requireSuccess() {
    if (succeeded()) {
      return this;
    }
    throw new RecoveryException(
        ErrorCode.COMMAND_FAILED,
        "%s: %s ended with exit code %d%s"
            .formatted(
                place,
                arguments.get(0),
                exitCode,
                errorOutput.isBlank() ? "" : ": " + errorOutput.strip()),
        exitCode > 128
            ? "signal %d ended it; look for the out-of-memory killer or somebody who stopped it."
                .formatted(exitCode - 128)
            : "what the program said above is the cause; mend it, then run this again.");
  }
}
