package dev.drp;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/**
 * The one exception that crosses the ports. Its message says what failed, with identity, expected
 * and actual values, followed by a line {@code HINT: …} that says what to do.
 */
public final class RecoveryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;
  private final String problem;
  private final String hint;

  public RecoveryException(ErrorCode code, String problem, String hint) {
    this(code, problem, hint, null);
  }

  public RecoveryException(ErrorCode code, String problem, String hint, @Nullable Throwable cause) {
    super(problem + "\nHINT: " + hint, cause);
    this.code = requireNonNull(code, "code");
    this.problem = problem;
    this.hint = hint;
  }

  /** For a thread that was interrupted: sets its interrupt flag again. */
  public static RecoveryException interrupted(String doing, InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new RecoveryException(
        ErrorCode.INTERRUPTED,
        "interrupted while " + doing,
        "look at what was done before you run this again.",
        cause);
  }

  public ErrorCode code() {
    return code;
  }

  /** What failed, without the hint. */
  public String problem() {
    return problem;
  }

  public String hint() {
    return hint;
  }
}
