package dev.drp.recovery;

import java.time.Duration;
import java.util.Optional;

/** Whether an objective was kept, apart from whether the work succeeded. */
public enum ObjectiveState {
  MET,
  MISSED,
  /** There is no objective, or nothing was measured. Never counts as met. */
  NOT_MEASURED;

  /** MET only when there is both and the actual value does not exceed the objective. */
  public static ObjectiveState of(Optional<Duration> objective, Optional<Duration> actual) {
    if (objective.isEmpty() || actual.isEmpty()) {
      return NOT_MEASURED;
    }
    return actual.get().compareTo(objective.get()) <= 0 ? MET : MISSED;
  }
}
