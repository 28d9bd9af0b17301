package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.state.EnvironmentState;
import dev.drp.state.StateDirectory;
import dev.drp.state.StateLock;
import dev.drp.state.TabSeparated;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Reads a slice of what is stored, as it is stored, against the hashes of the manifests: every day
 * another, so that a large storage is read within a period at a cost that can be borne. A pack that
 * several backups share is read once.
 *
 * <p>A copy counts as verified when all slices were read and found good, and not before: until then
 * this machine remembers which were. If it forgets, that begins anew. What is damaged is kept
 * beside the copy at once. Safe for concurrent use.
 */
public final class VerifySample {
  private static final String MEMORY = "verified-slices";

  /** A slice that was missed is made up for in the next period; what is older counts no more. */
  private static final int PERIODS = 2;

  private final LocalCatalog localCatalog;
  private final String application;
  private final StateDirectory state;
  private final BackupReader reader;
  private final Clock clock;
  private final Progress progress;

  public VerifySample(
      String application,
      LocalCatalog localCatalog,
      StateDirectory state,
      BackupReader reader,
      Clock clock,
      Progress progress) {
    this.application = requireNonNull(application, "application");
    this.localCatalog = requireNonNull(localCatalog, "localCatalog");
    this.state = requireNonNull(state, "state");
    this.reader = requireNonNull(reader, "reader");
    this.clock = requireNonNull(clock, "clock");
    this.progress = requireNonNull(progress, "progress");
  }

  /** An object of a copy. */
  private record Piece(ObjectName name, long bytes, Check check) {}

  /** Throws BACKUP_CORRUPT when it is not what was stored. */
  private interface Check {
    void run(Progress.Task task);
  }

  /** A slice of a copy that was read and found good. */
  private record Good(String storage, String id, int of, int slice, Instant at) {
    boolean isOf(BackupCopy copy, BackupId backup) {
      return storage.equals(copy.storage().name()) && id.equals(backup.value());
    }

    boolean isTooOld(Instant now) {
      return at.isBefore(now.minus(Duration.ofDays((long) PERIODS * of)));
    }

    List<String> row() {
      return List.of(storage, id, String.valueOf(of), String.valueOf(slice), at.toString());
    }

    static Good of(List<String> row) {
      return new Good(
          row.get(0),
          row.get(1),
          Integer.parseInt(row.get(2)),
          Integer.parseInt(row.get(3)),
          Instant.parse(row.get(4)));
    }
  }

  /** Reads the slice of all copies of these backups of an environment; a bad one stops nothing. */
  public List<Verification> verify(String environment, List<CatalogEntry> backups, Sample sample) {
    Map<String, Optional<RecoveryException>> packs = new HashMap<>();
    List<Verification> results = new ArrayList<>();
    for (CatalogEntry backup : backups) {
      boolean judged = false;
      for (BackupCopy copy : backup.copies()) {
        Verification result = verify(backup.manifest(), copy, sample, packs);
        results.add(result);
        judged |= result.sampled().orElseThrow().complete() || result.failure().isPresent();
      }
      if (judged) {
        localCatalog.refresh(environment, backup.id());
      }
    }
    return results;
  }

  private Verification verify(
      BackupManifest manifest,
      BackupCopy copy,
      Sample sample,
      Map<String, Optional<RecoveryException>> packs) {
    Stopwatch watch = Stopwatch.start(clock);
    List<Piece> all = pieces(manifest, copy, packs);
    List<Piece> slice = all.stream().filter(it -> sample.holds(it.name.value())).toList();
    Optional<RecoveryException> failure = read(manifest, copy, slice);
    boolean complete = false;
    if (failure.isEmpty()) {
      complete = remember(manifest, copy, sample);
      if (complete) {
        String detail = "read back as stored, in %d slices".formatted(sample.of());
        failure = keep(copy, BackupEvent.Type.VERIFIED, detail, watch.elapsed());
      }
    } else if (failure.get().code() == ErrorCode.BACKUP_CORRUPT) {
      forget(manifest, copy);
      RecoveryException damage = failure.get();
      keep(copy, BackupEvent.Type.FAILED, damage.problem(), watch.elapsed())
          .ifPresent(damage::addSuppressed);
    }
    return new Verification(
        manifest.id(),
        copy.storage(),
        failure,
        !manifest.encrypted(),
        bytes(all),
        watch.elapsed(),
        Optional.of(new Verification.Sampled(sample, bytes(slice), slice.size(), complete)));
  }

