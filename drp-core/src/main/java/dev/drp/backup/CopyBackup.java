package dev.drp.backup;

import dev.drp.Progress;
import dev.drp.state.StateDirectory;
import java.time.Clock;
import java.util.List;

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
    BackupCopy from = backup.copiesToRead().get(0);
    claims.claim(to);
    UnfinishedSets.cleanUp(to, manifest.application(), manifest.environment())
        .forEach(progress::message);
    UnfinishedSet set = UnfinishedSet.begin(to, from.folder(), manifest.id());
    try {
      copyParts(set, manifest, from, to);
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
    } catch (RuntimeException e) {
      set.discard(e);
      throw e;
    }
  }

  private void copyParts(
      UnfinishedSet set, BackupManifest manifest, BackupCopy from, NamedStorage to) {
    List<Pack> packs = set.packs().lacking(manifest);
    long bytes =
        manifest.parts().stream().mapToLong(BackupPart::bytes).sum()
            + packs.stream().mapToLong(Pack::bytes).sum();
    try (Progress.Task task = progress.start("copy to " + to.name(), bytes)) {
      for (Pack pack : packs) {
        set.copy(manifest.id(), from, pack, task);
      }
      for (BackupPart part : manifest.parts()) {
        set.copy(manifest.id(), from, part, task);
      }
    }
  }
}
