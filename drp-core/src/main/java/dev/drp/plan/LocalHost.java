package dev.drp.plan;

/** The machine that runs the plan. */
public enum LocalHost implements HostAddress {
  LOCAL;

  @Override
  public String toString() {
    return "local";
  }
}