  private static long bytes(List<Piece> pieces) {
    return pieces.stream().mapToLong(Piece::bytes).sum();
  }

  private List<Piece> pieces(
      BackupManifest manifest, BackupCopy copy, Map<String, Optional<RecoveryException>> packs) {
    Stream<Piece> parts =
        manifest.parts().stream()
            .map(
                part ->
                    new Piece(
                        copy.folder().child(part.name()),
                        part.bytes(),
                        task -> reader.checkStored(manifest.id(), copy, part, task)));
    BaseReader base = new BaseReader(reader);
    Stream<Piece> shared =
        manifest.base().map(BaseContent::packs).orElse(List.of()).stream()
            .map(
                pack ->
                    new Piece(
                        copy.packs().object(pack.name()),
                        pack.bytes(),
                        task ->
                            packs
                                .computeIfAbsent(
                                    copy.storage().name() + "/" + pack,
                                    any ->
                                        failureOf(
                                            () ->
                                                base.checkStored(manifest.id(), copy, pack, task)))
                                .ifPresent(
                                    e -> {
                                      throw e;
                                    })));
    return Stream.concat(parts, shared).toList();
  }

  private static Optional<RecoveryException> failureOf(Runnable check) {
    try {
      check.run();
      return Optional.empty();
    } catch (RecoveryException e) {
      return Optional.of(e);
    }
  }

  private Optional<RecoveryException> read(
      BackupManifest manifest, BackupCopy copy, List<Piece> slice) {
    String what = "slice of %s in %s".formatted(manifest.id(), copy.storage().name());
    try (Progress.Task task = progress.start(what, bytes(slice))) {
      return failureOf(() -> slice.forEach(it -> it.check.run(task)));
    }
  }

  /** Whether all slices are good by now; if they are, the next period begins. */
  private boolean remember(BackupManifest manifest, BackupCopy copy, Sample sample) {
    EnvironmentState memory = state.environment(application, manifest.environment());
    Instant now = clock.instant();
    Instant failed = copy.last(BackupEvent.Type.FAILED).map(BackupEvent::at).orElse(Instant.MIN);
    try (StateLock held = memory.lockCatalog()) {
      List<Good> good = new ArrayList<>(read(memory));
      good.removeIf(it -> it.isTooOld(now));
      good.add(
          new Good(copy.storage().name(), manifest.id().value(), sample.of(), sample.slice(), now));
      boolean complete =
          good.stream()
                  .filter(it -> it.isOf(copy, manifest.id()) && it.of == sample.of())
                  .filter(it -> it.at.isAfter(failed))
                  .map(Good::slice)
                  .distinct()
                  .count()
              == sample.of();
      if (complete) {
        good.removeIf(it -> it.isOf(copy, manifest.id()));
      }
      write(memory, good);
      return complete;
    }
  }

  private void forget(BackupManifest manifest, BackupCopy copy) {
    EnvironmentState memory = state.environment(application, manifest.environment());
    try (StateLock held = memory.lockCatalog()) {
      List<Good> good = new ArrayList<>(read(memory));
      good.removeIf(it -> it.isOf(copy, manifest.id()));
      write(memory, good);
    }
  }

  private static List<Good> read(EnvironmentState memory) {
    return TabSeparated.read(memory.file(MEMORY)).stream().map(Good::of).toList();
  }

  private static void write(EnvironmentState memory, List<Good> good) {
    Path file = memory.file(MEMORY);
    TabSeparated.write(file, good.stream().map(Good::row).toList());
  }

  private Optional<RecoveryException> keep(
      BackupCopy copy, BackupEvent.Type type, String detail, Duration took) {
    return failureOf(
        () ->
            BackupEvents.add(
                copy, new BackupEvent(type, clock.instant(), StateDirectory.host(), detail, took)));
  }
}
