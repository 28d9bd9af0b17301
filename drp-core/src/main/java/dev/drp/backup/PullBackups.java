package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.state.EnvironmentState;
import dev.drp.state.StateDirectory;
import dev.drp.state.StateLock;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Fetches good backups from a storage that somebody else writes to one of our own. Only reads
 * there, and needs no right to do more: no claim, no event, nothing is removed. What an interrupted
 * run fetched is checked and kept. Safe for concurrent use.
 */
public final class PullBackups {
  /** What fails for one backup and says nothing of the next one. */
  private static final Set<ErrorCode> THAT_ONE_ONLY =
      Set.of(ErrorCode.BACKUP_CORRUPT, ErrorCode.OBJECT_NOT_FOUND, ErrorCode.REFUSED);

  private final String application;
  private final NamedStorage from;
  private final NamedStorage to;
  private final StateDirectory state;
  private final Clock clock;
  private final Progress progress;

  public PullBackups(
      String application,
      NamedStorage from,
      NamedStorage to,
      StateDirectory state,
      Clock clock,
      Progress progress) {
    this.application = requireNonNull(application, "application");
    this.from = requireNonNull(from, "from");
    this.to = requireNonNull(to, "to");
    this.state = requireNonNull(state, "state");
    this.clock = requireNonNull(clock, "clock");
    this.progress = requireNonNull(progress, "progress");
  }

  /**
   * Fetches what our storage lacks and its retention would keep, newest first. One that is damaged,
   * is removed there meanwhile, or holds secrets that are not encrypted and that the plan did not
   * allow to leave, is in the result and takes nothing from the others.
   *
   * @throws RecoveryException with LOCKED while somebody works on the environment's backups here,
   *     STALE_WRITER when somebody else writes to our storage, and what either storage says
   */
  public BackupResult.Copy pull(String environment, RetentionPolicy policy) {
    EnvironmentState memory = state.environment(application, environment);
    try (StateLock held = memory.lockBackups("a pull")) {
      List<CatalogEntry> all = list(environment);
      List<CatalogEntry> wanted =
          policy.worthCopying(all, lacking(all), to, clock.instant()).stream()
              .map(it -> in(from, it).orElseThrow())
              .toList();
      WriterClaims claims =
          new WriterClaims(application, environment, state.writer(), memory, clock);
      claims.claim(to);
      Set<BackupId> begun = wanted.stream().map(CatalogEntry::id).collect(Collectors.toSet());
      UnfinishedSets.cleanUp(to, application, environment, id -> !begun.contains(id))
          .forEach(progress::message);
      return fetch(wanted, packsOf(all), new CopyBackup(claims, clock, progress));
    }
  }

  /** Both storages have to answer: what one lacks is told by both. */
  private List<CatalogEntry> list(String environment) {
    CatalogListing listing = new BackupCatalog(application, List.of(from, to)).list(environment);
    for (CatalogProblem problem : listing.problems()) {
      if (problem.kind() == CatalogProblem.Kind.UNREACHABLE) {
        throw new RecoveryException(
            ErrorCode.STORAGE_UNAVAILABLE,
            "storage %s cannot be read: %s".formatted(problem.storage(), problem.what()),
            "look after it, then pull again; what was fetched is kept.");
      }
    }
    return listing.backups();
  }

  private List<CatalogEntry> lacking(List<CatalogEntry> all) {
    return all.stream()
        .filter(it -> in(to, it).isEmpty())
        .filter(it -> in(from, it).filter(CatalogEntry::isGood).isPresent())
        .toList();
  }

  /** With its copy there only. */
  private static Optional<CatalogEntry> in(NamedStorage storage, CatalogEntry backup) {
    return backup.copies().stream()
        .filter(copy -> copy.storage().name().equals(storage.name()))
        .map(copy -> new CatalogEntry(backup.manifest(), List.of(copy)))
        .findFirst();
  }

  /** Those that were read back when a backup that needs them was published. */
  private Set<String> packsOf(List<CatalogEntry> all) {
    return all.stream()
        .filter(it -> in(to, it).filter(copy -> copy.state().isGood()).isPresent())
        .flatMap(it -> it.manifest().base().stream())
        .flatMap(base -> base.packs().stream())
        .map(Pack::name)
        .collect(Collectors.toSet());
  }

  private BackupResult.Copy fetch(
      List<CatalogEntry> wanted, Set<String> known, CopyBackup copying) {
    List<BackupId> fetched = new ArrayList<>();
    Set<String> proven = known;
    @Nullable RecoveryException failure = null;
    for (CatalogEntry backup : wanted) {
      try {
        copying.fetch(backup, to, proven);
        fetched.add(backup.id());
        proven =
            Stream.concat(proven.stream(), packs(backup).map(Pack::name))
                .collect(Collectors.toSet());
      } catch (RecoveryException e) {
        failure = failure == null ? e : failure;
        if (!THAT_ONE_ONLY.contains(e.code())) {
          break; // the next one would fail, too
        }
      }
    }
    return new BackupResult.Copy(to, fetched, Optional.ofNullable(failure));
  }

  private static Stream<Pack> packs(CatalogEntry backup) {
    return backup.manifest().base().stream().flatMap(base -> base.packs().stream());
  }
}
