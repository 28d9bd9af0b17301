package dev.drp.procedure;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupCopy;
import dev.drp.backup.BackupEvent;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BackupReader;
import dev.drp.backup.BaseContent;
import dev.drp.backup.BaseReader;
import dev.drp.backup.CatalogListing;
import dev.drp.database.DataDirectory;
import dev.drp.database.RecoveryTarget;
import dev.drp.database.ServerFiles;
import dev.drp.recovery.Finding;
import dev.drp.recovery.StepContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Recovers a server from the files of the chosen backup and the log that was archived since, from
 * whichever copy is whole: the same in a drill and in earnest.
 */
final class StoredRecovery {
  private final ChosenBackup backup;
  private final BaseReader reader;

  StoredRecovery(ChosenBackup backup, BackupReader reader) {
    this.backup = backup;
    this.reader = new BaseReader(reader);
  }

  /** The log that follows the backup, where it reaches furthest; empty when none is kept. */
  Optional<LogToReplay> furthestLog(StepContext context) {
    return backup.backup(context).copiesToRead().stream()
        .map(copy -> log(context, copy))
        .filter(log -> !log.segments().isEmpty())
        .max(Comparator.comparingLong(log -> log.bytes(base(context))));
  }

  /** To which moments it could be recovered, from each of these backups. */
  RecoveryWindows windows(CatalogListing physical) {
    return new RecoveryWindows(physical, reader::decodingOf);
  }

  private LogToReplay log(StepContext context, BackupCopy copy) {
    BackupManifest manifest = backup.manifest(context);
    return LogToReplay.after(manifest, copy, reader.decodingOf(manifest));
  }

  private BaseContent base(StepContext context) {
    return backup.manifest(context).requireBase();
  }

  /**
   * Has a server recover.
   *
   * @param replay how far to go on with the log; empty for the backup as it is
   * @param server starts it; called again, with another copy, after BACKUP_CORRUPT
   */
  void run(
      StepContext context,
      Optional<Replay> replay,
      BiConsumer<ServerFiles, RecoveryTarget> server) {
    @Nullable RecoveryException damage = null;
    for (BackupCopy copy : copies(context, replay)) {
      try {
        run(context, copy, replay, server);
        context.record(ChosenBackup.STORAGE, copy.storage().name());
        context.found(
            Finding.check("copy in storage " + copy.storage().name(), "whole", "whole", true));
        return;
      } catch (RecoveryException e) {
        if (e.code() != ErrorCode.BACKUP_CORRUPT) {
          throw e;
        }
        damage = e;
        context.found(
            Finding.check("copy in storage " + copy.storage().name(), "whole", e.problem(), false));
        backup.recordEvent(copy, context, BackupEvent.Type.FAILED, e.problem(), Duration.ZERO);
      }
    }
    throw new RecoveryException(
        ErrorCode.BACKUP_CORRUPT,
        damage == null
            ? "backup %s has no copy".formatted(backup.manifest(context).id())
            : damage.problem(),
        backup.nextOlder(context) + ".",
        damage);
  }

  /**
   * The configuration files that came from outside the data directory, from the copy that was
   * restored; empty when there are none.
   *
   * @param put gets them as a tar
   */
  Map<Path, DataDirectory.Configured> configuration(
      StepContext context, Function<InputStream, Map<Path, DataDirectory.Configured>> put) {
    BackupManifest manifest = backup.manifest(context);
    if (manifest.requireBase().configuration().isEmpty()) {
      return Map.of();
    }
    try (InputStream tar = reader.openConfiguration(manifest, backup.copy(context))) {
      return put.apply(tar);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // of closing what was read to its end
    }
  }

  /** Those first beside which more of the log is kept. */
  private List<BackupCopy> copies(StepContext context, Optional<Replay> replay) {
    List<BackupCopy> copies = backup.backup(context).copiesToRead();
    if (replay.isEmpty() || copies.size() == 1) {
      return copies;
    }
    return copies.stream()
        .sorted(
            Comparator.<BackupCopy>comparingLong(copy -> log(context, copy).bytes(base(context)))
                .reversed())
        .toList();
  }

  private void run(
      StepContext context,
      BackupCopy copy,
      Optional<Replay> replay,
      BiConsumer<ServerFiles, RecoveryTarget> server) {
    BackupManifest manifest = backup.manifest(context);
    Optional<LogToReplay> log = replay.map(any -> log(context, copy));
    log.ifPresent(it -> tellOfLog(context, manifest, copy, it));
    try (Progress.Task task =
        context.progress().start("files of " + manifest.id(), manifest.requireBase().tarBytes())) {
      server.accept(
          new StoredServer(reader, manifest, copy, log, task),
          replay.map(Replay::target).orElseGet(RecoveryTarget::consistent));
    }
  }

  private static void tellOfLog(
      StepContext context, BackupManifest manifest, BackupCopy copy, LogToReplay log) {
    BaseContent base = manifest.requireBase();
    if (log.segments().isEmpty()) {
      throw new RecoveryException(
          ErrorCode.PRECHECK_FAILED,
          "storage %s keeps no log that follows backup %s from %s on"
              .formatted(copy.storage(), manifest.id(), base.end()),
          "stream it there (drp wal stream); what a backup holds by itself can be restored.");
    }
    context.found(Finding.check("log to replay", "", log.describe(base), true));
    log.reach()
        .goesOnAt()
        .ifPresent(
            next ->
                context.found(
                    Finding.warning(
                        "log",
                        "is missing from %s to %s: nothing after that can be recovered from this"
                                .formatted(log.reach().to(), next)
                            + " backup; take a new one")));
  }
}
