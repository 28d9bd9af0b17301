package dev.drp.recovery;

/** How a recovery plan is executed. */
public enum Mode {
  /** Explain every action; change nothing and reach for nothing. */
  PLAN,
  /** Run what only reads and every precheck. */
  CHECK,
  /** Rehearse: the same steps against an isolated target. */
  DRILL,
  /** In earnest. */
  RECOVERY
}
