package dev.drp.runtime;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What can go wrong with a program, worded once for every {@link CommandRunner}. */
public final class CommandErrors {
  private CommandErrors() {}

  /** COMMAND_NOT_FOUND: the program could not be started. */
  public static RecoveryException notFound(
      String place, String program, String reason, String hint, @Nullable Throwable cause) {
    return new RecoveryException(
        ErrorCode.COMMAND_NOT_FOUND,
        "%s: cannot start %s: %s".formatted(place, program, reason),
        hint,
        cause);
  }

  /** TIMED_OUT: the program was ended because its time limit had passed. */
  public static RecoveryException timedOut(String place, Command command, String errorOutput) {
    return new RecoveryException(
        ErrorCode.TIMED_OUT,
        "%s: %s did not end within %s and was ended%s"
            .formatted(
                place,
                command.program(),
                text(command.timeLimit()),
                errorOutput.isBlank() ? "" : ": " + errorOutput.strip()),
        "look at what it waits for (a lock, a full disk, a slow network); raise the time limit if"
            + " it only needs longer.");
  }

  private static String text(Duration limit) {
    return limit.toSeconds() > 0 ? limit.toSeconds() + " s" : limit.toMillis() + " ms";
  }
}
