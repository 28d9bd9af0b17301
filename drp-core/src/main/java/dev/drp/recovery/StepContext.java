package dev.drp.recovery;

import dev.drp.Progress;
import java.time.Instant;
import java.util.Optional;

/**
 * What a running step sees of its execution. Valid until the step ends: a step that went on after
 * its time limit can record nothing any more.
 */
public interface StepContext {
  ExecutionId execution();

  Mode mode();

  /** The execution as its journal tells it now; this step is RUNNING in it. */
  Execution soFar();

  /**
   * Keeps a value for later steps; it is written to the journal with the step's result, so a
   * resumed execution has it too. Never a secret.
   */
  void record(String name, String value);

  /** A value that this or an earlier step recorded. IllegalStateException when none did. */
  default String value(String name) {
    return find(name)
        .orElseThrow(() -> new IllegalStateException("no step recorded the value " + name));
  }

  Optional<String> find(String name);

  /** Adds to the step's evidence. */
  void found(Finding finding);

  /** Writes to the journal that a measuring point is reached now; replaces an earlier one. */
  void reached(MeasuringPoint point);

  /** The same for a point whose instant was learnt from elsewhere. */
  void reached(MeasuringPoint point, Instant at);

  Progress progress();
}
