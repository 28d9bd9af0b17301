package dev.drp.database;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * A database in a server's list.
 *
 * @param sizeBytes what it takes on the server's disk
 * @param allowsConnections false for one that was set aside
 * @param mark what this tool wrote on it when it made it or set it aside; empty on all others
 */
public record DatabaseSummary(
    String name, long sizeBytes, boolean allowsConnections, Optional<String> mark) {
  public DatabaseSummary {
    requireNonNull(name, "name");
    requireNonNull(mark, "mark");
  }
}
