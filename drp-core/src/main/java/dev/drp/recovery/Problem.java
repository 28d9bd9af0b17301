package dev.drp.recovery;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;

/** Why something failed, as journals keep it. */
public record Problem(ErrorCode code, String problem, String hint) {
  public Problem {
    requireNonNull(code, "code");
    requireNonNull(problem, "problem");
    requireNonNull(hint, "hint");
  }

  static Problem of(Throwable thrown) {
    if (thrown instanceof RecoveryException known) {
      return new Problem(known.code(), known.problem(), known.hint());
    }
    return new Problem(
        ErrorCode.STEP_FAILED,
        thrown.toString(),
        "this was not foreseen; the log has the whole stack trace.");
  }

  public RecoveryException toException() {
    return new RecoveryException(code, problem, hint);
  }
}
