package dev.drp.backup;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The packs of a server in a storage: what its physical backups share. A pack belongs to whoever
 * names it in a manifest; one that nobody names is waste.
 */
final class SharedPacks {
  private final NamedStorage storage;
  private final ObjectName system;

  /**
   * @param system the server's folder
   */
  SharedPacks(NamedStorage storage, ObjectName system) {
    this.storage = storage;
    this.system = system;
  }

  /** The pack of that number, from 1, which a backup writes. */
  static String name(BackupId id, int number, Coding coding) {
    return "%s.%06d%s".formatted(id.value(), number, coding.suffix());
  }

  ObjectName object(String name) {
    return folder().child(name);
  }

  private ObjectName folder() {
    return system.child(SetLayout.PACKS);
  }

  /** Sizes as stored, by name. */
  Map<String, Long> sizes() {
    Map<String, Long> sizes = new HashMap<>();
    for (StoredObject object : storage.objects().list(folder())) {
      sizes.put(object.name().lastSegment(), object.bytes());
    }
    return sizes;
  }

  /**
   * The packs of a backup that the storage does not have.
   *
   * @throws RecoveryException with OBJECT_EXISTS when it has one of another size
   */
  List<Pack> lacking(BackupManifest manifest) {
    Map<String, Long> present = manifest.base().isEmpty() ? Map.of() : sizes();
    List<Pack> lacking = new ArrayList<>();
    for (Pack pack : manifest.base().map(BaseContent::packs).orElse(List.of())) {
      @Nullable Long bytes = present.get(pack.name());
      if (bytes == null) {
        lacking.add(pack);
      } else if (bytes != pack.bytes()) {
        throw new RecoveryException(
            ErrorCode.OBJECT_EXISTS,
            "pack %s in storage %s has %d bytes, backup %s says %d"
                .formatted(pack.name(), storage, bytes, manifest.id(), pack.bytes()),
            "verify the backups there; a damaged pack has to be removed by hand.");
      }
    }
    return lacking;
  }

  /**
   * Removes what a backup that was never published has written, but for packs that another one,
   * copied from elsewhere, names.
   */
  void removeThoseOf(BackupId id) {
    removeUnneeded(name -> name.startsWith(id.value() + "."));
  }

  /**
   * Removes the packs that no backup names. Nothing goes when a manifest cannot be read, as it may
   * name any of them. The caller holds the environment's lock and the newest epoch.
   *
   * @return why nothing was removed, a line for each reason; empty when what can go is gone
   */
  List<String> removeUnneeded() {
    return removeUnneeded(name -> true);
  }

  private List<String> removeUnneeded(Predicate<String> candidate) {
    List<String> candidates = sizes().keySet().stream().filter(candidate).toList();
    if (candidates.isEmpty()) {
      return List.of();
    }
    List<String> unclear = new ArrayList<>();
    Set<String> needed = new HashSet<>();
    for (SetFolder set : SetFolder.allOf(storage, system)) {
      if (set.isUnfinished() || set.isExpiring()) {
        continue;
      }
      try {
        ManifestFormat.read(
                SmallObjects.read(storage, set.name(SetLayout.MANIFEST)), set.folder().value())
            .base()
            .ifPresent(base -> base.packs().forEach(pack -> needed.add(pack.name())));
      } catch (RecoveryException e) {
        unclear.add(
            "packs of %s in storage %s stay, as backup %s may need them: %s"
                .formatted(system.lastSegment(), storage, set.id(), e.problem()));
      }
    }
    if (unclear.isEmpty()) {
      candidates.stream()
          .filter(name -> !needed.contains(name))
          .forEach(name -> storage.objects().delete(object(name)));
    }
    return unclear;
  }
}
