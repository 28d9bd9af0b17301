package dev.drp.recovery;

import dev.drp.ErrorCode;
import org.jspecify.annotations.Nullable;

/** How an attempt ends, or why it cannot go on. */
record Ending(ExecutionState state, @Nullable Problem problem) {
  static Ending interrupted(String doing) {
    return new Ending(
        ExecutionState.INTERRUPTED,
        new Problem(
            ErrorCode.INTERRUPTED, "interrupted while " + doing, "resume the execution to go on."));
  }
}
