package dev.drp.plan;

/** How much depends on something. */
public enum Criticality {
  CRITICAL,
  IMPORTANT,
  NORMAL
}
