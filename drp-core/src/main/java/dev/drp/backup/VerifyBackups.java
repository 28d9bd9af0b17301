package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.state.StateDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads backups back from end to end: every byte of every part in every copy, as stored against the
 * manifest's hash, and decompressed against the checksum of its compression; as stored only where
 * it is encrypted and there is no identity. What it finds is kept beside each copy. Safe for
 * concurrent use; needs no lock, as it changes nothing that is there.
 */
public final class VerifyBackups {
  private static final int BUFFER = 1 << 16;

  private final LocalCatalog localCatalog;
  private final BackupReader reader;
  private final Clock clock;
  private final Progress progress;

  public VerifyBackups(
      LocalCatalog localCatalog, BackupReader reader, Clock clock, Progress progress) {
    this.localCatalog = requireNonNull(localCatalog, "localCatalog");
    this.reader = requireNonNull(reader, "reader");
    this.clock = requireNonNull(clock, "clock");
    this.progress = requireNonNull(progress, "progress");
  }

  /** Verifies all copies of these backups, one after the other; a bad one does not stop it. */
  public List<Verification> verify(List<CatalogEntry> backups) {
    List<Verification> results = new ArrayList<>();
    for (CatalogEntry backup : backups) {
      for (BackupCopy copy : backup.copies()) {
        results.add(verify(backup.manifest(), copy));
      }
      localCatalog.refresh(backup.manifest().environment(), backup.id());
    }
    return results;
  }

  private Verification verify(BackupManifest manifest, BackupCopy copy) {
    Stopwatch watch = Stopwatch.start(clock);
    Optional<RecoveryException> failure = read(manifest, copy);
    boolean decrypted = reader.canDecrypt(manifest);
    String detail =
        decrypted ? "read back" : "read back as stored; nothing was decrypted without an identity";
    failure = failure.or(() -> keep(copy, BackupEvent.Type.VERIFIED, detail, watch));
    failure
        .filter(e -> e.code() == ErrorCode.BACKUP_CORRUPT)
        .ifPresent(
            e ->
                keep(copy, BackupEvent.Type.FAILED, e.problem(), watch)
                    .ifPresent(e::addSuppressed));
    return new Verification(
        manifest.id(), copy.storage(), failure, decrypted, manifest.storedBytes(), watch.elapsed());
  }

  private Optional<RecoveryException> read(BackupManifest manifest, BackupCopy copy) {
    try {
      if (reader.canDecrypt(manifest)) {
        readPlain(manifest, copy);
      } else {
        readStored(manifest, copy);
      }
      return Optional.empty();
    } catch (RecoveryException e) {
      return Optional.of(e);
    }
  }

  private void readStored(BackupManifest manifest, BackupCopy copy) {
    long bytes =
        manifest.parts().stream().mapToLong(BackupPart::bytes).sum()
            + manifest.base().map(BaseContent::packs).orElse(List.of()).stream()
                .mapToLong(Pack::bytes)
                .sum();
    String what = "%s in %s, as stored".formatted(manifest.id(), copy.storage().name());
    try (Progress.Task task = progress.start(what, bytes)) {
      for (BackupPart part : manifest.parts()) {
        reader.checkStored(manifest.id(), copy, part, task);
      }
      if (manifest.base().isPresent()) {
        new BaseReader(reader).checkStored(manifest, copy, task);
      }
    }
  }

  private void readPlain(BackupManifest manifest, BackupCopy copy) {
    long plainBytes =
        manifest.parts().stream().mapToLong(BackupPart::plainBytes).sum()
            + manifest.base().map(BaseContent::tarBytes).orElse(0L);
    String what = "%s in %s".formatted(manifest.id(), copy.storage().name());
    try (Progress.Task task = progress.start(what, plainBytes)) {
      for (BackupPart part : manifest.parts()) {
        readToItsEnd(manifest.id(), copy, part, task);
      }
      if (manifest.base().isPresent()) {
        new BaseReader(reader).verify(manifest, copy, task);
      }
    }
  }

  private void readToItsEnd(BackupId id, BackupCopy copy, BackupPart part, Progress.Task task) {
    byte[] buffer = new byte[BUFFER];
    try (InputStream content = reader.open(id, copy, part)) {
      for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) {
        task.advance(n);
      }
    } catch (IOException e) {
      throw SmallObjects.unreadable(copy.storage(), copy.folder().child(part.name()), e);
    }
  }

  private Optional<RecoveryException> keep(
      BackupCopy copy, BackupEvent.Type type, String detail, Stopwatch watch) {
    try {
      BackupEvents.add(
          copy,
          new BackupEvent(type, clock.instant(), StateDirectory.host(), detail, watch.elapsed()));
      return Optional.empty();
    } catch (RecoveryException e) {
      return Optional.of(e);
    }
  }
}
