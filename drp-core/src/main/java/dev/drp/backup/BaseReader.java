package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.backup.tar.ServerManifest;
import dev.drp.backup.tar.TarFollower;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads the files of a server out of a physical backup. Safe for concurrent use. */
public final class BaseReader {
  private final BackupReader reader;

  /**
   * @param reader of parts, which knows the compressions
   */
  public BaseReader(BackupReader reader) {
    this.reader = requireNonNull(reader, "reader");
  }

  /**
   * Writes the tar of a base backup, and compares every file in it with what the server said that
   * it sent: only when this returns is the content known to be right.
   *
   * @param output where it goes; left open
   * @param task hears of plain bytes
   * @throws RecoveryException with BACKUP_CORRUPT when a pack is missing or anything is other than
   *     it was, STORAGE_UNAVAILABLE when the storage fails
   * @throws IOException what {@code output} throws
   */
  public void copyTar(
      BackupManifest manifest, BackupCopy copy, OutputStream output, Progress.Task task)
      throws IOException {
    Frames frames = new Frames(manifest, copy);
    ServerManifest server = new ServerManifest();
    TarFollower follower = new TarFollower(List.of(server));
    for (List<StoredChunk> run : ChunkList.runs(frames.chunks)) {
      try (InputStream stored = frames.open(run.get(0))) {
        for (StoredChunk chunk : run) {
          byte[] plain = frames.plain(chunk, frames.next(chunk, stored));
          follow(follower, plain, frames);
          output.write(plain);
          task.advance(plain.length);
        }
      }
    }
    try {
      follower.finish();
    } catch (IOException e) {
      throw frames.corrupt(SetLayout.CHUNKS, String.valueOf(e.getMessage()), e);
    }
    server
        .problem()
        .ifPresent(
            problem -> {
              throw frames.corrupt(SetLayout.CHUNKS, problem, null);
            });
  }

  /** How the backup is compressed, and the log beside it. */
  public Compression compressionOf(BackupManifest manifest) {
    return reader
        .compressionOf(manifest.part(SetLayout.CHUNKS))
        .orElseThrow(
            () -> new IllegalStateException("backup %s is stored plain".formatted(manifest.id())));
  }

  private static void follow(TarFollower follower, byte[] plain, Frames frames) {
    try {
      follower.write(plain, 0, plain.length);
    } catch (IOException e) {
      throw frames.corrupt(SetLayout.CHUNKS, String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Reads every pack of a backup from end to end: all of it as stored, and the chunks of this
   * backup as what their identity says.
   *
   * @param task hears of plain bytes
   * @throws RecoveryException as {@link #copyTar} does
   */
  void verify(BackupManifest manifest, BackupCopy copy, Progress.Task task) {
    Frames frames = new Frames(manifest, copy);
    Map<String, List<StoredChunk>> ofPack =
        frames.chunks.stream().distinct().collect(Collectors.groupingBy(StoredChunk::pack));
    for (Pack pack : manifest.requireBase().packs()) {
      verify(pack, ofPack.getOrDefault(pack.name(), List.of()), frames, task);
    }
    long plainBytes = frames.chunks.stream().mapToLong(StoredChunk::plainBytes).sum();
    if (plainBytes != manifest.requireBase().tarBytes()) {
      throw frames.corrupt(
          SetLayout.CHUNKS,
          "its chunks have %d bytes, the manifest says %d"
              .formatted(plainBytes, manifest.requireBase().tarBytes()),
          null);
    }
  }

  private static void verify(
      Pack pack, Collection<StoredChunk> chunks, Frames frames, Progress.Task task) {
    List<StoredChunk> inOrder =
        chunks.stream().sorted(Comparator.comparingLong(StoredChunk::offset)).toList();
    try (HashingInputStream stored = new HashingInputStream(frames.open(pack.name(), 0))) {
      for (StoredChunk chunk : inOrder) {
        stored.skipNBytes(chunk.offset() - stored.hash().bytes());
        byte[] plain = frames.plain(chunk, frames.next(chunk, stored));
        if (!ChunkId.of(plain).equals(chunk.id())) {
          throw frames.corrupt(
              pack.name(), "the chunk at byte %d is another".formatted(chunk.offset()), null);
        }
        task.advance(plain.length);
      }
      stored.skipNBytes(pack.bytes() - stored.hash().bytes());
      boolean longer = stored.read() >= 0;
      String sha256 = stored.hash().hex();
      if (longer || !sha256.equals(pack.sha256())) {
        throw frames.corrupt(
            pack.name(),
            "it has sha256 %s, its manifest says %s".formatted(sha256, pack.sha256()),
            null);
      }
    } catch (IOException e) { // shorter than the manifest says
      throw frames.corrupt(pack.name(), String.valueOf(e.getMessage()), e);
    }
  }

  /** Tells what a backup has in its packs, for the next one. */
  void learn(CatalogEntry backup, KnownChunks known) {
    BackupCopy copy = backup.copiesToRead().get(0);
    known.addAll(
        new Frames(backup.manifest(), copy).chunks,
        backup.manifest().requireBase().packs(),
        copy.packs().sizes());
  }

  /** The frames of one copy of a backup. */
  private final class Frames {
    private final BackupManifest manifest;
    private final BackupCopy copy;
    private final List<StoredChunk> chunks;
    private final Compression compression;

    Frames(BackupManifest manifest, BackupCopy copy) {
      this.manifest = manifest;
      this.copy = copy;
      BackupPart list = manifest.part(SetLayout.CHUNKS);
      this.compression = compressionOf(manifest);
      try (InputStream content = reader.open(manifest.id(), copy, list)) {
        this.chunks = ChunkList.read(content);
      } catch (IOException e) {
        throw corrupt(list.name(), String.valueOf(e.getMessage()), e);
      }
    }

    InputStream open(StoredChunk first) {
      return open(first.pack(), first.offset());
    }

    InputStream open(String pack, long offset) {
      ObjectName object = copy.packs().object(pack);
      try {
        return new StorageInputStream(
            copy.storage(), object, copy.storage().objects().openAt(object, offset));
      } catch (RecoveryException e) {
        throw e.code() == ErrorCode.OBJECT_NOT_FOUND ? corrupt(pack, "it is missing", e) : e;
      }
    }

    byte[] next(StoredChunk chunk, InputStream stored) throws IOException {
      byte[] frame = stored.readNBytes(chunk.bytes());
      if (frame.length < chunk.bytes()) {
        throw corrupt(chunk.pack(), "it is cut", null);
      }
      return frame;
    }

    byte[] plain(StoredChunk chunk, byte[] frame) {
      try {
        return compression.decompressFrame(frame, chunk.plainBytes());
      } catch (IOException e) {
        throw corrupt(
            chunk.pack(),
            "its compression, at byte %d: %s".formatted(chunk.offset(), e.getMessage()),
            e);
      }
    }

    RecoveryException corrupt(String what, String problem, @Nullable Throwable cause) {
      return BackupReader.corrupt(manifest.id(), copy, what, problem, cause);
    }
  }
}
