package dev.drp.recovery;

/** What becomes of an execution when a step fails. */
public enum FailurePolicy {
  /** Undo, in reverse order, what was done and can be undone; the execution has failed. */
  ABORT,
  /** Stop and wait for somebody to resume or undo. The default. */
  PAUSE,
  /** Record the failure as an exception and go on. */
  CONTINUE
}
