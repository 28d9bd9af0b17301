package dev.drp.backup;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.backup.tar.OwnersFiles;
import dev.drp.backup.tar.TarCutter;
import dev.drp.backup.tar.TarFollower;
import dev.drp.backup.tar.TarListener;
import dev.drp.backup.tar.TarMember;
import dev.drp.database.ServerFiles;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Rewrites the files of a folder to those of a base backup, where they differ by content. The list
 * of chunks and the chunks that hold headers tell what belongs where; the content of large files,
 * of which each chunk is a block, is compared by two threads: with the chunk itself where the
 * storage is at hand, for that costs less than a hash; else by the chunk's identity, so that only
 * what differs is fetched. Used once.
 */
final class FolderRepair implements TarListener, AutoCloseable {
  private static final int WORKERS = 2;
  private static final int AHEAD = 8;

  /** How many chunks of a file are compared in one piece of work. */
  private static final int SLICE = 32;

  private final BaseReader.Frames frames;
  private final Path folder;
  private final OwnersFiles files;
  private final UnaryOperator<String> names;
  private final Progress.Task task;
  private final TarFollower follower = new TarFollower(List.of(this));
  private final ExecutorService workers =
      Executors.newFixedThreadPool(WORKERS, FolderRepair::workerThread);
  private final Deque<Future<Void>> ahead = new ArrayDeque<>();
  private final Set<Path> belong = new HashSet<>();
  private final Set<Path> written = ConcurrentHashMap.newKeySet();
  private final AtomicLong writtenBytes = new AtomicLong();
  private final ByteArrayOutputStream small = new ByteArrayOutputStream();
  private TarMember member = new TarMember("", '0', 0);
  private Path path;
  private long left;
  private int removed;

  FolderRepair(
      BaseReader.Frames frames, Path folder, UnaryOperator<String> names, Progress.Task task) {
    this.frames = frames;
    this.folder = folder;
    this.files = new OwnersFiles(folder);
    this.names = names;
    this.task = task;
    this.path = folder;
  }

  private static Thread workerThread(Runnable work) {
    Thread created = new Thread(work, "drp-repair");
    created.setDaemon(true);
    return created;
  }

  /**
   * Does all of it. Nothing is synced.
   *
   * @throws IOException when the folder cannot be read or written
   */
  ServerFiles.Repaired run() throws IOException {
    refuseLinks();
    List<StoredChunk> chunks = frames.chunks();
    int next = 0;
    while (next < chunks.size()) {
      next = left > 0 ? repairLarge(chunks, next) : repairSmall(chunks.get(next), next);
    }
    while (!ahead.isEmpty()) {
      await(ahead.remove());
    }
    try {
      follower.finish();
    } catch (IOException e) {
      throw frames.corrupt(SetLayout.CHUNKS, String.valueOf(e.getMessage()), e);
    }
    removeOthers();
    return new ServerFiles.Repaired(writtenBytes.get(), written.size(), removed);
  }

