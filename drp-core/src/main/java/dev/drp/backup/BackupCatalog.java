package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.StorageListing.SetListing;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

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

  /**
   * The same for one of the storages, as if there were no other.
   *
   * @throws RecoveryException with NOT_IN_PLAN when there is no such storage
   */
  public BackupCatalog only(String storage) {
    List<NamedStorage> named = storages.stream().filter(it -> it.name().equals(storage)).toList();
    if (named.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.NOT_IN_PLAN,
          "there is no storage '%s'".formatted(storage),
          "there are: %s."
              .formatted(
                  storages.stream().map(NamedStorage::name).collect(Collectors.joining(", "))));
    }
    return new BackupCatalog(application, named);
  }

  /** All backups of an environment, with a problem for each storage that does not answer. */
  public CatalogListing list(String environment) {
    return read(storage -> StorageListing.of(storage, application, environment));
  }

  /** The same for a single backup: at most one entry, and what is wrong with it. */
  public CatalogListing list(String environment, BackupId id) {
    return read(storage -> StorageListing.of(storage, application, environment, id));
  }

  private CatalogListing read(Function<NamedStorage, StorageListing> reader) {
    Map<BackupId, CatalogEntry> entries = new LinkedHashMap<>();
    List<CatalogProblem> problems = new ArrayList<>();
    for (NamedStorage storage : storages) {
      try {
        StorageListing listing = reader.apply(storage);
        problems.addAll(listing.problems());
        listing.sets().forEach(set -> merge(set, entries, problems));
      } catch (RecoveryException e) {
        problems.add(unreachable(storage, e));
      }
    }
    return new CatalogListing(List.copyOf(entries.values()), problems);
  }

  private static void merge(
      SetListing set, Map<BackupId, CatalogEntry> entries, List<CatalogProblem> problems) {
    BackupId id = set.manifest().id();
    Optional<CatalogEntry> known = Optional.ofNullable(entries.get(id));
    Optional<String> difference = known.flatMap(set::differenceFrom);
    if (difference.isPresent()) {
      problems.add(
          new CatalogProblem(
              set.copy().storage().name(),
              set.copy().folder().value(),
              CatalogProblem.Kind.DAMAGED,
              difference.get()));
      return;
    }
    List<BackupCopy> copies = new ArrayList<>(known.map(CatalogEntry::copies).orElse(List.of()));
    copies.add(set.copy());
    entries.put(id, new CatalogEntry(set.manifest(), copies));
  }

  static CatalogProblem unreachable(NamedStorage storage, RecoveryException e) {
    return new CatalogProblem(
        storage.name(), storage.objects().place(), CatalogProblem.Kind.UNREACHABLE, e.problem());
  }
}
