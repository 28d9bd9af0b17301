package dev.drp.wal;

import static java.util.Objects.requireNonNull;

import dev.drp.RecoveryException;
import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BaseContent;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogListing;
import dev.drp.backup.CatalogProblem;
import dev.drp.backup.NamedStorage;
import dev.drp.backup.ObjectName;
import dev.drp.backup.SetLayout;
import dev.drp.backup.StoredObject;
import dev.drp.plan.BackupKind;
import dev.drp.plan.Span;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Removes the log that no physical backup needs any longer to lead to an instant of the window that
 * the plan promises. Reads positions and recorded times, never the dates of files. Safe for
 * concurrent use, also while the log is streamed: that is newer than every backup.
 */
public final class ExpireLog {
  private final BackupCatalog catalog;
  private final Clock clock;

  public ExpireLog(BackupCatalog catalog, Clock clock) {
    this.catalog = requireNonNull(catalog, "catalog");
    this.clock = requireNonNull(clock, "clock");
  }

  /**
   * The log of one server in one storage.
   *
   * @param systemIdentifier the server; empty where the storage fails before it names any
   * @param removed what goes, oldest first
   * @param hindrance why nothing goes, whatever it is needed for
   * @param failure why the rest of what was to go is still there
   */
  public record Expiry(
      NamedStorage storage,
      Optional<String> systemIdentifier,
      List<StoredObject> removed,
      Optional<String> hindrance,
      Optional<RecoveryException> failure) {
    public Expiry {
      requireNonNull(storage, "storage");
      requireNonNull(systemIdentifier, "systemIdentifier");
      requireNonNull(hindrance, "hindrance");
      requireNonNull(failure, "failure");
      removed = List.copyOf(removed);
    }

    public long bytes() {
      return removed.stream().mapToLong(StoredObject::bytes).sum();
    }
  }

  /**
   * What {@link #apply} would remove now, for each server and storage with a log. A storage that
   * the listing calls unreachable is left out; one that fails later is in it, with the failure.
   * Changes nothing.
   *
   * @param window how far back a recovery to any instant is promised
   */
  public List<Expiry> plan(String environment, Span window) {
    CatalogListing listing = catalog.list(environment);
    Instant since = window.before(clock.instant());
    List<Expiry> expiries = new ArrayList<>();
    for (NamedStorage storage : catalog.storages()) {
      try {
        expiries.addAll(plan(environment, storage, listing, since));
      } catch (RecoveryException e) {
        if (!isUnreachable(listing, storage)) {
          expiries.add(
              new Expiry(storage, Optional.empty(), List.of(), Optional.empty(), Optional.of(e)));
        }
      }
    }
    return expiries;
  }

  private static boolean isUnreachable(CatalogListing listing, NamedStorage storage) {
    return listing.problems().stream()
        .anyMatch(
            problem ->
                problem.kind() == CatalogProblem.Kind.UNREACHABLE
                    && problem.storage().equals(storage.name()));
  }

  /** Removes it. A storage that fails does not keep others from it. */
  public List<Expiry> apply(String environment, Span window) {
    return plan(environment, window).stream().map(ExpireLog::remove).toList();
  }

  private static Expiry remove(Expiry plan) {
    if (plan.failure().isPresent()) {
      return plan;
    }
    List<StoredObject> removed = new ArrayList<>();
    for (StoredObject object : plan.removed()) {
      try {
        plan.storage().objects().delete(object.name());
      } catch (RecoveryException e) {
        return new Expiry(
            plan.storage(), plan.systemIdentifier(), removed, Optional.empty(), Optional.of(e));
      }
      removed.add(object);
    }
    return plan;
  }

  private List<Expiry> plan(
      String environment, NamedStorage storage, CatalogListing listing, Instant since) {
    List<Expiry> expiries = new ArrayList<>();
    for (String system : SetLayout.systems(storage, catalog.application(), environment)) {
      ObjectName folder = SetLayout.wal(catalog.application(), environment, system);
      List<ObjectName> timelines =
          storage.objects().names(folder).stream()
              .filter(name -> WalLayout.timelineOf(name).isPresent())
              .map(folder::child)
              .toList();
      if (timelines.isEmpty()) {
        continue;
      }
      List<BaseContent> needing = needing(system, listing, since);
      Optional<String> hindrance = hindrance(listing, needing);
      List<StoredObject> removed =
          hindrance.isPresent()
              ? List.of()
              : timelines.stream()
                  .flatMap(timeline -> storage.objects().list(timeline).stream())
                  .filter(object -> !isNeeded(object, needing))
                  .toList();
      expiries.add(new Expiry(storage, Optional.of(system), removed, hindrance, Optional.empty()));
    }
    return expiries;
  }

  private static Optional<String> hindrance(CatalogListing listing, List<BaseContent> needing) {
    Optional<CatalogProblem> unknown =
        listing.problems().stream()
            .filter(
                problem ->
                    problem.kind() == CatalogProblem.Kind.UNREACHABLE
                        || problem.kind() == CatalogProblem.Kind.DAMAGED)
            .findFirst();
    if (unknown.isPresent()) {
      return Optional.of(
          "%s in storage %s cannot be read, and may need it"
              .formatted(unknown.get().where(), unknown.get().storage()));
    }
    return needing.isEmpty()
        ? Optional.of("there is no physical backup of this server that says what is needed")
        : Optional.empty();
  }

  /** All of the window, and for each storage the newest good one before it. */
  private List<BaseContent> needing(String system, CatalogListing listing, Instant since) {
    List<CatalogEntry> physical =
        listing.ofKind(BackupKind.PHYSICAL).backups().stream()
            .filter(it -> it.manifest().server().systemIdentifier().equals(system))
            .toList();
    List<CatalogEntry> needing =
        new ArrayList<>(physical.stream().filter(it -> it.recoveryPoint().isAfter(since)).toList());
    for (NamedStorage storage : catalog.storages()) {
      physical.stream() // newest first
          .filter(it -> !it.recoveryPoint().isAfter(since))
          .filter(it -> isGoodIn(it, storage))
          .findFirst()
          .ifPresent(needing::add);
    }
    return needing.stream().map(it -> it.manifest().requireBase()).toList();
  }

  private static boolean isGoodIn(CatalogEntry backup, NamedStorage storage) {
    return backup.copies().stream()
        .anyMatch(copy -> copy.storage().name().equals(storage.name()) && copy.state().isGood());
  }

  /** What is not a piece of a segment is not ours to remove. */
  private static boolean isNeeded(StoredObject object, List<BaseContent> needing) {
    return WalLayout.segmentOf(object.name().lastSegment())
        .filter(segment -> needing.stream().noneMatch(base -> leadsThrough(base, segment)))
        .isEmpty();
  }

  /** A timeline never comes from one with a higher number. */
  static boolean leadsThrough(BaseContent base, WalSegment segment) {
    return Integer.compareUnsigned(segment.timeline(), base.timeline()) >= 0
        && base.start().isBefore(segment.end());
  }
}
