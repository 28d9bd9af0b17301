package dev.drp.procedure;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupCopy;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogListing;
import dev.drp.backup.Decoding;
import dev.drp.database.Lsn;
import dev.drp.wal.WalArchive;
import dev.drp.wal.WalCoverage;
import dev.drp.wal.WalSegment;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * To which moments an environment's server can be brought back: from each good physical backup, as
 * far as the log beside one of its copies goes on without a hole. Asks the storages once, as late
 * as possible. Used by one thread.
 */
final class RecoveryWindows {
  private final Function<BackupManifest, Decoding> decodings;
  private final List<CatalogEntry> bases;
  private final Map<String, WalCoverage> coverages = new HashMap<>();
  private final Map<String, Optional<Instant>> newestCommits = new HashMap<>();
  private @Nullable List<Window> windows;

  /**
   * @param decodings how the log beside a backup is decoded
   */
  RecoveryWindows(CatalogListing physical, Function<BackupManifest, Decoding> decodings) {
    this.decodings = decodings;
    this.bases = physical.backups().stream().filter(CatalogEntry::isGood).toList();
  }

  /** What one backup can be brought to. */
  private final class Window {
    private final CatalogEntry base;
    private final BackupCopy copy;
    private final LogToReplay log;

    private Window(CatalogEntry base, BackupCopy copy, LogToReplay log) {
      this.base = base;
      this.copy = copy;
      this.log = log;
    }

    private Instant from() {
      return complete(base);
    }

    private Lsn fromPosition() {
      return base.manifest().requireBase().end();
    }

    private Lsn toPosition() {
      return log.reach().to();
    }

    /**
     * Instants before this one can be reached: a recovery stops where it sees a later one. Empty
     * when there are none beyond the backup itself.
     */
    private Optional<Instant> to() {
      return newestCommits
          .computeIfAbsent(
              "%s %s %s %d"
                  .formatted(
                      copy.storage().name(), system(base), toPosition(), log.reach().timeline()),
              any ->
                  log.archive()
                      .newestCommit(
                          coverage(base.manifest(), copy, log.archive()),
                          log.reach(),
                          firstPosition()))
          .filter(end -> end.isAfter(from()));
    }

    /** Where the oldest of those begins that end as this one does. */
    private Lsn firstPosition() {
      return windows().stream()
          .filter(this::endsLike)
          .map(Window::fromPosition)
          .min(Comparator.naturalOrder())
          .orElseThrow();
    }

    private boolean reaches(Instant target) {
      return !from().isAfter(target) && to().filter(target::isBefore).isPresent();
    }

    private boolean reaches(Lsn target) {
      return !target.isBefore(fromPosition()) && target.isBefore(toPosition());
    }

    /** What can be reached, in time. */
    private String range() {
      return to().map(
              end -> "from %s until before %s (backup %s)".formatted(from(), end, base.id()))
          .orElseGet(() -> "backup %s as it is, of %s".formatted(base.id(), base.recoveryPoint()));
    }

    private String positions() {
      return "from %s until before %s (backup %s)"
          .formatted(fromPosition(), toPosition(), base.id());
    }

    /** Why nothing beyond can be reached. */
    private String whyNoFurther() {
      Optional<Lsn> goesOnAt = log.reach().goesOnAt();
      if (goesOnAt.isPresent()) {
        long missing = WalSegment.at(log.reach().timeline(), toPosition()).number();
        return "the log that follows backup %s is missing from %s to %s in storage %s (%d segments, first %s)"
            .formatted(
                base.id(),
                toPosition(),
                goesOnAt.get(),
                copy.storage(),
                WalSegment.at(log.reach().timeline(), goesOnAt.get()).number() - missing,
                new WalSegment(log.reach().timeline(), missing).name());
      }
      if (log.segments().isEmpty()) {
        return "storage %s keeps no log that follows backup %s from %s on"
            .formatted(copy.storage(), base.id(), fromPosition());
      }
      return "the log that follows backup %s does not reach so far: it ends at %s in storage %s, %s"
          .formatted(
              base.id(),
              toPosition(),
              copy.storage(),
              to().map(end -> "and its newest commit is of " + end).orElse("and holds no commit"));
    }

    private boolean endsLike(Window other) {
      return system(base).equals(system(other.base))
          && log.reach().timeline() == other.log.reach().timeline()
          && toPosition().equals(other.toPosition());
    }
  }

  private static String system(CatalogEntry base) {
    return base.manifest().server().systemIdentifier();
  }

  /** From when on a recovery can begin with it: by our clock and by the server's. */
  private static Instant complete(CatalogEntry base) {
    BackupManifest manifest = base.manifest();
    Instant ended = manifest.startedAt().plus(manifest.took());
    return ended.isAfter(manifest.recoveryPoint()) ? ended : manifest.recoveryPoint();
  }

  /** Newest backup first. */
  private List<Window> windows() {
    List<Window> known = windows;
    if (known == null) {
      known = bases.stream().flatMap(base -> window(base).stream()).toList();
      windows = known;
    }
    return known;
  }

