package dev.drp.backup;

import dev.drp.Progress;
import dev.drp.backup.tar.OwnersFiles;
import dev.drp.backup.tar.TarCutter;
import dev.drp.backup.tar.TarFollower;
import dev.drp.backup.tar.TarListener;
import dev.drp.backup.tar.TarMember;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * Goes through the chunks of a base backup for a folder of this machine that is to hold its files.
 * The content of large files, of which each chunk is a block, is dealt with by two threads, in any
 * order. To know what belongs where, the chunks with headers are read once before; then they are
 * read again for the small files while the large ones are at work, by a thread that leaves as many
 * of the files as another one takes: to make one costs a file system up to a millisecond. Used
 * once.
 */
abstract class FolderChunks implements AutoCloseable {
  private static final int WORKERS = 2;

  /** How many chunks of a file are one piece of work. */
  private static final int SLICE = 32;

  /** How many small files wait at most, each below the size of a chunk. */
  private static final int SMALL_AT_ONCE = 32;

  private static final long SECONDS_TO_END = 10;

  private static final ThreadLocal<ByteBuffer> ROOM =
      ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(TarCutter.CHUNK));

  final BaseReader.Frames frames;
  final Path folder;
  final OwnersFiles files;
  final Progress.Task task;
  private final UnaryOperator<String> names;
  private final List<TarListener> others;
  private final ExecutorService workers;

  /** Takes small files from whoever reads them, as far as it keeps up. */
  private final ExecutorService helper =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(SMALL_AT_ONCE),
          FolderChunks::workerThread,
          new ThreadPoolExecutor.CallerRunsPolicy());

  private final Deque<Future<Void>> begun = new ArrayDeque<>();

  /**
   * @param names under which the files are kept, relative to the folder
   * @param task hears of plain bytes
   * @param others hear of the tar too, but for the content of large files
   */
  FolderChunks(
      BaseReader.Frames frames,
      Path folder,
      UnaryOperator<String> names,
      Progress.Task task,
      TarListener... others) {
    this.frames = frames;
    this.folder = folder;
    this.files = new OwnersFiles(folder);
    this.names = names;
    this.task = task;
    this.others = List.of(others);
    this.workers = Executors.newFixedThreadPool(WORKERS, FolderChunks::workerThread);
  }

  private static Thread workerThread(Runnable work) {
    Thread created = new Thread(work, "drp-files");
    created.setDaemon(true);
    return created;
  }

  /** A member is to be at that path; its content has not passed yet. */
  abstract void begins(TarMember member, Path path) throws IOException;

  /** All of a small file; on any thread. */
  abstract void small(TarMember member, Path file, byte[] content) throws IOException;

  /** Blocks of a large file that follow one another, from an offset on; on any thread. */
  abstract void blocks(TarMember member, Path file, long offset, List<StoredChunk> blocks)
      throws IOException;

  /** The content of a chunk with headers and small files. */
  abstract byte[] smallFiles(StoredChunk chunk) throws IOException;

  /** Whether a member's content is dealt with in blocks. */
  boolean isLarge(TarMember next) {
    return next.bytes() >= TarCutter.CHUNK;
  }

  /**
   * Goes through all of them.
   *
   * @throws IOException when the folder cannot be read or written
   */
  final void pass() throws IOException {
    new LargeFiles().pass();
    new SmallFiles().pass();
    while (!begun.isEmpty()) {
      await(begun.remove());
    }
  }

  private static void await(Future<Void> work) throws IOException {
    try {
      SideBySide.await("writing files", work);
    } catch (IllegalStateException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      throw e;
    }
  }

  static void write(FileChannel channel, long at, byte[] content) throws IOException {
    write(channel, at, ByteBuffer.wrap(content));
  }

  /** From its beginning. */
  static void write(FileChannel channel, long at, ByteBuffer content) throws IOException {
    while (content.hasRemaining()) {
      channel.write(content, at + content.position());
    }
  }

  /** Room for a chunk, outside the heap, of the calling thread. */
  static ByteBuffer roomForChunk() {
    return ROOM.get();
  }

  /**
   * Once through the chunks; what belongs to large files is left out by the follower of the tar.
   */
  private abstract class Passage implements TarListener {
    TarMember member = new TarMember("", '0', 0);
    Path path = folder;
    private final TarFollower follower;
    private long left;

    Passage(List<TarListener> others) {
      List<TarListener> listeners = new ArrayList<>(List.of(this));
      listeners.addAll(others);
      this.follower = new TarFollower(listeners);
    }

    /** A chunk with headers and small files. */
    abstract byte[] read(StoredChunk chunk) throws IOException;

    abstract void begins() throws IOException;

    void large(long offset, List<StoredChunk> slice) {
      // only one of the passages is for them
    }

    final void pass() throws IOException {
      List<StoredChunk> chunks = frames.chunks();
      int next = 0;
      while (next < chunks.size()) {
        next = left > 0 ? passLarge(chunks, next) : passSmall(chunks.get(next), next);
      }
      try {
        follower.finish();
      } catch (IOException e) {
        throw frames.corrupt(SetLayout.CHUNKS, String.valueOf(e.getMessage()), e);
      }
    }

    private int passSmall(StoredChunk chunk, int index) throws IOException {
      byte[] plain = read(chunk);
      try {
        follower.write(plain, 0, plain.length);
      } catch (IOException e) {
        throw frames.corrupt(SetLayout.CHUNKS, String.valueOf(e.getMessage()), e);
      }
      return index + 1;
    }

    /** Blocks of the file whose header has just passed. */
    private int passLarge(List<StoredChunk> chunks, int first) {
      long offset = member.bytes() - left;
      List<StoredChunk> slice = new ArrayList<>();
      int index = first;
      while (index < chunks.size() && left > 0 && slice.size() < SLICE) {
        StoredChunk chunk = chunks.get(index);
        if (chunk.plainBytes() != Math.min(left, TarCutter.CHUNK)) {
          throw frames.corrupt(
              SetLayout.CHUNKS,
              "chunk %d of %s has %d bytes".formatted(index, member.name(), chunk.plainBytes()),
              null);
        }
        slice.add(chunk);
        left -= chunk.plainBytes();
        index++;
      }
      follower.skip(member.bytes() - offset - left);
      large(offset, slice);
      return index;
    }

    @Override
    public final void begin(TarMember next, byte[] header) {
      member = next;
      path = files.path(names.apply(next.path()));
      left = isLarge(next) ? next.bytes() : 0;
      try {
        begins();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void content(byte[] data, int offset, int length) {
      // of no file of this passage
    }

    @Override
    public void end() {
      // of no file of this passage
    }

    @Override
    public final void filler(byte[] data, int offset, int length) {
      // belongs to no file
    }
  }

  /** Has the blocks of large files begun. */
  private final class LargeFiles extends Passage {
    LargeFiles() {
      super(List.of());
    }

    @Override
    byte[] read(StoredChunk chunk) throws IOException {
      return frames.plain(chunk);
    }

    @Override
    void begins() throws IOException {
      if (isLarge(member)) {
        FolderChunks.this.begins(member, path);
      }
    }

    @Override
    void large(long offset, List<StoredChunk> slice) {
      TarMember whole = member;
      Path file = path;
      begun.add(
          workers.submit(
              () -> {
                blocks(whole, file, offset, slice);
                return null;
              }));
    }
  }

  /** Deals with all else. */
  private final class SmallFiles extends Passage {
    private final ByteArrayOutputStream content = new ByteArrayOutputStream();

    SmallFiles() {
      super(others);
    }

    @Override
    byte[] read(StoredChunk chunk) throws IOException {
      while (!begun.isEmpty() && begun.peek().isDone()) {
        await(begun.remove()); // what failed ends this early
      }
      byte[] plain = smallFiles(chunk);
      task.advance(plain.length);
      return plain;
    }

    @Override
    void begins() throws IOException {
      content.reset();
      if (!isLarge(member)) {
        FolderChunks.this.begins(member, path);
      }
    }

    @Override
    public void content(byte[] data, int offset, int length) {
      content.write(data, offset, length);
    }

    @Override
    public void end() {
      if (!member.isFile() || isLarge(member)) {
        return;
      }
      TarMember whole = member;
      Path file = path;
      byte[] bytes = content.toByteArray();
      begun.add(
          helper.submit(
              () -> {
                small(whole, file, bytes);
                return null;
              }));
    }
  }

  /** Gives up what is not done yet: nothing is written to the folder after this. */
  @Override
  public void close() {
    end(workers);
    end(helper);
  }

  static void end(ExecutorService threads) {
    threads.shutdownNow();
    try {
      threads.awaitTermination(SECONDS_TO_END, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
