package dev.drp.recovery;

/** Instants from which recovery time and recovery point are computed. */
public enum MeasuringPoint {
  /** The service was first seen to fail; known only when somebody or a probe says it. */
  IMPACT("tImpact"),
  /** The recovery plan was activated. */
  DECLARED("tDeclare"),
  /** Its first step began. */
  EXECUTION_STARTED("tExecStart"),
  /** What was recovered passed its internal validation. */
  READY("tReady"),
  /** The way back was given up. */
  COMMITTED("tCommit"),
  /** The commit time of the newest data that survived. */
  RECOVERY_POINT("tRecoveryPoint"),
  /** The execution ended, its cleanup included. */
  CLOSED("tClosed");

  private final String symbol;

  MeasuringPoint(String symbol) {
    this.symbol = symbol;
  }

  /** How reports and formulas call it. */
  public String symbol() {
    return symbol;
  }
}
