package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.backup.tar.ServerManifest;
import dev.drp.backup.tar.TarFollower;
import dev.drp.database.ServerFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
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
    try (PlainChunks plain = new PlainChunks(frames)) {
      for (byte[] chunk = plain.next(); chunk != null; chunk = plain.next()) {
        follow(follower, chunk, frames);
        output.write(chunk);
        task.advance(chunk.length);
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

  /**
   * Makes a folder of this machine hold the files of a base backup and no others, and writes only
   * what differs by content; what is written is what its identity says.
   *
   * @param names under which the files are kept
   * @param task hears of plain bytes
   * @throws RecoveryException as {@link #copyTar} does; REFUSED when the folder holds links
   * @throws IOException when the folder cannot be read or written
   */
  public ServerFiles.Repaired repair(
      BackupManifest manifest,
      BackupCopy copy,
      Path folder,
      UnaryOperator<String> names,
      Progress.Task task)
      throws IOException {
    try (FolderRepair repair = new FolderRepair(new Frames(manifest, copy), folder, names, task)) {
      return repair.run();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /**
   * Puts the files of a base backup into an empty folder of this machine, on several threads, and
   * compares every file with what the server said that it sent, as {@link #copyTar} does. Only
   * where the storage is at hand.
   *
   * @param names under which the files are kept
   * @param task hears of plain bytes
   * @return false when the storage is not at hand, and nothing was done
   * @throws RecoveryException as {@link #copyTar} does
   * @throws IOException when the folder cannot be written
   */
  public boolean unpack(
      BackupManifest manifest,
      BackupCopy copy,
      Path folder,
      UnaryOperator<String> names,
      Progress.Task task)
      throws IOException {
    Frames frames = new Frames(manifest, copy);
    if (!frames.atHand()) {
      return false;
    }
    try (FolderUnpack unpack = new FolderUnpack(frames, folder, names, task)) {
      unpack.run();
      return true;
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /**
   * Opens the tar of the configuration files from outside the data directory, which the caller
   * closes; only where the manifest names any. Errors are those of {@link BackupReader#open}.
   */
  public InputStream openConfiguration(BackupManifest manifest, BackupCopy copy) {
    return reader.open(manifest.id(), copy, manifest.part(SetLayout.CONFIGURATION));
  }

  /** How the backup is decoded, and the log beside it. */
  public Decoding decodingOf(BackupManifest manifest) {
    return reader.decodingLike(manifest.part(SetLayout.CHUNKS));
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
    try (HashingInputStream stored = new HashingInputStream(frames.openStored(pack.name(), 0));
        InputStream content = frames.decrypt(pack.name(), stored)) {
      long offset = 0;
      for (StoredChunk chunk : inOrder) {
        content.skipNBytes(chunk.offset() - offset);
        offset = chunk.end();
        byte[] plain = frames.plain(chunk, frames.next(chunk, content));
        if (!ChunkId.of(plain).equals(chunk.id())) {
          throw frames.corrupt(
              pack.name(), "the chunk at byte %d is another".formatted(chunk.offset()), null);
        }
        task.advance(plain.length);
      }
      content.transferTo(OutputStream.nullOutputStream()); // of others, or of nobody
      requireAsStored(frames.manifest.id(), frames.copy, pack, stored.hash());
    } catch (IOException e) { // shorter than the manifest says
      throw frames.corrupt(pack.name(), String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Reads every pack of a backup as stored, and decrypts nothing.
   *
   * @param task hears of bytes as stored
   * @throws RecoveryException with BACKUP_CORRUPT when a pack is missing or not what was stored
   */
  void checkStored(BackupManifest manifest, BackupCopy copy, Progress.Task task) {
    for (Pack pack : manifest.requireBase().packs()) {
      checkStored(manifest.id(), copy, pack, task);
    }
  }

  /** The same of a single pack. */
  void checkStored(BackupId id, BackupCopy copy, Pack pack, Progress.Task task) {
    Sha256 actual = new Sha256();
    try {
      WholeObject.read(copy.storage(), copy.packs().object(pack.name()), task, actual::update);
    } catch (RecoveryException e) {
      throw e.code() == ErrorCode.OBJECT_NOT_FOUND
          ? BackupReader.corrupt(id, copy, pack.name(), "it is missing", e)
          : e;
    }
    requireAsStored(id, copy, pack, actual);
  }

  private static void requireAsStored(BackupId id, BackupCopy copy, Pack pack, Sha256 actual) {
    String sha256 = actual.hex();
    if (!sha256.equals(pack.sha256())) {
      throw BackupReader.corrupt(
          id,
          copy,
          pack.name(),
          "it has sha256 %s, its manifest says %s".formatted(sha256, pack.sha256()),
          null);
    }
  }

  /** The chunks of a backup in order. */
  List<StoredChunk> chunks(CatalogEntry backup) {
    return new Frames(backup.manifest(), backup.copiesToRead().get(0)).chunks;
  }

  /** The plain chunks of a backup in order; both cores decompress ahead of whoever takes them. */
  private static final class PlainChunks implements AutoCloseable {
    private static final int WORKERS = 2;
    private static final int AHEAD = 16;

    private final Frames frames;
    private final Iterator<List<StoredChunk>> runs;
    private final Deque<Future<byte[]>> ahead = new ArrayDeque<>();
    private final ExecutorService workers =
        Executors.newFixedThreadPool(WORKERS, PlainChunks::workerThread);
    private Iterator<StoredChunk> run = Collections.emptyIterator();
    private InputStream stored = InputStream.nullInputStream();

    PlainChunks(Frames frames) {
      this.frames = frames;
      this.runs = ChunkList.runs(frames.chunks).iterator();
    }

    private static Thread workerThread(Runnable work) {
      Thread created = new Thread(work, "drp-unpack");
      created.setDaemon(true);
      return created;
    }

    /** Null after the last one. */
    byte @Nullable [] next() throws IOException {
      while (ahead.size() < AHEAD && (run.hasNext() || runs.hasNext())) {
        if (!run.hasNext()) {
          List<StoredChunk> chunks = runs.next();
          stored.close();
          stored = frames.open(chunks.get(0));
          run = chunks.iterator();
        }
        StoredChunk chunk = run.next();
        byte[] frame = frames.next(chunk, stored);
        ahead.add(workers.submit(() -> frames.plain(chunk, frame)));
      }
      Future<byte[]> first = ahead.poll();
      return first == null ? null : SideBySide.await("reading a backup", first);
    }

    @Override
    public void close() throws IOException {
      workers.shutdownNow();
      stored.close();
    }
  }

  /** The frames of one copy of a backup. */
  final class Frames {
    private final BackupManifest manifest;
    private final BackupCopy copy;
    private final List<StoredChunk> chunks;
    private final Compression compression;
    private final Optional<Decryption> decryption;
    private final Map<String, Decryption.AtOffset> packs = new ConcurrentHashMap<>();

    Frames(BackupManifest manifest, BackupCopy copy) {
      this.manifest = manifest;
      this.copy = copy;
      BackupPart list = manifest.part(SetLayout.CHUNKS);
      this.compression = decodingOf(manifest).compression();
      this.decryption = reader.decryptionOf(list);
      try (InputStream content = reader.open(manifest.id(), copy, list)) {
        this.chunks = ChunkList.read(content);
      } catch (IOException e) {
        throw corrupt(list.name(), String.valueOf(e.getMessage()), e);
      }
    }

    List<StoredChunk> chunks() {
      return chunks;
    }

    /** Whether reading costs no more than reading a file of this machine. */
    boolean atHand() {
      return copy.storage().local();
    }

    /** A single chunk. */
    byte[] plain(StoredChunk chunk) throws IOException {
      try (InputStream stored = open(chunk)) {
        return plain(chunk, next(chunk, stored));
      }
    }

    InputStream open(StoredChunk first) {
      return open(first.pack(), first.offset());
    }

    /** From an offset on in what the pack holds, decrypted. */
    InputStream open(String pack, long offset) {
      if (decryption.isEmpty()) {
        return openStored(pack, offset);
      }
      try {
        return decrypted(pack, decryption.get()).openAt(offset);
      } catch (IOException e) {
        throw undecryptable(pack, e);
      } catch (RecoveryException e) {
        throw orDamaged(pack, e);
      }
    }

    /** The list of the chunks was for us, and so was this. */
    private RecoveryException orDamaged(String pack, RecoveryException e) {
      return e.code() == ErrorCode.IDENTITY_REFUSED
          ? corrupt(pack, "it no longer says that it is for those that its list is for", e)
          : e;
    }

    /** What is at the beginning of a pack is read once, however many runs it has. */
    private Decryption.AtOffset decrypted(String pack, Decryption how) throws IOException {
      Decryption.AtOffset known = packs.get(pack);
      if (known == null) {
        known = how.decryptAnywhere(describe(pack), from -> openStored(pack, from));
        packs.put(pack, known);
      }
      return known;
    }

    /** Decrypts a pack whose stored bytes pass by. */
    InputStream decrypt(String pack, InputStream stored) throws IOException {
      if (decryption.isEmpty()) {
        return stored;
      }
      try {
        return decryption.get().decrypt(describe(pack), stored);
      } catch (RecoveryException e) {
        throw orDamaged(pack, e);
      }
    }

    InputStream openStored(String pack, long offset) {
      ObjectName object = copy.packs().object(pack);
      try {
        return new StorageInputStream(
            copy.storage(), object, copy.storage().objects().openAt(object, offset));
      } catch (RecoveryException e) {
        throw e.code() == ErrorCode.OBJECT_NOT_FOUND ? corrupt(pack, "it is missing", e) : e;
      }
    }

    private String describe(String pack) {
      return "pack %s in storage %s".formatted(pack, copy.storage());
    }

    private RecoveryException undecryptable(String pack, IOException e) {
      return corrupt(pack, "it cannot be decrypted: " + e.getMessage(), e);
    }

    byte[] next(StoredChunk chunk, InputStream frames) {
      byte[] frame = new byte[chunk.bytes()];
      try {
        if (frames.readNBytes(frame, 0, frame.length) < frame.length) {
          throw corrupt(chunk.pack(), "it is cut", null);
        }
        return frame;
      } catch (IOException e) { // a storage that fails throws something else
        throw undecryptable(chunk.pack(), e);
      }
    }

    byte[] plain(StoredChunk chunk, byte[] frame) {
      try {
        return compression.decompressFrame(frame, chunk.plainBytes());
      } catch (IOException e) {
        throw damaged(chunk, e);
      }
    }

    /** The same into a buffer that has room for more, ready to be read. */
    void plain(StoredChunk chunk, byte[] frame, ByteBuffer into) {
      into.clear().limit(chunk.plainBytes());
      try {
        compression.decompressFrame(frame, into);
      } catch (IOException e) {
        throw damaged(chunk, e);
      }
      into.flip();
    }

    private RecoveryException damaged(StoredChunk chunk, IOException e) {
      return corrupt(
          chunk.pack(),
          "its compression, at byte %d: %s".formatted(chunk.offset(), e.getMessage()),
          e);
    }

    RecoveryException corrupt(String what, String problem, @Nullable Throwable cause) {
      return BackupReader.corrupt(manifest.id(), copy, what, problem, cause);
    }
  }
}
