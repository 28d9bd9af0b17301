package dev.drp.procedure;

import dev.drp.backup.BackupCopy;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BaseContent;
import dev.drp.backup.Decoding;
import dev.drp.backup.tar.TarWriter;
import dev.drp.database.ServerFiles;
import dev.drp.wal.WalArchive;
import dev.drp.wal.WalCoverage;
import dev.drp.wal.WalSegment;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;

/**
 * The archived log that follows a base backup without a hole, in the storage that has the backup.
 *
 * @param reach how far it goes
 * @param histories names of the files that tell timelines apart
 * @param segments names of the files of the log, in order
 */
record LogToReplay(
    WalArchive archive, WalCoverage.Reach reach, List<String> histories, List<String> segments) {

  static LogToReplay after(BackupManifest manifest, BackupCopy copy, Decoding decoding) {
    WalArchive archive = archive(manifest, copy, decoding);
    return after(manifest, archive, archive.coverage());
  }

  /** The archive of the log of the server that was backed up, in the storage of a copy. */
  static WalArchive archive(BackupManifest manifest, BackupCopy copy, Decoding decoding) {
    return new WalArchive(
        copy.storage(),
        manifest.application(),
        manifest.environment(),
        manifest.server().systemIdentifier(),
        decoding);
  }

  static LogToReplay after(BackupManifest manifest, WalArchive archive, WalCoverage coverage) {
    BaseContent base = manifest.requireBase();
    WalCoverage.Reach reach = coverage.reach(base.end(), base.timeline());
    long first = WalSegment.at(base.timeline(), base.end()).number();
    long last = WalSegment.at(reach.timeline(), reach.to()).number();
    return new LogToReplay(
        archive,
        reach,
        coverage.histories().keySet().stream()
            .filter(timeline -> timeline > base.timeline())
            .sorted()
            .map("%08X.history"::formatted)
            .toList(),
        coverage.segments().entrySet().stream()
            .filter(segment -> segment.getValue() > 0)
            .map(Map.Entry::getKey)
            .filter(segment -> segment.number() >= first && segment.number() <= last)
            .map(WalSegment::name)
            .toList());
  }

  /** How many bytes of log are replayed beyond what the backup brings. */
  long bytes(BaseContent base) {
    return reach.to().minus(base.end());
  }

  /** From where to where it goes, and how much that is. */
  String describe(BaseContent base) {
    return "from %s to %s, timeline %d: %d bytes"
        .formatted(base.end(), reach.to(), reach.timeline(), bytes(base));
  }

  void writeTo(TarWriter tar) throws IOException {
    for (String name : histories) {
      try (InputStream content = archive.open(name)) {
        byte[] history = content.readAllBytes();
        tar.file(nameInTar(name), history.length, new ByteArrayInputStream(history));
      }
    }
    for (String name : segments) {
      try (InputStream content = archive.open(name)) {
        tar.file(nameInTar(name), WalSegment.BYTES, content);
      }
    }
  }

  private static String nameInTar(String file) {
    return ServerFiles.LOG_FOLDER + "/" + file;
  }
}
