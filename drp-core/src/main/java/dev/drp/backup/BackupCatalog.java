package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.RecoveryException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The backups of an application, as the storages have them. What is damaged or foreign in a storage
 * is reported and never stops the rest. Safe for concurrent use.
 */
public final class BackupCatalog {
  private final String application;
  private final List<NamedStorage> storages;

  public BackupCatalog(String application, List<NamedStorage> storages) {
    this.application = requireNonNull(application, "application");
    this.storages = List.copyOf(storages);
  }

  public String application() {
    return application;
  }

  public List<NamedStorage> storages() {
    return storages;
  }

  /** All backups of an environment, with a problem for each storage that does not answer. */
  public CatalogListing list(String environment) {
    List<SetListing> sets = new ArrayList<>();
    List<CatalogProblem> problems = new ArrayList<>();
    for (NamedStorage storage : storages) {
      try {
        StorageListing listing = StorageListing.of(storage, application, environment);
        sets.addAll(listing.sets());
        problems.addAll(listing.problems());
      } catch (RecoveryException e) {
        problems.add(
            new CatalogProblem(
                storage.name(),
                storage.objects().place(),
                CatalogProblem.Kind.UNREACHABLE,
                e.problem()));
      }
    }
    return new CatalogListing(merge(sets, problems), problems);
  }

  /** Writes down what happened to a copy. */
  public void record(BackupCopy copy, BackupEvent event) {
    ObjectName name = copy.folder().child(SetLayout.EVENTS).child(EventFormat.newName(event));
    SmallObjects.write(copy.storage(), name, EventFormat.write(event));
  }

  private static List<CatalogEntry> merge(List<SetListing> sets, List<CatalogProblem> problems) {
    Map<BackupId, CatalogEntry> entries = new LinkedHashMap<>();
    for (SetListing set : sets) {
      Optional<CatalogEntry> known = Optional.ofNullable(entries.get(set.manifest().id()));
      if (known.isPresent() && !known.get().manifest().equals(set.manifest())) {
        problems.add(
            new CatalogProblem(
                set.copy().storage().name(),
                set.copy().folder().value(),
                CatalogProblem.Kind.DAMAGED,
                "its manifest is not that of the same backup in storage "
                    + known.get().copies().get(0).storage().name()));
        continue;
      }
      List<BackupCopy> copies = new ArrayList<>(known.map(CatalogEntry::copies).orElse(List.of()));
      copies.add(set.copy());
      entries.put(set.manifest().id(), new CatalogEntry(set.manifest(), copies));
    }
    return List.copyOf(entries.values());
  }

  /** A complete set in one storage. */
  record SetListing(BackupManifest manifest, BackupCopy copy) {}
}
