package dev.drp.recovery;

import java.util.EnumSet;
import java.util.Set;

/** How far an execution came. {@link #successors()} says which state follows which. */
public enum ExecutionState {
  IN_PROGRESS,
  /** A step failed or its outcome is not known; somebody resumes or undoes. */
  PAUSED_BY_FAILED_STEP,
  /** The process ended or was told to; resume goes on. Found out by whoever reads the journal. */
  INTERRUPTED,
  /** Done and in service; the way back is still there. */
  AWAITING_COMMIT,
  COMPLETED,
  /** Completed, but at least one step failed and was gone past. */
  COMPLETED_WITH_EXCEPTIONS,
  /** Ended without reaching its goal; what could be undone was undone. */
  FAILED,
  /** Somebody took the way back, and it worked. */
  ROLLED_BACK;

  /** The states that may follow. */
  public Set<ExecutionState> successors() {
    return switch (this) {
      case IN_PROGRESS -> EnumSet.complementOf(EnumSet.of(IN_PROGRESS));
      // ROLLED_BACK: only to commit, which gives up what was set aside on the way back.
      case PAUSED_BY_FAILED_STEP, INTERRUPTED, AWAITING_COMMIT, ROLLED_BACK ->
          EnumSet.of(IN_PROGRESS);
      case COMPLETED, COMPLETED_WITH_EXCEPTIONS, FAILED -> EnumSet.noneOf(ExecutionState.class);
    };
  }
}
