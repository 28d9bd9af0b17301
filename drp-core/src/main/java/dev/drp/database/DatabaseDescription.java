package dev.drp.database;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;

/**
 * What a database is like, apart from the data in it.
 *
 * @param sizeBytes what it takes on the server's disk
 * @param userTables how many tables of users it holds; 0 is an empty database
 * @param extensions those that are installed in it, in name order
 * @param schemaVersion the application's own schema version, from its migrations table; empty where
 *     there is none
 */
public record DatabaseDescription(
    String name,
    long sizeBytes,
    int userTables,
    DatabaseProperties properties,
    List<Extension> extensions,
    List<String> publications,
    List<String> subscriptions,
    Optional<String> schemaVersion) {
  public DatabaseDescription {
    requireNonNull(name, "name");
    requireNonNull(properties, "properties");
    extensions = List.copyOf(extensions);
    publications = List.copyOf(publications);
    subscriptions = List.copyOf(subscriptions);
    requireNonNull(schemaVersion, "schemaVersion");
  }

  /** An extension that is installed in a database. */
  public record Extension(String name, String version) {}
}
