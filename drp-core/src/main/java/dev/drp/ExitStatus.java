package dev.drp;

import java.util.Collection;
import java.util.List;

/**
 * How a command ended, for whoever started it. The numbers are part of the documented interface.
 */
public enum ExitStatus {
  OK(0),
  /** Failed, also inconclusive. */
  FAILED(1),
  /** Wrong usage or an invalid plan. */
  USAGE(2),
  /** Some of several parts failed. */
  PARTIAL(3),
  /** Everything worked, but an objective was missed. */
  OBJECTIVE_MISSED(4),
  /** Another run holds the lock. */
  LOCKED(5),
  /** Refused for safety. */
  REFUSED(6),
  /** Paused, or waiting for an approval. */
  PAUSED(7),
  INTERRUPTED(130);

  private static final List<ExitStatus> WORST_FIRST =
      List.of(INTERRUPTED, USAGE, FAILED, REFUSED, LOCKED, PAUSED, PARTIAL, OBJECTIVE_MISSED, OK);

  private final int code;

  ExitStatus(int code) {
    this.code = code;
  }

  public int code() {
    return code;
  }

  /** The worst of several; {@link #OK} of none. */
  public static ExitStatus worst(Collection<ExitStatus> several) {
    return WORST_FIRST.stream().filter(several::contains).findFirst().orElse(OK);
  }
}