  /** What is elsewhere is not repaired, and must not be taken for a part of the folder. */
  private void refuseLinks() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      all.filter(Files::isSymbolicLink)
          .findFirst()
          .ifPresent(
              link -> {
                throw new RecoveryException(
                    ErrorCode.REFUSED,
                    "%s is a link: what it leads to cannot be repaired".formatted(link),
                    "restore into an empty folder.");
              });
    }
  }

  /** A chunk with headers and small files, whole. */
  private int repairSmall(StoredChunk chunk, int index) throws IOException {
    byte[] plain = checked(chunk, frames.plain(chunk));
    try {
      follower.write(plain, 0, plain.length);
    } catch (IOException e) {
      throw frames.corrupt(SetLayout.CHUNKS, String.valueOf(e.getMessage()), e);
    }
    task.advance(plain.length);
    return index + 1;
  }

  private byte[] checked(StoredChunk chunk, byte[] plain) {
    if (!ChunkId.of(plain).equals(chunk.id())) {
      throw frames.corrupt(
          chunk.pack(), "the chunk at byte %d is another".formatted(chunk.offset()), null);
    }
    return plain;
  }

  /** Blocks of the file whose header has just passed. */
  private int repairLarge(List<StoredChunk> chunks, int first) throws IOException {
    Path file = path;
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
    if (ahead.size() >= AHEAD) {
      await(ahead.remove());
    }
    ahead.add(
        workers.submit(
            () -> {
              repair(file, offset, slice);
              return null;
            }));
    return index;
  }

  private static void await(Future<Void> work) throws IOException {
    try {
      SideBySide.await("comparing files", work);
    } catch (IllegalStateException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      throw e;
    }
  }

  private void repair(Path file, long offset, List<StoredChunk> slice) throws IOException {
    try (FileChannel channel =
        files.open(
            file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
      if (frames.atHand()) {
        compare(file, channel, offset, slice);
      } else {
        compareIdentities(file, channel, offset, slice);
      }
    }
  }

  private void compare(Path file, FileChannel channel, long offset, List<StoredChunk> slice)
      throws IOException {
    long at = offset;
    for (List<StoredChunk> run : ChunkList.runs(slice)) {
      try (InputStream stored = frames.open(run.get(0))) {
        for (StoredChunk chunk : run) {
          byte[] plain = frames.plain(chunk, frames.next(chunk, stored));
          if (!Arrays.equals(plain, read(channel, at, chunk.plainBytes()))) {
            write(file, channel, at, checked(chunk, plain));
          }
          at += chunk.plainBytes();
          task.advance(chunk.plainBytes());
        }
      }
    }
  }

  private void compareIdentities(
      Path file, FileChannel channel, long offset, List<StoredChunk> slice) throws IOException {
    long at = offset;
    for (StoredChunk chunk : slice) {
      if (!ChunkId.of(read(channel, at, chunk.plainBytes())).equals(chunk.id())) {
        write(file, channel, at, checked(chunk, frames.plain(chunk)));
      }
      at += chunk.plainBytes();
      task.advance(chunk.plainBytes());
    }
  }

  /** Less than asked for where the file ends. */
  private static byte[] read(FileChannel channel, long at, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    while (buffer.hasRemaining() && channel.read(buffer, at + buffer.position()) >= 0) {
      // as much as there is
    }
    return buffer.hasRemaining()
        ? Arrays.copyOf(buffer.array(), buffer.position())
        : buffer.array();
  }

  private void write(Path file, FileChannel channel, long at, byte[] content) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(content);
    while (buffer.hasRemaining()) {
      channel.write(buffer, at + buffer.position());
    }
    written.add(file);
    writtenBytes.addAndGet(content.length);
  }

  @Override
  public void begin(TarMember next, byte[] header) {
    member = next;
    path = files.path(names.apply(normal(next.name())));
    boolean large = next.bytes() >= TarCutter.CHUNK;
    left = large ? next.bytes() : 0;
    small.reset();
    for (Path it = path; it != null && belong.add(it) && !it.equals(folder); it = it.getParent()) {
      // and the folders above it, which the tar need not name
    }
    try {
      if (next.isFile()) {
        if (Files.isDirectory(path, NOFOLLOW_LINKS)) {
          remove(path);
        }
        cut(next.bytes());
      } else if (next.type() == TarMember.FOLDER) {
        if (Files.isRegularFile(path, NOFOLLOW_LINKS)) {
          remove(path);
        }
        files.makeFolders(path);
      } else {
        throw OwnersFiles.impossible(next.name());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String normal(String name) {
    return name.startsWith("./") ? name.substring(2) : name;
  }

  /** What a file has beyond its end. */
  private void cut(long bytes) throws IOException {
    if (Files.isRegularFile(path, NOFOLLOW_LINKS) && Files.size(path) > bytes) {
      try (FileChannel channel = files.open(path, StandardOpenOption.WRITE)) {
        channel.truncate(bytes);
      }
      written.add(path);
    }
  }

  @Override
  public void content(byte[] data, int offset, int length) {
    small.write(data, offset, length);
  }

  @Override
  public void end() {
    if (!member.isFile() || member.bytes() >= TarCutter.CHUNK) {
      return;
    }
    byte[] content = small.toByteArray();
    try (FileChannel channel =
        files.open(
            path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
      if (!Arrays.equals(content, read(channel, 0, content.length))) {
        write(path, channel, 0, content);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void filler(byte[] data, int offset, int length) {
    // belongs to no file
  }

  /** What is in the folder and not in the backup. */
  private void removeOthers() throws IOException {
    List<Path> others;
    try (Stream<Path> all = Files.walk(folder)) {
      others = all.filter(it -> !belong.contains(it)).sorted(Comparator.reverseOrder()).toList();
    }
    for (Path other : others) {
      Files.delete(other);
      removed++;
    }
  }

  private void remove(Path other) throws IOException {
    try (Stream<Path> all = Files.walk(other)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
        removed++;
      }
    }
  }

  @Override
  public void close() {
    workers.shutdownNow();
  }
}
