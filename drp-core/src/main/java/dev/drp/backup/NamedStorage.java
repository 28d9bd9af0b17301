package dev.drp.backup;

import static java.util.Objects.requireNonNull;

/**
 * A storage as the plan has it.
 *
 * @param name its name in the plan
 * @param offSite whether it survives the loss of the primary site
 * @param local whether it answers at once, as a folder of this machine does: a dump goes to a local
 *     storage first, and a quick look at the catalog asks local storages only
 * @param objects what is in it
 */
public record NamedStorage(String name, boolean offSite, boolean local, BackupStorage objects) {
  public NamedStorage {
    requireNonNull(name, "name");
    requireNonNull(objects, "objects");
  }

  /** Whether what is in it has left this machine. */
  public boolean isAway() {
    return offSite || !local;
  }

  @Override
  public String toString() {
    return "%s (%s)".formatted(name, objects.place());
  }
}
