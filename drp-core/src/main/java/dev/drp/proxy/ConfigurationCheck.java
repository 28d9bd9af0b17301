package dev.drp.proxy;

import java.util.List;

/**
 * What the server makes of its configuration file.
 *
 * @param changes what applying it would change
 * @param warnings the server's own
 * @param unprepared why maintenance and routes of the environment cannot be switched yet
 */
public record ConfigurationCheck(
    List<ConfigurationChange> changes, List<String> warnings, List<String> unprepared) {
  public ConfigurationCheck {
    changes = List.copyOf(changes);
    warnings = List.copyOf(warnings);
    unprepared = List.copyOf(unprepared);
  }

  /** Whether the server runs what the file says. */
  public boolean isApplied() {
    return changes.isEmpty();
  }
}
