package dev.drp.backup;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.state.StateDirectory;
import java.time.Clock;
import java.util.List;
import java.util.Set;

/** Copies a finished backup to another storage, part by part as stored. Safe for concurrent use. */
final class CopyBackup {
  private final WriterClaims claims;
  private final Clock clock;
  private final Progress progress;

  CopyBackup(WriterClaims claims, Clock clock, Progress progress) {
    this.claims = claims;
    this.clock = clock;
    this.progress = progress;
  }

  /** The caller holds the environment's lock. What fails leaves nothing in the other storage. */
  BackupCopy copy(CatalogEntry backup, NamedStorage to) {
    Stopwatch watch = Stopwatch.start(clock);
    BackupManifest manifest = backup.manifest();
    if (manifest.mustStay() && to.isAway()) {
      throw BackupRequest.secretsWouldLeave(to);
    }
    BackupCopy from = backup.copiesToRead().get(0);
    claims.claim(to);
    UnfinishedSets.cleanUp(to, manifest.application(), manifest.environment())
        .forEach(progress::message);
    UnfinishedSet set = UnfinishedSet.begin(to, from.folder(), manifest.id());
    try {
      copyParts(set, manifest, from, to);
      return publish(set, manifest, from, to, watch);
    } catch (RuntimeException e) {
      set.discard(e);
      throw e;
    }
  }

  /**
   * The same, going on with what an earlier attempt left: what has arrived is read and compared,
   * and copied again if it is not what it should be. What fails leaves what has arrived, but for a
   * full storage and damage. The caller has cleaned up the other storage as far as it is to be. Who
   * fetches is another machine than the one that the backup was taken on.
   *
   * @param proven names of packs there that need not be looked at
   */
  BackupCopy fetch(CatalogEntry backup, NamedStorage to, Set<String> proven) {
    Stopwatch watch = Stopwatch.start(clock);
    BackupManifest manifest = backup.manifest();
    if (manifest.mustStay()) {
      throw BackupRequest.secretsWouldLeave(to);
    }
    BackupCopy from = backup.copiesToRead().get(0);
    UnfinishedSet set = UnfinishedSet.begin(to, from.folder(), manifest.id());
    try {
      fetchParts(set, manifest, from, to, proven);
      return publish(set, manifest, from, to, watch);
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.BACKUP_CORRUPT || e.code() == ErrorCode.OUT_OF_SPACE) {
        set.discard(e);
      }
      throw e;
    }
  }

  private void fetchParts(
      UnfinishedSet set,
      BackupManifest manifest,
      BackupCopy from,
      NamedStorage to,
      Set<String> proven) {
    List<Pack> packs =
        manifest.base().map(BaseContent::packs).orElse(List.of()).stream()
            .filter(pack -> !proven.contains(pack.name()))
            .toList();
    try (Progress.Task task = progress.start("fetching to " + to.name(), bytes(manifest, packs))) {
      for (Pack pack : packs) {
        if (!set.hasArrived(pack, task)) {
          set.copy(manifest.id(), from, pack, task);
        }
      }
      for (BackupPart part : manifest.parts()) {
        if (!set.hasArrived(part, task)) {
          set.copy(manifest.id(), from, part, task);
        }
      }
    }
  }

  private BackupCopy publish(
      UnfinishedSet set,
      BackupManifest manifest,
      BackupCopy from,
      NamedStorage to,
      Stopwatch watch) {
    set.readBack(progress);
    claims.requireNewest(to);
    BackupCopy copy = set.publish(manifest);
    String origin = "from storage " + from.storage().name();
    for (BackupEvent.Type type : List.of(BackupEvent.Type.COPIED, BackupEvent.Type.VERIFIED)) {
      String detail = type == BackupEvent.Type.COPIED ? origin : "read back after the copy";
      copy =
          BackupEvents.add(
              copy,
              new BackupEvent(
                  type, clock.instant(), StateDirectory.host(), detail, watch.elapsed()));
    }
    return copy;
  }

  private static long bytes(BackupManifest manifest, List<Pack> packs) {
    return manifest.parts().stream().mapToLong(BackupPart::bytes).sum()
        + packs.stream().mapToLong(Pack::bytes).sum();
  }

  private void copyParts(
      UnfinishedSet set, BackupManifest manifest, BackupCopy from, NamedStorage to) {
    List<Pack> packs = set.packs().lacking(manifest);
    try (Progress.Task task = progress.start("copy to " + to.name(), bytes(manifest, packs))) {
      for (Pack pack : packs) {
        set.copy(manifest.id(), from, pack, task);
      }
      for (BackupPart part : manifest.parts()) {
        set.copy(manifest.id(), from, part, task);
      }
    }
  }
}
