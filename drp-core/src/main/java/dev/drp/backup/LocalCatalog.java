package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.RecoveryException;
import dev.drp.plan.BackupKind;
import dev.drp.state.EnvironmentState;
import dev.drp.state.StateDirectory;
import dev.drp.state.StateLock;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A copy of the catalog on this machine, so that a look at it takes no time, whatever the number of
 * backups. Safe for concurrent use.
 */
public final class LocalCatalog {
  private static final String FILE = "catalog";

  private final BackupCatalog catalog;
  private final StateDirectory state;
  private final Clock clock;

  public LocalCatalog(BackupCatalog catalog, StateDirectory state, Clock clock) {
    this.catalog = requireNonNull(catalog, "catalog");
    this.state = requireNonNull(state, "state");
    this.clock = requireNonNull(clock, "clock");
  }

  /**
   * What is known of an environment's backups.
   *
   * @param asOf when the storages were last asked for all of it; empty if never
   * @param backups newest recovery point first
   * @param problems what was found in the storages then, and what a quick look shows now
   * @param gone copies that have gone since, one line each
   */
  public record View(
      Optional<Instant> asOf,
      List<BackupSummary> backups,
      List<CatalogProblem> problems,
      List<String> gone) {
    public View {
      requireNonNull(asOf, "asOf");
      backups =
          backups.stream()
              .sorted(Comparator.comparing(BackupSummary::recoveryPoint).reversed())
              .toList();
      problems = List.copyOf(problems);
      gone = List.copyOf(gone);
    }
  }

  /**
   * What is known, after a look at the names in local storages: backups that have gone from there
   * are left out and named, those that have come are read. Never asked before: asks all storages.
   */
  public View read(String environment) {
    return CatalogFile.read(file(environment))
        .map(known -> lookAround(environment, known))
        .orElseGet(() -> refresh(environment));
  }

  /** What is known, as it was remembered: nobody is asked. Empty when nobody ever was. */
  public Optional<View> remembered(String environment) {
    return CatalogFile.read(file(environment));
  }

  /** Asks all storages, and remembers the answer. */
  public View refresh(String environment) {
    try (StateLock held = memory(environment).lockCatalog()) {
      View view = ask(environment);
      CatalogFile.write(file(environment), view);
      return view;
    }
  }

  /** Asks the storages about one backup only: after it was taken, verified, drilled or expired. */
  public void refresh(String environment, BackupId id) {
    try (StateLock held = memory(environment).lockCatalog()) {
      View known = CatalogFile.read(file(environment)).orElseGet(() -> ask(environment));
      List<BackupSummary> backups = new ArrayList<>(known.backups());
      backups.removeIf(backup -> backup.id().equals(id));
      catalog.list(environment, id).backups().stream().map(BackupSummary::of).forEach(backups::add);
      CatalogFile.write(
          file(environment), new View(known.asOf(), backups, known.problems(), List.of()));
    }
  }

  /** Size as stored of the newest backup of that kind, as far as is known here. */
  OptionalLong lastBytes(String environment, BackupKind kind) {
    return CatalogFile.read(file(environment)).stream()
        .flatMap(view -> view.backups().stream())
        .filter(backup -> !backup.emergency() && backup.kind() == kind)
        .mapToLong(BackupSummary::bytes)
        .findFirst();
  }

  private View ask(String environment) {
    CatalogListing listing = catalog.list(environment);
    return new View(
        Optional.of(clock.instant()),
        listing.backups().stream().map(BackupSummary::of).toList(),
        listing.problems(),
        List.of());
  }

  private View lookAround(String environment, View known) {
    Map<BackupId, BackupSummary> backups = new LinkedHashMap<>();
    known.backups().forEach(backup -> backups.put(backup.id(), backup));
    List<CatalogProblem> problems = new ArrayList<>(known.problems());
    List<String> gone = new ArrayList<>();
    for (NamedStorage storage : catalog.storages()) {
      if (!storage.local()) {
        continue;
      }
      problems.removeIf( // whether it answers is found out now
          problem ->
              problem.kind() == CatalogProblem.Kind.UNREACHABLE
                  && problem.storage().equals(storage.name()));
      try {
        Set<BackupId> there = idsIn(storage, environment);
        leaveOutWhatHasGone(storage, there, backups, gone);
        addWhatHasCome(environment, there, backups);
      } catch (RecoveryException e) {
        problems.add(BackupCatalog.unreachable(storage, e));
      }
    }
    return new View(known.asOf(), List.copyOf(backups.values()), problems, gone);
  }

  private Set<BackupId> idsIn(NamedStorage storage, String environment) {
    Set<BackupId> ids = new HashSet<>();
    ObjectName folder = SetLayout.environment(catalog.application(), environment);
    for (ObjectName system : SetFolder.systems(storage, folder)) {
      storage.objects().names(system).forEach(name -> SetLayout.backupId(name).ifPresent(ids::add));
    }
    return ids;
  }

  private static void leaveOutWhatHasGone(
      NamedStorage storage,
      Set<BackupId> there,
      Map<BackupId, BackupSummary> backups,
      List<String> gone) {
    for (BackupSummary backup : List.copyOf(backups.values())) {
      List<BackupSummary.Copy> left =
          backup.copies().stream()
              .filter(copy -> !copy.storage().equals(storage.name()) || there.contains(backup.id()))
              .toList();
      if (left.size() == backup.copies().size()) {
        continue;
      }
      gone.add("backup %s has gone from storage %s".formatted(backup.id(), storage));
      if (left.isEmpty()) {
        backups.remove(backup.id());
      } else {
        backups.put(backup.id(), backup.withCopies(left));
      }
    }
  }

  private void addWhatHasCome(
      String environment, Set<BackupId> there, Map<BackupId, BackupSummary> backups) {
    for (BackupId id : there) {
      if (!backups.containsKey(id)) {
        catalog.list(environment, id).backups().stream()
            .map(BackupSummary::of)
            .forEach(backup -> backups.put(id, backup));
      }
    }
  }

  private EnvironmentState memory(String environment) {
    return state.environment(catalog.application(), environment);
  }

  private Path file(String environment) {
    return memory(environment).file(FILE);
  }
}
