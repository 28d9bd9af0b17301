package dev.drp.recovery;

import java.util.EnumSet;
import java.util.Set;

/**
 * How far a step came. {@link #successors()} is the whole truth about which state follows which.
 */
public enum StepState {
  NOT_STARTED,
  /** Begun; after a crash, nobody knows how far it came until it is probed. */
  RUNNING,
  SUCCEEDED,
  /** A probe, or a person, found that an earlier attempt had done it. */
  ALREADY_DONE,
  FAILED,
  /** Failed, and the execution went on by the step's policy or a person's decision. */
  FAILED_IGNORED,
  /** Did not end within its time limit. */
  TIMED_OUT,
  /** Interrupted, or its probe cannot tell: a person decides. */
  UNKNOWN,
  /** Does not apply to the mode of the execution. Never counts as passed. */
  SKIPPED,
  UNDOING,
  UNDONE,
  UNDO_FAILED;

  /** The states that may follow. */
  public Set<StepState> successors() {
    return switch (this) {
      case NOT_STARTED -> EnumSet.of(RUNNING, FAILED_IGNORED);
      // To itself: begun again after a crash and a probe. To NOT_STARTED: what it did ended with
      // the process.
      case RUNNING ->
          EnumSet.of(
              RUNNING,
              NOT_STARTED,
              SUCCEEDED,
              ALREADY_DONE,
              FAILED,
              FAILED_IGNORED,
              TIMED_OUT,
              UNKNOWN,
              UNDOING);
      case FAILED, TIMED_OUT, UNKNOWN ->
          EnumSet.of(RUNNING, NOT_STARTED, ALREADY_DONE, FAILED_IGNORED, UNKNOWN, UNDOING);
      case SUCCEEDED, ALREADY_DONE, FAILED_IGNORED -> EnumSet.of(NOT_STARTED, UNDOING);
      case SKIPPED, UNDONE -> EnumSet.noneOf(StepState.class);
      case UNDOING -> EnumSet.of(UNDOING, UNDONE, UNDO_FAILED);
      case UNDO_FAILED -> EnumSet.of(UNDOING);
    };
  }

  /** Whether an execution goes past a step in this state. */
  public boolean settled() {
    return switch (this) {
      case SUCCEEDED, ALREADY_DONE, FAILED_IGNORED, SKIPPED -> true;
      case NOT_STARTED, RUNNING, FAILED, TIMED_OUT, UNKNOWN, UNDOING, UNDONE, UNDO_FAILED -> false;
    };
  }

  /** Whether the step did what it is for. */
  public boolean passed() {
    return this == SUCCEEDED || this == ALREADY_DONE;
  }

  /**
   * Whether undoing the execution has to do with it: it may have had an effect that still stands.
   */
  boolean mayHaveEffect() {
    return switch (this) {
      case RUNNING,
          SUCCEEDED,
          ALREADY_DONE,
          FAILED,
          FAILED_IGNORED,
          TIMED_OUT,
          UNKNOWN,
          UNDOING,
          UNDO_FAILED ->
          true;
      case NOT_STARTED, SKIPPED, UNDONE -> false;
    };
  }
}
