package dev.drp.report;

import dev.drp.procedure.DrillRestore;
import dev.drp.procedure.DrillResult;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ObjectiveState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What somebody has to do after an execution, as keys of {@link Wording}. */
final class NextActions {
  private NextActions() {}

  static List<String> of(Execution execution) {
    List<String> actions = new ArrayList<>();
    switch (execution.state()) {
      case AWAITING_COMMIT -> {
        actions.add("action.look");
        actions.add("action.commit");
        actions.add("action.undo");
        actions.add("action.backup");
      }
      case PAUSED_BY_FAILED_STEP, INTERRUPTED -> actions.add("action.resume");
      case FAILED -> actions.add("action.repair");
      case ROLLED_BACK -> actions.add("action.commit");
      case COMPLETED, COMPLETED_WITH_EXCEPTIONS, IN_PROGRESS -> {}
    }
    if (execution.recoveryTimeObjective() == ObjectiveState.MISSED) {
      actions.add("action.recovery-time");
    }
    if (execution.recoveryPointObjective() == ObjectiveState.MISSED) {
      actions.add("action.recovery-point");
    }
    drill(execution)
        .ifPresent(
            result -> {
              if (result.outcome() == DrillResult.Outcome.INCONCLUSIVE) {
                actions.add("action.image");
              }
              if (result.cleanup() == DrillResult.Cleanup.INCOMPLETE) {
                actions.add("action.clean-up");
              }
            });
    return actions;
  }

  /** What the drill showed, if it was one. */
  static Optional<DrillResult> drill(Execution execution) {
    return execution.plan().equals(DrillRestore.NAME)
            && execution.mode() == dev.drp.recovery.Mode.DRILL
        ? Optional.of(DrillResult.of(execution))
        : Optional.empty();
  }
}
