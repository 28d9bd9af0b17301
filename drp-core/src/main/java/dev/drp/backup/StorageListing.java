package dev.drp.backup;

import dev.drp.RecoveryException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** What one storage holds of one environment. */
final class StorageListing {
  private final NamedStorage storage;
  private final String application;
  private final String environment;
  private final List<SetListing> sets = new ArrayList<>();
  private final List<CatalogProblem> problems = new ArrayList<>();
  private final Map<String, Map<String, Long>> packs;

  private StorageListing(
      NamedStorage storage,
      String application,
      String environment,
      Map<String, Map<String, Long>> packs) {
    this.storage = storage;
    this.application = application;
    this.environment = environment;
    this.packs = packs;
  }

  /** Everything. */
  static StorageListing of(NamedStorage storage, String application, String environment) {
    StorageListing listing = empty(storage, application, environment);
    ObjectName folder = SetLayout.environment(application, environment);
    List<SetFolder> folders = SetFolder.allIn(storage, folder);
    if (storage.local()) {
      folders.forEach(listing::read);
    } else { // a few round trips for each set
      InParallel.map("reading " + storage.name(), folders, listing::alone).forEach(listing::add);
    }
    listing.findForeign(folder);
    return listing;
  }

  private static StorageListing empty(
      NamedStorage storage, String application, String environment) {
    return new StorageListing(storage, application, environment, new ConcurrentHashMap<>());
  }

  /** A listing of only this set. */
  private StorageListing alone(SetFolder set) {
    StorageListing alone = new StorageListing(storage, application, environment, packs);
    alone.read(set);
    return alone;
  }

  private void add(StorageListing other) {
    sets.addAll(other.sets);
    problems.addAll(other.problems);
  }

  /** One set. */
  static StorageListing of(
      NamedStorage storage, String application, String environment, BackupId id) {
    StorageListing listing = empty(storage, application, environment);
    SetFolder.find(storage, SetLayout.environment(application, environment), id)
        .ifPresent(listing::read);
    return listing;
  }

  List<SetListing> sets() {
    return sets;
  }

  List<CatalogProblem> problems() {
    return problems;
  }

  private void read(SetFolder set) {
    if (set.isExpiring()) {
      problem(set, CatalogProblem.Kind.EXPIRING, "its removal has not come to its end");
    } else if (set.isUnfinished()) {
      problem(set, CatalogProblem.Kind.INCOMPLETE, "it is being written, or its writer died");
    } else if (set.has(SetLayout.MANIFEST)) {
      readManifest(set);
    } else {
      problem(set, CatalogProblem.Kind.DAMAGED, "it has no manifest");
    }
  }

  private void readManifest(SetFolder set) {
    ObjectName name = set.name(SetLayout.MANIFEST);
    try {
      BackupManifest manifest =
          ManifestFormat.read(
              SmallObjects.read(storage, name), "%s in storage %s".formatted(name, storage));
      if (!belongsTo(set, manifest)) {
        problem(
            set,
            CatalogProblem.Kind.DAMAGED,
            "its manifest is that of backup %s of %s / %s, cluster %s"
                .formatted(
                    manifest.id(),
                    manifest.application(),
                    manifest.environment(),
                    manifest.system()));
        return;
      }
      BackupCopy copy =
          new BackupCopy(
              storage,
              set.folder(),
              readEvents(set),
              set.defects(manifest, packsBeside(set, manifest)));
      sets.add(new SetListing(manifest, copy));
    } catch (RecoveryException e) {
      switch (e.code()) {
        case BACKUP_CORRUPT, FORMAT_UNKNOWN ->
            problem(set, CatalogProblem.Kind.DAMAGED, e.problem());
        case OBJECT_NOT_FOUND -> {
          // expired since it was listed
        }
        default -> throw e;
      }
    }
  }

  /** Listed once for each server, and only where a backup has packs. */
  private Map<String, Long> packsBeside(SetFolder set, BackupManifest manifest) {
    return manifest.base().isEmpty()
        ? Map.of()
        : packs.computeIfAbsent(set.system(), system -> set.packs().sizes());
  }

  private boolean belongsTo(SetFolder set, BackupManifest manifest) {
    return manifest.id().equals(set.id())
        && manifest.application().equals(application)
        && manifest.environment().equals(environment)
        && manifest.system().equals(set.system());
  }

  private List<BackupEvent> readEvents(SetFolder set) {
    List<BackupEvent> events = new ArrayList<>();
    for (ObjectName name : set.events()) {
      try {
        events.add(EventFormat.read(SmallObjects.read(storage, name), name.value()));
      } catch (RecoveryException e) {
        report(name.value(), CatalogProblem.Kind.DAMAGED, e.problem());
      }
    }
    return events;
  }

  private void findForeign(ObjectName environment) {
    for (String name : storage.objects().names(environment)) {
      if (!SetLayout.isFolderOfSets(name) && !SetLayout.isWriters(name)) {
        foreign(environment, name);
      }
    }
    for (ObjectName system : SetFolder.systems(storage, environment)) {
      storage.objects().names(system).stream()
          .filter(name -> SetLayout.backupId(name).isEmpty() && !SetLayout.isShared(name))
          .forEach(name -> foreign(system, name));
    }
  }

  private void foreign(ObjectName folder, String name) {
    report(
        folder + "/" + name, CatalogProblem.Kind.FOREIGN, "it was not put there by this program");
  }

  private void problem(SetFolder set, CatalogProblem.Kind kind, String what) {
    report(set.folder().value(), kind, what);
  }

  private void report(String where, CatalogProblem.Kind kind, String what) {
    problems.add(new CatalogProblem(storage.name(), where, kind, what));
  }

  /** A complete set in one storage. */
  record SetListing(BackupManifest manifest, BackupCopy copy) {
    Optional<String> differenceFrom(CatalogEntry known) {
      return known.manifest().equals(manifest)
          ? Optional.empty()
          : Optional.of(
              "its manifest is not that of the same backup in storage "
                  + known.copies().get(0).storage().name());
    }
  }
}
