package dev.drp.proxy;

import java.util.List;

/**
 * Something of the proxy that is, or would become, another.
 *
 * @param what the site, or {@code general}
 * @param sites the sites that it is about, as host and port; empty for what belongs to none
 * @param details places in the server's configuration; values only where they can be no secret
 */
public record ConfigurationChange(
    Kind kind, String what, List<String> sites, List<String> details) {
  /** What becomes of it. */
  public enum Kind {
    ADDED,
    REMOVED,
    CHANGED
  }

  public ConfigurationChange {
    sites = List.copyOf(sites);
    details = List.copyOf(details);
  }
}
