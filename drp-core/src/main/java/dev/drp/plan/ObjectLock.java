package dev.drp.plan;

import static java.util.Objects.requireNonNull;

/** Retention of single objects, where the bucket was made with it. */
public record ObjectLock(
    @Key("governance: those with a special right may remove it before; compliance: nobody may")
        Mode mode,
    @Key(value = "for how long after it was written", name = "for") Span duration) {
  /** Who may remove an object before its time. */
  public enum Mode {
    GOVERNANCE,
    COMPLIANCE
  }

  public ObjectLock {
    requireNonNull(mode, "mode");
    requireNonNull(duration, "duration");
    Rules.of("object-lock")
        .check(!duration.isZero(), "for", duration.toString(), "a length of time such as 30d")
        .enforce();
  }
}
