package dev.drp.backup;

import java.util.List;
import java.util.function.Predicate;

/** What earlier runs left half-done in a storage. */
final class UnfinishedSets {
  private UnfinishedSets() {}

  /**
   * Removes sets that were never published or not wholly removed, and temporary files of writers
   * that no longer live. The caller holds the environment's lock and the newest epoch: nobody else
   * writes there now.
   *
   * @return one line for each thing that was cleaned up
   */
  static List<String> cleanUp(NamedStorage storage, String application, String environment) {
    return cleanUp(storage, application, environment, id -> true);
  }

  /** The same of some sets. */
  static List<String> cleanUp(
      NamedStorage storage, String application, String environment, Predicate<BackupId> which) {
    ObjectName folder = SetLayout.environment(application, environment);
    storage.objects().removeAbandoned(folder);
    List<SetFolder> halfDone =
        SetFolder.allIn(storage, folder).stream()
            .filter(set -> which.test(set.id()))
            .filter(set -> set.isUnfinished() || set.isExpiring() || set.has(SetLayout.STARTED))
            .toList();
    halfDone.forEach(UnfinishedSets::finish);
    return halfDone.stream()
        .map(set -> "cleaned up %s in storage %s".formatted(set.id(), storage.name()))
        .toList();
  }

  private static void finish(SetFolder set) {
    if (set.isUnfinished()) {
      set.packs().removeThoseOf(set.id());
      set.remove();
    } else if (set.isExpiring()) {
      set.remove();
    } else { // published, and its writer died before it removed the marker
      set.storage().objects().delete(set.name(SetLayout.STARTED));
    }
  }
}
