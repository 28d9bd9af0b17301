package dev.drp.backup;

import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.backup.tar.ServerManifest;
import dev.drp.backup.tar.TarCutter;
import dev.drp.backup.tar.TarFollower;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Takes the tar of a base backup and stores of it what is not stored yet. Written to by one thread;
 * the chunks are hashed and compressed by others, and stored in order by one more. Holds a few MiB,
 * whatever the size of the tar.
 */
final class PackedTar extends OutputStream {
  /** A pack is full once it has this size. */
  static final long PACK = 64 << 20;

  private static final int WORKERS = 2;
  private static final int CHUNKS_IN_FLIGHT = 24;
  private static final long LOOK_MILLIS = 100;

  private final UnfinishedSet set;
  private final Coding coding;
  private final KnownChunks known;
  private final Progress.Task task;
  private final TarFollower follower;
  private final TarCutter cutter = new TarCutter(this::submit);
  private final ServerManifest serverManifest = new ServerManifest();
  private final ExecutorService workers =
      Executors.newFixedThreadPool(WORKERS, PackedTar::workerThread);
  private final BlockingQueue<Future<Optional<Prepared>>> prepared = new LinkedBlockingQueue<>();
  private final Semaphore inFlight = new Semaphore(CHUNKS_IN_FLIGHT);
  private final SideBySide<List<StoredChunk>> storing;
  private final Map<String, Pack> written = new LinkedHashMap<>();
  private long tarBytes;

  /** A chunk on its way. */
  private static final class Prepared {
    private final ChunkId id;
    private final int plainBytes;

    /** Its compressed content; null when it is stored already. */
    private final byte @Nullable [] frame;

    Prepared(ChunkId id, int plainBytes, byte @Nullable [] frame) {
      this.id = id;
      this.plainBytes = plainBytes;
      this.frame = frame;
    }
  }

  /** What became of the tar. */
  record Result(List<StoredChunk> chunks, List<Pack> packs, long tarBytes, long newBytes) {}

  /**
   * @param task hears of plain bytes
   */
  PackedTar(UnfinishedSet set, Coding coding, KnownChunks known, Progress.Task task) {
    this.set = set;
    this.coding = coding;
    this.known = known;
    this.task = task;
    this.follower = new TarFollower(List.of(cutter, serverManifest));
    this.storing = new SideBySide<>("storing packs", this::store);
  }

  private static Thread workerThread(Runnable work) {
    Thread created = new Thread(work, "drp-pack");
    created.setDaemon(true);
    return created;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] data, int offset, int length) throws IOException {
    follower.write(data, offset, length);
    tarBytes += length;
    task.advance(length);
  }

  /**
   * Waits until all is stored.
   *
   * @throws IOException when the tar is cut
   */
  Result finish() throws IOException {
    follower.finish();
    cutter.finish();
    prepared.add(CompletableFuture.completedFuture(Optional.empty()));
    List<StoredChunk> chunks = storing.await();
    long newBytes = written.values().stream().mapToLong(Pack::bytes).sum();
    return new Result(chunks, packsOf(chunks), tarBytes, newBytes);
  }

  /** What the server says of the tar, once it is finished. */
  ServerManifest serverManifest() {
    return serverManifest;
  }

  /** Gives up what is not stored yet. */
  @Override
  public void close() {
    workers.shutdownNow();
    storing.close();
  }

  private List<Pack> packsOf(List<StoredChunk> chunks) {
    return chunks.stream()
        .map(StoredChunk::pack)
        .distinct()
        .map(name -> known.pack(name).orElseGet(() -> written.get(name)))
        .toList();
  }

  private void submit(byte[] chunk) {
    try {
      while (!inFlight.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
        if (storing.hasEnded()) {
          storing.await(); // throws what ended it
          throw new IllegalStateException("nobody stores packs any more");
        }
      }
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("waiting for the storage", e);
    }
    prepared.add(workers.submit(() -> Optional.of(prepare(chunk))));
  }

  private Prepared prepare(byte[] chunk) {
    ChunkId id = ChunkId.of(chunk);
    boolean stored = known.find(id).isPresent();
    return new Prepared(
        id, chunk.length, stored ? null : coding.compression().compressFrame(chunk));
  }

  /** The storing thread: puts packs until the tar ends. */
  private List<StoredChunk> store() {
    List<StoredChunk> chunks = new ArrayList<>();
    Optional<Prepared> first = nextNew(chunks);
    while (first.isPresent()) {
      first = storePack(first.get(), chunks);
    }
    return chunks;
  }

  /** Puts a pack that begins with a chunk, and returns the first chunk of the next one. */
  private Optional<Prepared> storePack(Prepared first, List<StoredChunk> chunks) {
    String name = SharedPacks.name(set.id(), written.size() + 1, coding);
    List<Optional<Prepared>> next = new ArrayList<>();
    Pack pack =
        set.writePack(
            name,
            coding,
            output -> {
              long offset = 0;
              Optional<Prepared> current = Optional.of(first);
              while (current.isPresent() && offset < PACK) {
                offset += append(current.get(), name, offset, output, chunks);
                current = nextNew(chunks);
              }
              next.add(current);
            });
    written.put(name, pack);
    return next.get(0);
  }

  private int append(
      Prepared chunk, String pack, long offset, OutputStream output, List<StoredChunk> chunks)
      throws IOException {
    byte[] frame = chunk.frame;
    if (frame == null) {
      throw new IllegalStateException("a chunk is said to be stored, and is not: " + chunk.id);
    }
    output.write(frame);
    StoredChunk stored = new StoredChunk(chunk.id, chunk.plainBytes, pack, offset, frame.length);
    known.add(stored);
    chunks.add(stored);
    return frame.length;
  }

  /** The next chunk that has to be stored, after noting those that are; empty at the end. */
  private Optional<Prepared> nextNew(List<StoredChunk> chunks) {
    while (true) {
      Optional<Prepared> next = next();
      Optional<StoredChunk> stored = next.flatMap(it -> known.find(it.id));
      if (stored.isEmpty()) {
        return next;
      }
      chunks.add(stored.get());
    }
  }

  private Optional<Prepared> next() {
    try {
      Optional<Prepared> next = prepared.take().get();
      inFlight.release();
      return next;
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("waiting for the server's data", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("compressing a chunk", e.getCause());
    }
  }
}
