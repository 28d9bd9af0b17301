package dev.drp.procedure;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupCopy;
import dev.drp.backup.BackupEvent;
import dev.drp.backup.BackupEvents;
import dev.drp.backup.BackupId;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BackupReader;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogListing;
import dev.drp.backup.CatalogProblem;
import dev.drp.backup.LocalCatalog;
import dev.drp.plan.BackupKind;
import dev.drp.plan.Environment;
import dev.drp.recovery.Finding;
import dev.drp.recovery.StepContext;
import dev.drp.state.StateDirectory;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Chooses the backup of a restore, and remembers it. Used by one execution. */
final class ChosenBackup {
  /** Names of values that others look at. */
  static final String BACKUP = "backup";

  static final String STORAGE = "storage";

  private static final int NAMED_IN_ERRORS = 20;

  private final BackupCatalog catalog;
  private final Optional<LocalCatalog> known;
  private final Environment environment;
  private final Clock clock;
  private final BackupReader reader;
  private @Nullable CatalogEntry chosen;
  private @Nullable BackupManifest manifest;

  /**
   * @param known is told of what was found out
   */
  ChosenBackup(
      BackupCatalog catalog,
      Optional<LocalCatalog> known,
      BackupReader reader,
      Environment environment,
      Clock clock) {
    this.catalog = catalog;
    this.known = known;
    this.reader = reader;
    this.environment = environment;
    this.clock = clock;
  }

  CatalogListing listBackups(StepContext context) {
    CatalogListing listing = catalog.list(environment.name());
    for (CatalogProblem problem : listing.problems()) {
      context.found(
          Finding.warning(
              "storage " + problem.storage(), "%s: %s".formatted(problem.where(), problem.what())));
    }
    return listing;
  }

  /** IDENTITY_MISSING or IDENTITY_REFUSED when it is encrypted and we cannot decrypt it. */
  void choose(StepContext context, CatalogEntry backup) {
    chosen = backup;
    BackupManifest manifest = unsealed(backup);
    this.manifest = manifest;
    context.record(BACKUP, backup.id().value());
    context.found(
        Finding.check(
            "backup", "", "%s, %s".formatted(backup.id(), backup.state()), backup.isGood()));
    context.found(Finding.check("recovery point", "", manifest.recoveryPoint().toString(), true));
  }

  RecoveryException noGoodBackup(CatalogListing listing) {
    String others =
        listing.backups().isEmpty()
            ? "there is none at all"
            : "there are others: "
                + listing.backups().stream()
                    .limit(NAMED_IN_ERRORS)
                    .map(backup -> "%s (%s)".formatted(backup.id(), whyNotGood(backup)))
                    .collect(Collectors.joining(", "));
    return new RecoveryException(
        ErrorCode.BACKUP_NOT_FOUND,
        "environment %s has no good backup to restore; %s".formatted(environment.name(), others),
        "verify a backup that was not yet, or look whether all storages answer.");
  }

  /**
   * That backup, if a restore may rely on it; else BACKUP_NOT_FOUND, naming an older good one.
   *
   * @throws RecoveryException also with USAGE when it is of another kind
   */
  static CatalogEntry goodBackup(CatalogListing listing, BackupId id, BackupKind kind) {
    CatalogEntry backup = listing.require(id);
    boolean fits =
        kind == BackupKind.LOGICAL ? backup.manifest().hasDump() : backup.manifest().kind() == kind;
    if (!fits) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "backup %s is a %s one, and this restores %s ones"
              .formatted(id, Text.word(backup.manifest().kind()), Text.word(kind)),
          "name another backup; or restore this one by hand, as its README.md tells.");
    }
    if (!backup.isGood()) {
      throw new RecoveryException(
          ErrorCode.BACKUP_NOT_FOUND,
          "backup %s is not good: %s".formatted(id, whyNotGood(backup)),
          listing
              .nextOlderGood(backup)
              .map(older -> "the next older good backup is %s.".formatted(older.id()))
              .orElse("there is no older good backup; verify this one, if it can be."));
    }
    return backup;
  }

  static String whyNotGood(CatalogEntry backup) {
    return backup.manifest().emergency()
        ? "an emergency backup, incomplete by nature"
        : backup.state().toString();
  }

  /** The backup that was chosen, also by an execution that is resumed. */
  CatalogEntry backup(StepContext context) {
    CatalogEntry known = chosen;
    if (known == null) {
      known = catalog.list(environment.name()).require(new BackupId(context.value(BACKUP)));
      chosen = known;
    }
    return known;
  }

  /** What the chosen backup says of itself, also what only an identity can read. */
  BackupManifest manifest(StepContext context) {
    BackupManifest known = manifest;
    if (known == null) {
      known = unsealed(backup(context));
      manifest = known;
    }
    return known;
  }

  /** From the first copy from which it can be read. */
  private BackupManifest unsealed(CatalogEntry backup) {
    @Nullable RecoveryException failure = null;
    for (BackupCopy copy : backup.copiesToRead()) {
      try {
        return reader.unsealed(backup.manifest(), copy);
      } catch (RecoveryException e) {
        switch (e.code()) {
          case BACKUP_CORRUPT, STORAGE_UNAVAILABLE -> failure = e;
          default -> throw e;
        }
      }
    }
    throw failure == null ? new IllegalStateException("a backup without copies") : failure;
  }

  /** The copy of it that a step found whole. */
  BackupCopy copy(StepContext context) {
    String storage = context.value(STORAGE);
    return backup(context).copies().stream()
        .filter(copy -> copy.storage().name().equals(storage))
        .findFirst()
        .orElseThrow(
            () ->
                new RecoveryException(
                    ErrorCode.BACKUP_NOT_FOUND,
                    "backup %s is no longer in storage %s".formatted(chosen, storage),
                    "start a new execution; it chooses a copy that is there."));
  }

  /** Writes down beside the copy that was restored what came of it. */
  void recordEvent(StepContext context, BackupEvent.Type type, String detail, Duration took) {
    recordEvent(copy(context), context, type, detail, took);
  }

  /** The same beside any copy. */
  void recordEvent(
      BackupCopy copy, StepContext context, BackupEvent.Type type, String detail, Duration took) {
    BackupEvents.add(
        copy,
        new BackupEvent(
            type,
            clock.instant(),
            StateDirectory.host(),
            "execution %s: %s".formatted(context.execution(), detail),
            took));
    known.ifPresent(it -> it.refresh(environment.name(), backup(context).id()));
  }

  /** What to turn to when the chosen one is damaged, for messages. */
  String nextOlder(StepContext context) {
    return catalog
        .list(environment.name())
        .nextOlderGood(backup(context))
        .map(
            next ->
                "the next older good backup is %s with recovery point %s"
                    .formatted(next.id(), next.recoveryPoint()))
        .orElse("there is no older good backup");
  }
}
