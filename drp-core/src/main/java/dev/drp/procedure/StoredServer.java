package dev.drp.procedure;

import dev.drp.Progress;
import dev.drp.backup.BackupCopy;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BaseReader;
import dev.drp.backup.tar.ExtractedFiles;
import dev.drp.backup.tar.TarFollower;
import dev.drp.backup.tar.TarWriter;
import dev.drp.database.ServerFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

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
    writeLog(tar);
  }

  private void writeLog(OutputStream tar) throws IOException {
    if (log.isPresent()) {
      TarWriter files = new TarWriter(tar);
      log.get().writeTo(files);
      files.finish();
    }
  }

  @Override
  public boolean unpack(Path folder, UnaryOperator<String> names) throws IOException {
    boolean unpacked = reader.unpack(manifest, copy, folder, names, task);
    if (unpacked) {
      unpackLog(folder);
    }
    return unpacked;
  }

  @Override
  public Repaired repair(Path folder, UnaryOperator<String> names) throws IOException {
    Repaired repaired = reader.repair(manifest, copy, folder, names, task);
    unpackLog(folder);
    return repaired;
  }

  private void unpackLog(Path folder) throws IOException {
    try (ExtractedFiles files = new ExtractedFiles(folder);
        TarFollower tar = new TarFollower(List.of(files))) {
      writeLog(tar);
    }
  }
}
