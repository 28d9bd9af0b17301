package dev.drp.recovery;

import dev.drp.Progress;

/**
 * Hears how an execution goes, one thing at a time, in the order of the journal, from the threads
 * that run it. Implementations are quick and never throw.
 */
public interface ExecutionListener {
  ExecutionListener SILENT = new ExecutionListener() {};

  /** An attempt has begun. */
  default void started(Execution execution) {}

  /** A step, or its undo, has begun. */
  default void stepStarted(Execution execution, StepExecution step) {}

  /** A step, or its undo, has ended. */
  default void stepEnded(Execution execution, StepExecution step) {}

  /** The attempt is over. */
  default void ended(Execution execution) {}

  /** What steps report of long work. */
  default Progress progress() {
    return Progress.SILENT;
  }
}
