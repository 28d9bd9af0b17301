package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.ExitStatus;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ObjectiveState;
import dev.drp.recovery.StepState;
import java.time.Duration;
import java.util.Optional;

/**
 * What a drill showed, read from its execution.
 *
 * @param recoveryTime how long the restore took until it was ready
 * @param recoveryPoint how much would have been lost with the newest good backup of that moment
 * @param cleanup whether anything is left of the throw-away server
 */
public record DrillResult(
    Outcome outcome,
    Optional<Duration> recoveryTime,
    ObjectiveState recoveryTimeObjective,
    Optional<Duration> recoveryPoint,
    ObjectiveState recoveryPointObjective,
    Cleanup cleanup) {
  /** What it comes to. */
  public enum Outcome {
    PASSED,
    /** The restore worked, but took longer, or would lose more, than the objective allows. */
    FAILED_OBJECTIVE,
    FAILED,
    /**
     * It worked, but on another image, whose result says nothing about the environment's; or
     * nothing in the data proves that it is of the moment that was aimed at.
     */
    INCONCLUSIVE,
    /** It was interrupted and can be resumed. */
    INTERRUPTED
  }

  /** How the tear-down ended. */
  public enum Cleanup {
    /** Nothing is left: that was looked for. */
    DONE,
    /** Something is left, or nobody could look. */
    INCOMPLETE
  }

  public DrillResult {
    requireNonNull(outcome, "outcome");
    requireNonNull(recoveryTime, "recoveryTime");
    requireNonNull(recoveryTimeObjective, "recoveryTimeObjective");
    requireNonNull(recoveryPoint, "recoveryPoint");
    requireNonNull(recoveryPointObjective, "recoveryPointObjective");
    requireNonNull(cleanup, "cleanup");
  }

  /** Reads it from the execution of a {@link DrillRestore}. */
  public static DrillResult of(Execution execution) {
    return new DrillResult(
        outcome(execution),
        execution.recoveryTimeActual(),
        execution.recoveryTimeObjective(),
        execution.recoveryPointActual(),
        execution.recoveryPointObjective(),
        execution.stepExecution(DrillRestore.TEAR_DOWN).state() == StepState.SUCCEEDED
            ? Cleanup.DONE
            : Cleanup.INCOMPLETE);
  }

  private static Outcome outcome(Execution execution) {
    return switch (execution.state()) {
      case IN_PROGRESS, INTERRUPTED, PAUSED_BY_FAILED_STEP -> Outcome.INTERRUPTED;
      case FAILED, ROLLED_BACK -> Outcome.FAILED;
      case COMPLETED, COMPLETED_WITH_EXCEPTIONS, AWAITING_COMMIT ->
          execution.value(DrillRestore.INCONCLUSIVE).filter("false"::equals).isEmpty()
              ? Outcome.INCONCLUSIVE
              : objectiveMissed(execution) ? Outcome.FAILED_OBJECTIVE : Outcome.PASSED;
    };
  }

  private static boolean objectiveMissed(Execution execution) {
    return execution.recoveryTimeObjective() == ObjectiveState.MISSED
        || execution.recoveryPointObjective() == ObjectiveState.MISSED;
  }

  /** How the process that ran the drill should end. */
  public ExitStatus exitStatus() {
    return switch (outcome) {
      case PASSED -> cleanup == Cleanup.DONE ? ExitStatus.OK : ExitStatus.PARTIAL;
      case FAILED_OBJECTIVE ->
          cleanup == Cleanup.DONE ? ExitStatus.OBJECTIVE_MISSED : ExitStatus.PARTIAL;
      case FAILED, INCONCLUSIVE -> ExitStatus.FAILED;
      case INTERRUPTED -> ExitStatus.INTERRUPTED;
    };
  }
}
