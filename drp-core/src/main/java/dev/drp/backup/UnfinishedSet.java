package dev.drp.backup;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A set that is being written: first a marker, then the parts, last the manifest. Until then it is
 * no backup, and whoever finds it without its writer removes it. Used by one thread.
 */
final class UnfinishedSet {
  private static final int BUFFER = 1 << 16;

  private final NamedStorage storage;
  private final ObjectName folder;
  private final BackupId id;
  private final SharedPacks packs;
  private final List<BackupPart> parts = new ArrayList<>();
  private final List<Written> written = Collections.synchronizedList(new ArrayList<>());

  /** An object that this set has written. */
  private record Written(ObjectName name, BlockChecksums checksums) {}

  private UnfinishedSet(NamedStorage storage, ObjectName folder, BackupId id) {
    this.storage = storage;
    this.folder = folder;
    this.id = id;
    this.packs = new SharedPacks(storage, folder.parent());
  }

  static UnfinishedSet begin(NamedStorage storage, ObjectName folder, BackupId id) {
    byte[] marker =
        (Json.MAPPER.createObjectNode().put("format", 1).put("id", id.value()) + "\n")
            .getBytes(StandardCharsets.UTF_8);
    SmallObjects.write(storage, folder.child(SetLayout.STARTED), marker);
    return new UnfinishedSet(storage, folder, id);
  }

  BackupId id() {
    return id;
  }

  List<BackupPart> parts() {
    return List.copyOf(parts);
  }

  /** The packs of the server that this set is filed under, in the same storage. */
  SharedPacks packs() {
    return packs;
  }

  /** Writes a part as it is. */
  BackupPart writePlain(String name, BackupStorage.Content content) {
    return write(name, Optional.empty(), bytes -> {}, content);
  }

  /**
   * Writes a part in one pass: count, compress, encrypt, hash, store.
   *
   * @param task hears of plain bytes
   */
  BackupPart writeCoded(
      String plainName, Coding coding, Progress.Task task, BackupStorage.Content content) {
    return write(plainName, Optional.of(coding), task, content);
  }

  private BackupPart write(
      String plainName,
      Optional<Coding> coding,
      Progress.Task task,
      BackupStorage.Content content) {
    String name = plainName + coding.map(Coding::suffix).orElse("");
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
              if (coding.isEmpty()) {
                content.writeTo(new PassedOn(toStorage, count));
              } else {
                try (OutputStream coded = coding.get().encode(toStorage)) {
                  content.writeTo(new PassedOn(coded, count));
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
            coding.map(it -> it.compression().name()),
            coding.flatMap(Coding::encryption).map(Encryption::name));
    parts.add(part);
    written.add(new Written(folder.child(name), checksums));
    return part;
  }

  /**
   * Writes a pack of frames that are compressed already. May be called by another thread than the
   * rest.
   */
  Pack writePack(String name, Coding coding, BackupStorage.Content content) {
    Sha256 stored = new Sha256();
    BlockChecksums checksums = new BlockChecksums();
    ObjectName object = packs.object(name);
    storage
        .objects()
        .put(
            object,
            output -> {
              OutputStream toStorage =
                  new PassedOn(new PassedOn(output, checksums::update), stored::update);
              try (OutputStream sealed = coding.seal(toStorage)) {
                content.writeTo(sealed);
              }
            });
    written.add(new Written(object, checksums));
    return new Pack(name, stored.bytes(), stored.hex());
  }

  /** Copies a part as stored from a finished copy, checking it on the way. */
  void copy(BackupId id, BackupCopy from, BackupPart part, Progress.Task task) {
    ObjectName source = from.folder().child(part.name());
    copy(id, from, source, folder.child(part.name()), part.sha256(), task);
    parts.add(part);
  }

  /** Copies a pack as stored from a finished copy, checking it on the way. */
  void copy(BackupId id, BackupCopy from, Pack pack, Progress.Task task) {
    ObjectName source = from.packs().object(pack.name());
    copy(id, from, source, packs.object(pack.name()), pack.sha256(), task);
  }

  /** Whether an earlier attempt brought this part; one that is damaged is removed. */
  boolean hasArrived(BackupPart part, Progress.Task task) {
    boolean arrived = hasArrived(folder.child(part.name()), part.sha256(), task);
    if (arrived) {
      parts.add(part);
    }
    return arrived;
  }

  /** The same of a pack. */
  boolean hasArrived(Pack pack, Progress.Task task) {
    return hasArrived(packs.object(pack.name()), pack.sha256(), task);
  }

  private boolean hasArrived(ObjectName object, String sha256, Progress.Task task) {
    Sha256 actual = new Sha256();
    try {
      WholeObject.read(storage, object, task, actual::update);
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.OBJECT_NOT_FOUND) {
        return false;
      }
      throw e;
    }
    boolean same = actual.hex().equals(sha256);
    if (!same) {
      storage.objects().delete(object);
    }
    return same;
  }

  private void copy(
      BackupId id,
      BackupCopy from,
      ObjectName source,
      ObjectName target,
      String sha256,
      Progress.Task task) {
    BlockChecksums checksums = new BlockChecksums();
    storage
        .objects()
        .put(
            target,
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
              if (!hash.hex().equals(sha256)) {
                throw BackupReader.corrupt(
                    id, from, source.lastSegment(), "it has another sha256", null);
              }
            });
    written.add(new Written(target, checksums));
  }

  /**
   * Reads back what the storage has of every part.
   *
   * @throws RecoveryException with BACKUP_CORRUPT when it is not what was written
   */
  void readBack(Progress progress) {
    long bytes = written.stream().mapToLong(it -> it.checksums.bytes()).sum();
    try (Progress.Task task = progress.start("reading back from " + storage.name(), bytes)) {
      for (Written each : List.copyOf(written)) {
        BlockChecksums actual = new BlockChecksums();
        WholeObject.read(storage, each.name, task, actual::update);
        each.checksums
            .firstDifference(actual)
            .ifPresent(
                position -> {
                  throw otherThanWritten(each, position, actual.bytes());
                });
      }
    }
  }

  private RecoveryException otherThanWritten(Written what, long position, long actualBytes) {
    return new RecoveryException(
        ErrorCode.BACKUP_CORRUPT,
        "storage %s gives back %s other than it was written, from byte %d on: %d bytes were written, it has %d"
            .formatted(storage, what.name, position, what.checksums.bytes(), actualBytes),
        "check the storage's disk; this backup has been given up.");
  }

  /** Makes it a backup. */
  BackupCopy publish(BackupManifest manifest) {
    SmallObjects.write(
        storage, folder.child(SetLayout.MANIFEST), ManifestFormat.write(manifest.asStored()));
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
        packs.removeThoseOf(id);
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
