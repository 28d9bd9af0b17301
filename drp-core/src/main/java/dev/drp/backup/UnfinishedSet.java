package dev.drp.backup;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A set that is being written: first a marker, then the parts, last the manifest. Until then it is
 * no backup, and whoever finds it without its writer removes it. Used by one thread.
 */
final class UnfinishedSet {
  private static final int BUFFER = 1 << 16;

  private final NamedStorage storage;
  private final ObjectName folder;
  private final Map<BackupPart, BlockChecksums> written = new LinkedHashMap<>();

  private UnfinishedSet(NamedStorage storage, ObjectName folder) {
    this.storage = storage;
    this.folder = folder;
  }

  static UnfinishedSet begin(NamedStorage storage, ObjectName folder, BackupId id) {
    byte[] marker =
        (Json.MAPPER.createObjectNode().put("format", 1).put("id", id.value()) + "\n")
            .getBytes(StandardCharsets.UTF_8);
    SmallObjects.write(storage, folder.child(SetLayout.STARTED), marker);
    return new UnfinishedSet(storage, folder);
  }

  List<BackupPart> parts() {
    return List.copyOf(written.keySet());
  }

  /** Writes a part as it is. */
  BackupPart writePlain(String name, BackupStorage.Content content) {
    return write(name, Optional.empty(), bytes -> {}, content);
  }

  /**
   * Writes a part in one pass: count, compress, hash, store.
   *
   * @param task hears of plain bytes
   */
  BackupPart writeCompressed(
      String plainName,
      Compression compression,
      Progress.Task task,
      BackupStorage.Content content) {
    return write(plainName, Optional.of(compression), task, content);
  }

  private BackupPart write(
      String plainName,
      Optional<Compression> compression,
      Progress.Task task,
      BackupStorage.Content content) {
    String name = plainName + compression.map(Compression::suffix).orElse("");
    Sha256 stored = new Sha256();
    BlockChecksums checksums = new BlockChecksums();
    long[] plainBytes = {0};
    storage
        .objects()
        .put(
            folder.child(name),
            output -> {
              OutputStream toStorage =
                  new PassedOn(new PassedOn(output, checksums::update), stored::update);
              WholeObject.Listener count =
                  (data, offset, length) -> {
                    plainBytes[0] += length;
                    task.advance(length);
                  };
              if (compression.isEmpty()) {
                content.writeTo(new PassedOn(toStorage, count));
              } else {
                try (OutputStream compressed = compression.get().compress(toStorage)) {
                  content.writeTo(new PassedOn(compressed, count));
                }
              }
            });
    BackupPart part =
        new BackupPart(
            name,
            plainName,
            stored.bytes(),
            stored.hex(),
            plainBytes[0],
            compression.map(Compression::name));
    written.put(part, checksums);
    return part;
  }

  /** Copies a part as stored from a finished copy, checking it on the way. */
  void copy(BackupId id, BackupCopy from, BackupPart part, Progress.Task task) {
    ObjectName source = from.folder().child(part.name());
    BlockChecksums checksums = new BlockChecksums();
    storage
        .objects()
        .put(
            folder.child(part.name()),
            output -> {
              Sha256 hash = new Sha256();
              try (InputStream input = from.storage().objects().open(source)) {
                byte[] buffer = new byte[BUFFER];
                for (int n = input.read(buffer); n >= 0; n = input.read(buffer)) {
                  hash.update(buffer, 0, n);
                  checksums.update(buffer, 0, n);
                  output.write(buffer, 0, n);
                  task.advance(n);
                }
              }
              if (!hash.hex().equals(part.sha256())) {
                throw BackupReader.corrupt(id, from, part, "it has another sha256", null);
              }
            });
    written.put(part, checksums);
  }

  /**
   * Reads back what the storage has of every part.
   *
   * @throws RecoveryException with BACKUP_CORRUPT when it is not what was written
   */
  void readBack(Progress progress) {
    long bytes = written.keySet().stream().mapToLong(BackupPart::bytes).sum();
    try (Progress.Task task = progress.start("reading back from " + storage.name(), bytes)) {
      written.forEach(
          (part, checksums) -> {
            ObjectName name = folder.child(part.name());
            BlockChecksums actual = new BlockChecksums();
            WholeObject.read(storage, name, task, actual::update);
            checksums
                .firstDifference(actual)
                .ifPresent(
                    position -> {
                      throw otherThanWritten(name, position, part, actual.bytes());
                    });
          });
    }
  }

  private RecoveryException otherThanWritten(
      ObjectName name, long position, BackupPart part, long actualBytes) {
    return new RecoveryException(
        ErrorCode.BACKUP_CORRUPT,
        "storage %s gives back %s other than it was written, from byte %d on: %d bytes were written, it has %d"
            .formatted(storage, name, position, part.bytes(), actualBytes),
        "check the storage's disk; this backup has been given up.");
  }

  /** Makes it a backup. */
  BackupCopy publish(BackupManifest manifest) {
    SmallObjects.write(storage, folder.child(SetLayout.MANIFEST), ManifestFormat.write(manifest));
    storage.objects().delete(folder.child(SetLayout.STARTED));
    return new BackupCopy(storage, folder, List.of(), List.of());
  }

  /**
   * Removes what was written, for one that is given up. A storage that fails now keeps it until the
   * next backup cleans up.
   */
  void discard(RuntimeException because) {
    try {
      SetFolder left = SetFolder.of(storage, folder);
      if (left.isUnfinished()) {
        left.remove();
      }
    } catch (RecoveryException e) {
      because.addSuppressed(e);
    }
  }

  /** Lets a listener see what passes to another stream; closing it closes nothing. */
  private static final class PassedOn extends FilterOutputStream {
    private final WholeObject.Listener listener;

    PassedOn(OutputStream output, WholeObject.Listener listener) {
      super(output);
      this.listener = listener;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] data, int offset, int length) throws IOException {
      listener.passed(data, offset, length);
      out.write(data, offset, length);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }
}
