package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.database.DatabaseDescription;
import dev.drp.database.Lsn;
import dev.drp.plan.BackupKind;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What a list of backups shows of one.
 *
 * @param database name of its database; empty where it holds none
 * @param bytes size as stored, of one copy
 * @param plainBytes size of the plain content
 * @param rows of all tables
 * @param logEnd where a physical backup can follow the server's write-ahead log; empty of others
 */
public record BackupSummary(
    BackupId id,
    BackupKind kind,
    boolean emergency,
    Optional<String> schedule,
    String database,
    Instant startedAt,
    Duration took,
    Instant recoveryPoint,
    long bytes,
    long plainBytes,
    long rows,
    Optional<LogEnd> logEnd,
    List<Copy> copies) {
  public BackupSummary {
    requireNonNull(id, "id");
    requireNonNull(kind, "kind");
    requireNonNull(schedule, "schedule");
    requireNonNull(database, "database");
    requireNonNull(startedAt, "startedAt");
    requireNonNull(took, "took");
    requireNonNull(recoveryPoint, "recoveryPoint");
    requireNonNull(logEnd, "logEnd");
    copies = List.copyOf(copies);
  }

  /**
   * Where the write-ahead log ends that a physical backup brings along.
   *
   * @param systemIdentifier of the server whose log it is
   */
  public record LogEnd(String systemIdentifier, int timeline, Lsn at) {
    public LogEnd {
      requireNonNull(systemIdentifier, "systemIdentifier");
      requireNonNull(at, "at");
    }

    private static LogEnd of(BackupManifest manifest, BaseContent base) {
      return new LogEnd(manifest.server().systemIdentifier(), base.timeline(), base.end());
    }
  }

  /**
   * One copy.
   *
   * @param storage the storage's name in the plan
   * @param provenAt when it was last proven good, by hash or by restore
   * @param drilledAt when a drill last restored it
   * @param recoveryTook how long the recovery of that drill took
   */
  public record Copy(
      String storage,
      boolean offSite,
      BackupState state,
      Optional<Instant> provenAt,
      Optional<Instant> drilledAt,
      Optional<Duration> recoveryTook) {}

  static BackupSummary of(CatalogEntry entry) {
    BackupManifest manifest = entry.manifest();
    return new BackupSummary(
        manifest.id(),
        manifest.kind(),
        manifest.emergency(),
        manifest.schedule(),
        manifest.databaseFacts().map(DatabaseDescription::name).orElse(""),
        manifest.startedAt(),
        manifest.took(),
        manifest.recoveryPoint(),
        manifest.storedBytes(),
        manifest.parts().stream().mapToLong(BackupPart::plainBytes).sum(),
        manifest.totalRows(),
        manifest.base().map(base -> LogEnd.of(manifest, base)),
        entry.copies().stream().map(BackupSummary::copy).toList());
  }

  private static Copy copy(BackupCopy copy) {
    Optional<BackupEvent> drilled = copy.last(BackupEvent.Type.DRILLED);
    return new Copy(
        copy.storage().name(),
        copy.storage().offSite(),
        copy.state(),
        copy.provenAt(),
        drilled.map(BackupEvent::at),
        drilled.map(BackupEvent::took));
  }

  BackupSummary withCopies(List<Copy> others) {
    return new BackupSummary(
        id,
        kind,
        emergency,
        schedule,
        database,
        startedAt,
        took,
        recoveryPoint,
        bytes,
        plainBytes,
        rows,
        logEnd,
        others);
  }

  /** Whether it can bring back a database. */
  public boolean holdsDatabase() {
    return !database.isEmpty();
  }

  /** The state of its best copy. */
  public BackupState state() {
    return copies.stream()
        .map(Copy::state)
        .max(Comparator.naturalOrder())
        .orElse(BackupState.FAILED);
  }

  /** Whether a restore may rely on it: proven, and not what an emergency could save. */
  public boolean isGood() {
    return state().isGood() && !emergency;
  }

  /** Whether a good copy of it survives the loss of the primary site. */
  public boolean isOffSite() {
    return copies.stream().anyMatch(copy -> copy.offSite() && copy.state().isGood());
  }
}
