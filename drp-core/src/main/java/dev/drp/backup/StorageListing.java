package dev.drp.backup;

import dev.drp.RecoveryException;
import dev.drp.backup.BackupCatalog.SetListing;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What one storage holds of one environment, read in a single walk. */
final class StorageListing {
  private final NamedStorage storage;
  private final String application;
  private final String environment;
  private final ObjectName folder;
  private final List<SetListing> sets = new ArrayList<>();
  private final List<CatalogProblem> problems = new ArrayList<>();

  private StorageListing(NamedStorage storage, String application, String environment) {
    this.storage = storage;
    this.application = application;
    this.environment = environment;
    this.folder = SetLayout.environment(application, environment);
  }

  static StorageListing of(NamedStorage storage, String application, String environment) {
    StorageListing listing = new StorageListing(storage, application, environment);
    listing.read();
    return listing;
  }

  List<SetListing> sets() {
    return sets;
  }

  List<CatalogProblem> problems() {
    return problems;
  }

  private void read() {
    NavigableMap<ObjectName, StoredObject> objects =
        storage.objects().list(folder).stream()
            .collect(Collectors.toMap(StoredObject::name, o -> o, (a, b) -> a, TreeMap::new));
    for (String system : storage.objects().names(folder)) {
      if (SetLayout.isWriters(system)) {
        continue;
      }
      if (!SetLayout.isSystemIdentifier(system)) {
        foreign(folder.value() + "/" + system);
        continue;
      }
      ObjectName systemFolder = folder.child(system);
      for (String set : storage.objects().names(systemFolder)) {
        Optional<BackupId> id = SetLayout.backupId(set);
        if (id.isPresent()) {
          ObjectName setFolder = systemFolder.child(set);
          readSet(new SetFolder(setFolder, id.get(), system, below(objects, setFolder)));
        } else {
          foreign(systemFolder.value() + "/" + set);
        }
      }
    }
  }

  private static List<StoredObject> below(
      NavigableMap<ObjectName, StoredObject> objects, ObjectName folder) {
    String prefix = folder.value() + "/";
    return objects.tailMap(folder, false).values().stream()
        .dropWhile(object -> !object.name().value().startsWith(prefix))
        .takeWhile(object -> object.name().value().startsWith(prefix))
        .toList();
  }

  private void readSet(SetFolder set) {
    if (set.has(SetLayout.EXPIRED)) {
      problem(set, CatalogProblem.Kind.EXPIRING, "its removal has not come to its end");
    } else if (set.has(SetLayout.MANIFEST)) {
      readManifest(set);
    } else if (set.has(SetLayout.STARTED)) {
      problem(set, CatalogProblem.Kind.INCOMPLETE, "it is being written, or its writer died");
    } else {
      problem(set, CatalogProblem.Kind.DAMAGED, "it has no manifest");
    }
  }

  private void readManifest(SetFolder set) {
    ObjectName name = set.folder().child(SetLayout.MANIFEST);
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
                    manifest.server().systemIdentifier()));
        return;
      }
      sets.add(
          new SetListing(
              manifest,
              new BackupCopy(storage, set.folder(), readEvents(set), set.defects(manifest))));
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

  private boolean belongsTo(SetFolder set, BackupManifest manifest) {
    return manifest.id().equals(set.id())
        && manifest.application().equals(application)
        && manifest.environment().equals(environment)
        && manifest.server().systemIdentifier().equals(set.system());
  }

  private List<BackupEvent> readEvents(SetFolder set) {
    List<BackupEvent> events = new ArrayList<>();
    for (ObjectName name : set.events()) {
      try {
        events.add(EventFormat.read(SmallObjects.read(storage, name), name.value()));
      } catch (RecoveryException e) {
        problems.add(
            new CatalogProblem(
                storage.name(), name.value(), CatalogProblem.Kind.DAMAGED, e.problem()));
      }
    }
    return events;
  }

  private void problem(SetFolder set, CatalogProblem.Kind kind, String what) {
    problems.add(new CatalogProblem(storage.name(), set.folder().value(), kind, what));
  }

  private void foreign(String where) {
    problems.add(
        new CatalogProblem(
            storage.name(), where, CatalogProblem.Kind.FOREIGN, "it was not put there by drp"));
  }

  /** The folder of a set and all objects below it. */
  private record SetFolder(
      ObjectName folder, BackupId id, String system, List<StoredObject> objects) {
    boolean has(String name) {
      return find(name).isPresent();
    }

    private Optional<StoredObject> find(String name) {
      ObjectName wanted = folder.child(name);
      return objects.stream().filter(object -> object.name().equals(wanted)).findFirst();
    }

    List<ObjectName> events() {
      String prefix = folder.child(SetLayout.EVENTS).value() + "/";
      return objects.stream()
          .map(StoredObject::name)
          .filter(name -> name.value().startsWith(prefix))
          .toList();
    }

    List<String> defects(BackupManifest manifest) {
      List<String> defects = new ArrayList<>();
      for (BackupPart part : manifest.parts()) {
        Optional<StoredObject> stored = find(part.name());
        if (stored.isEmpty()) {
          defects.add("%s is missing".formatted(part.name()));
        } else if (stored.get().bytes() != part.bytes()) {
          defects.add(
              "%s has %d bytes, its manifest says %d"
                  .formatted(part.name(), stored.get().bytes(), part.bytes()));
        }
      }
      return defects;
    }
  }
}
