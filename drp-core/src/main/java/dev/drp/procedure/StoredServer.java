package dev.drp.procedure;

import dev.drp.Progress;
import dev.drp.backup.BackupCopy;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BaseReader;
import dev.drp.backup.tar.TarWriter;
import dev.drp.database.ServerFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/**
 * A server's files as one copy of a physical backup has them, with the log that was archived since.
 *
 * @param log what to replay; empty for the backup alone
 * @param task hears of plain bytes of the backup
 */
record StoredServer(
    BaseReader reader,
    BackupManifest manifest,
    BackupCopy copy,
    Optional<LogToReplay> log,
    Progress.Task task)
    implements ServerFiles {
  @Override
  public void writeTo(OutputStream tar) throws IOException {
    reader.copyTar(manifest, copy, tar, task);
    if (log.isPresent()) {
      TarWriter files = new TarWriter(tar);
      log.get().writeTo(files);
      files.finish();
    }
  }
}
