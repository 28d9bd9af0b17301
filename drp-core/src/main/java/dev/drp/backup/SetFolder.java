package dev.drp.backup;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The folder of a set in a storage, whatever state it is in.
 *
 * @param system the system identifier that it is filed under
 * @param objects all objects below it, at any depth
 */
record SetFolder(
    NamedStorage storage,
    ObjectName folder,
    BackupId id,
    String system,
    List<StoredObject> objects) {

  /** All set folders of an environment, read in a single walk. */
  static List<SetFolder> allIn(NamedStorage storage, ObjectName environment) {
    NavigableMap<ObjectName, StoredObject> objects =
        storage.objects().list(environment).stream()
            .collect(Collectors.toMap(StoredObject::name, o -> o, (a, b) -> a, TreeMap::new));
    List<SetFolder> sets = new ArrayList<>();
    for (ObjectName system : systems(storage, environment)) {
      for (String name : storage.objects().names(system)) {
        SetLayout.backupId(name)
            .map(id -> of(storage, system, id, below(objects, system.child(name))))
            .filter(set -> !set.objects.isEmpty())
            .ifPresent(sets::add);
      }
    }
    return sets;
  }

  /** All set folders of one server. */
  static List<SetFolder> allOf(NamedStorage storage, ObjectName system) {
    return storage.objects().names(system).stream()
        .flatMap(name -> SetLayout.backupId(name).stream())
        .map(id -> of(storage, system, id, storage.objects().list(system.child(id.value()))))
        .filter(set -> !set.objects.isEmpty())
        .toList();
  }

  /** The folder of one set. */
  static Optional<SetFolder> find(NamedStorage storage, ObjectName environment, BackupId id) {
    return systems(storage, environment).stream()
        .map(system -> of(storage, system, id, storage.objects().list(system.child(id.value()))))
        .filter(set -> !set.objects.isEmpty())
        .findFirst();
  }

  /** A folder that is known to be that of a set. */
  static SetFolder of(NamedStorage storage, ObjectName folder) {
    return of(
        storage,
        folder.parent(),
        new BackupId(folder.lastSegment()),
        storage.objects().list(folder));
  }

  /** The folders of an environment that sets are filed under. */
  static List<ObjectName> systems(NamedStorage storage, ObjectName environment) {
    return storage.objects().names(environment).stream()
        .filter(SetLayout::isFolderOfSets)
        .map(environment::child)
        .toList();
  }

  private static SetFolder of(
      NamedStorage storage, ObjectName system, BackupId id, List<StoredObject> objects) {
    return new SetFolder(
        storage, system.child(id.value()), id, system.lastSegment(), List.copyOf(objects));
  }

  private static List<StoredObject> below(
      NavigableMap<ObjectName, StoredObject> objects, ObjectName folder) {
    String prefix = folder.value() + "/";
    return objects.tailMap(folder, false).values().stream()
        .dropWhile(object -> object.name().value().compareTo(prefix) < 0)
        .takeWhile(object -> object.name().value().startsWith(prefix))
        .toList();
  }

  SharedPacks packs() {
    return new SharedPacks(storage, folder.parent());
  }

  boolean has(String name) {
    return find(name).isPresent();
  }

  /** Whether its writer began it and never published it. */
  boolean isUnfinished() {
    return has(SetLayout.STARTED) && !has(SetLayout.MANIFEST);
  }

  /** Whether it is being removed. */
  boolean isExpiring() {
    return has(SetLayout.EXPIRED);
  }

  ObjectName name(String object) {
    return folder.child(object);
  }

  List<ObjectName> events() {
    String prefix = name(SetLayout.EVENTS).value() + "/";
    return objects.stream()
        .map(StoredObject::name)
        .filter(name -> name.value().startsWith(prefix))
        .toList();
  }

  /**
   * How what is stored differs from what the manifest lists, as far as a listing shows it.
   *
   * @param packs sizes of the packs beside it, by name
   */
  List<String> defects(BackupManifest manifest, Map<String, Long> packs) {
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
    for (Pack pack : manifest.base().map(BaseContent::packs).orElse(List.of())) {
      @Nullable Long bytes = packs.get(pack.name());
      if (bytes == null) {
        defects.add("pack %s is missing".formatted(pack.name()));
      } else if (bytes != pack.bytes()) {
        defects.add(
            "pack %s has %d bytes, its manifest says %d"
                .formatted(pack.name(), bytes, pack.bytes()));
      }
    }
    return defects;
  }

  /**
   * Removes a backup: from the first step on it is none, and an interrupted removal is taken up
   * again by {@link #remove}.
   */
  void expire() {
    try {
      SmallObjects.write(storage, name(SetLayout.EXPIRED), "{\"format\":1}\n".getBytes(UTF_8));
    } catch (RecoveryException e) {
      if (e.code() != ErrorCode.OUT_OF_SPACE) { // a full storage is what expiry is needed for
        throw e;
      }
    }
    remove();
    storage.objects().delete(name(SetLayout.EXPIRED));
  }

  /**
   * Removes what is left of the set, the manifest first; what somebody else put there stays. Its
   * marker goes last, so that an interrupted removal is taken up again.
   */
  void remove() {
    storage.objects().delete(name(SetLayout.MANIFEST));
    List<ObjectName> ours = objects.stream().map(StoredObject::name).filter(this::isOurs).toList();
    ours.stream().filter(name -> !isMarker(name)).forEach(storage.objects()::delete);
    ours.stream().filter(this::isMarker).forEach(storage.objects()::delete);
  }

  private boolean isOurs(ObjectName name) {
    return SetLayout.isPartOfSet(name.value().substring(folder.value().length() + 1));
  }

  private boolean isMarker(ObjectName name) {
    return name.equals(name(SetLayout.STARTED)) || name.equals(name(SetLayout.EXPIRED));
  }

  private Optional<StoredObject> find(String name) {
    ObjectName wanted = folder.child(name);
    return objects.stream().filter(object -> object.name().equals(wanted)).findFirst();
  }
}
