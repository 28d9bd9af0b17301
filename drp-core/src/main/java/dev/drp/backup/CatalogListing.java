package dev.drp.backup;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.BackupKind;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * The backups of an environment at one moment, and what else was found in the storages.
 *
 * @param backups newest recovery point first
 */
public record CatalogListing(List<CatalogEntry> backups, List<CatalogProblem> problems) {
  private static final int NAMED_IN_ERRORS = 5;

  public CatalogListing {
    backups =
        backups.stream()
            .sorted(Comparator.comparing(CatalogEntry::recoveryPoint).reversed())
            .toList();
    problems = List.copyOf(problems);
  }

  /**
   * The backup of that id.
   *
   * @throws RecoveryException with BACKUP_NOT_FOUND, naming the newest that exist
   */
  public CatalogEntry require(BackupId id) {
    return find(id)
        .orElseThrow(
            () ->
                new RecoveryException(
                    ErrorCode.BACKUP_NOT_FOUND,
                    "there is no backup %s; the newest are: %s".formatted(id, newestIds()),
                    "list the backups, and mind what it says about storages that do not answer."));
  }

  public Optional<CatalogEntry> find(BackupId id) {
    return first(backup -> backup.id().equals(id));
  }

  /** The same without backups of other kinds. */
  public CatalogListing ofKind(BackupKind kind) {
    return new CatalogListing(
        backups.stream().filter(backup -> backup.manifest().kind() == kind).toList(), problems);
  }

  /** Those that hold a dump of the database: logical ones, and those of a whole system. */
  public CatalogListing withDump() {
    return new CatalogListing(
        backups.stream().filter(backup -> backup.manifest().hasDump()).toList(), problems);
  }

  /** Those that can bring back a database. */
  public CatalogListing withDatabase() {
    return new CatalogListing(
        backups.stream().filter(backup -> backup.manifest().databaseFacts().isPresent()).toList(),
        problems);
  }

  /** The good backup with the newest recovery point. */
  public Optional<CatalogEntry> newestGood() {
    return first(CatalogEntry::isGood);
  }

  /** The good backup with the newest recovery point at or before an instant. */
  public Optional<CatalogEntry> newestGoodAt(Instant instant) {
    return first(backup -> backup.isGood() && !backup.recoveryPoint().isAfter(instant));
  }

  /** The backup with the newest recovery point of those that a drill has restored. */
  public Optional<CatalogEntry> newestDrilled() {
    return first(backup -> backup.isGood() && backup.state() == BackupState.DRILLED);
  }

  /** What to turn to when a backup turns out to be damaged: the next older good one of its kind. */
  public Optional<CatalogEntry> nextOlderGood(CatalogEntry than) {
    return first(
        backup ->
            backup.isGood()
                && backup.manifest().kind() == than.manifest().kind()
                && !backup.id().equals(than.id())
                && !backup.recoveryPoint().isAfter(than.recoveryPoint()));
  }

  /** Any good backup with a recovery point in a window, both ends included. */
  public Optional<CatalogEntry> randomGood(Instant from, Instant to, RandomGenerator random) {
    List<CatalogEntry> candidates =
        backups.stream()
            .filter(CatalogEntry::isGood)
            .filter(backup -> !backup.recoveryPoint().isBefore(from))
            .filter(backup -> !backup.recoveryPoint().isAfter(to))
            .toList();
    return candidates.isEmpty()
        ? Optional.empty()
        : Optional.of(candidates.get(random.nextInt(candidates.size())));
  }

  private Optional<CatalogEntry> first(Predicate<CatalogEntry> condition) {
    return backups.stream().filter(condition).findFirst();
  }

  private String newestIds() {
    return backups.isEmpty()
        ? "none"
        : backups.stream()
            .limit(NAMED_IN_ERRORS)
            .map(backup -> backup.id().value())
            .collect(Collectors.joining(", "));
  }
}