  /** Of a backup's copies, the one beside which the log goes furthest. */
  private Optional<Window> window(CatalogEntry base) {
    return base.copiesToRead().stream()
        .map(copy -> new Window(base, copy, log(base.manifest(), copy)))
        .max(Comparator.comparing(Window::toPosition));
  }

  private LogToReplay log(BackupManifest manifest, BackupCopy copy) {
    WalArchive archive = LogToReplay.archive(manifest, copy, decodings.apply(manifest));
    return LogToReplay.after(manifest, archive, coverage(manifest, copy, archive));
  }

  private WalCoverage coverage(BackupManifest manifest, BackupCopy copy, WalArchive archive) {
    return coverages.computeIfAbsent(
        copy.storage().name() + " " + manifest.server().systemIdentifier(),
        any -> archive.coverage());
  }

  /**
   * The newest backup from which an instant can be reached.
   *
   * @throws RecoveryException BACKUP_NOT_FOUND when there is none from before it; PRECHECK_FAILED
   *     when the log does not lead there, with what is missing and what can be reached
   */
  CatalogEntry baseFor(Instant target) {
    return windows().stream()
        .filter(window -> window.reaches(target))
        .map(window -> window.base)
        .findFirst()
        .orElseThrow(() -> cannotReach(target));
  }

  /** The same for a target that was drawn if it had to be, and is not the end of the log. */
  CatalogEntry baseFor(Replay target) {
    return target.at().map(this::baseFor).orElseGet(() -> baseFor(target.lsn().orElseThrow()));
  }

  /** The same for a position of the log. */
  CatalogEntry baseFor(Lsn target) {
    return windows().stream()
        .filter(window -> window.reaches(target))
        .map(window -> window.base)
        .findFirst()
        .orElseThrow(() -> cannotReach(target));
  }

  /** Until when everything could be recovered at most; empty when there is no log that leads on. */
  Optional<Instant> newest() {
    return windows().stream()
        .flatMap(window -> window.to().stream())
        .max(Comparator.naturalOrder());
  }

  /**
   * Any whole second that can be reached, from the oldest backup from which the log goes on to its
   * newest position.
   *
   * @throws RecoveryException PRECHECK_FAILED when there is none
   */
  Instant draw(long seed) {
    Window furthest =
        windows().stream()
            .filter(window -> window.to().isPresent())
            .max(Comparator.comparing(window -> window.to().orElseThrow()))
            .orElseThrow(this::nothingToDraw);
    Instant from =
        windows().stream()
            .filter(window -> window.endsLike(furthest))
            .map(Window::from)
            .min(Comparator.naturalOrder())
            .orElseThrow();
    Instant first = from.minusNanos(1).truncatedTo(ChronoUnit.SECONDS).plusSeconds(1);
    Instant last = furthest.to().orElseThrow().minusNanos(1);
    if (last.isBefore(first)) {
      throw nothingToDraw();
    }
    long seconds = Duration.between(first, last).toSeconds() + 1;
    return first.plusSeconds(new Random(seed).nextLong(seconds));
  }

  private RecoveryException nothingToDraw() {
    return new RecoveryException(
        ErrorCode.PRECHECK_FAILED,
        "there is no second that could be recovered to: "
            + windows().stream()
                .findFirst()
                .map(Window::whyNoFurther)
                .orElse("there is no good physical backup"),
        "stream the log (drp wal stream), and take a physical backup meanwhile.");
  }

  private RecoveryException cannotReach(Instant target) {
    return cannotReach(
        "%s cannot be reached: ".formatted(Text.both(target)),
        "no good physical backup was complete by then",
        windows().stream()
            .filter(it -> !it.from().isAfter(target))
            .max(Comparator.comparing(it -> it.to().orElse(it.from()))),
        windows().stream()
            .filter(it -> it.from().isAfter(target))
            .min(Comparator.comparing(Window::from)),
        Window::range);
  }

  private RecoveryException cannotReach(Lsn target) {
    return cannotReach(
        "position %s of the log cannot be reached: ".formatted(target),
        "no good physical backup ends there or before",
        windows().stream()
            .filter(it -> !target.isBefore(it.fromPosition()))
            .max(Comparator.comparing(Window::toPosition)),
        windows().stream()
            .filter(it -> target.isBefore(it.fromPosition()))
            .min(Comparator.comparing(Window::fromPosition)),
        Window::positions);
  }

  /**
   * @param before what comes nearest from before the target
   * @param after what comes first after it
   */
  private static RecoveryException cannotReach(
      String target,
      String noneBefore,
      Optional<Window> before,
      Optional<Window> after,
      Function<Window, String> range) {
    String reachable =
        Stream.of(before, after)
            .flatMap(Optional::stream)
            .map(range)
            .collect(Collectors.joining("; "));
    return new RecoveryException(
        before.isEmpty() ? ErrorCode.BACKUP_NOT_FOUND : ErrorCode.PRECHECK_FAILED,
        target + before.map(Window::whyNoFurther).orElse(noneBefore),
        reachable.isEmpty()
            ? "there is no good physical backup at all; take one."
            : "nothing was touched. The nearest that can be reached: %s.".formatted(reachable));
  }
}
