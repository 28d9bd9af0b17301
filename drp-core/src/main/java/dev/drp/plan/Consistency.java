package dev.drp.plan;

/** How what is read of a volume hangs together. */
public enum Consistency {
  /** Read while its services run: each file for itself, at a moment of its own. */
  LIVE,
  /** Its services are stopped while it is read, and started again whatever happens. */
  STOPPED
}
