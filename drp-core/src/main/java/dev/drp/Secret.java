package dev.drp;

import static java.util.Objects.requireNonNull;

/** A value that must not be seen: it prints as {@code ***}. */
public final class Secret {
  private final String value;

  public Secret(String value) {
    this.value = requireNonNull(value, "value");
  }

  /** The value itself, to be handed to whoever needs it and to nobody else. */
  public String reveal() {
    return value;
  }

  @Override
  public String toString() {
    return "***";
  }
}
