package dev.drp.database;

import java.util.List;

/**
 * What a backup's roles mean for a server.
 *
 * @param missing roles of the backup that the server does not have, or did not have before they
 *     were created
 * @param differences how roles that exist in both differ, one line each; passwords are never
 *     compared or shown
 * @param notRestored statements of the globals that were left out, such as tablespaces, and why
 */
public record RoleChanges(
    List<String> missing, List<String> differences, List<String> notRestored) {
  public RoleChanges {
    missing = List.copyOf(missing);
    differences = List.copyOf(differences);
    notRestored = List.copyOf(notRestored);
  }
}
