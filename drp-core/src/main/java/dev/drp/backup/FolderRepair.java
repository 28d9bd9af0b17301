package dev.drp.backup;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.backup.tar.OwnersFiles;
import dev.drp.backup.tar.TarCutter;
import dev.drp.backup.tar.TarMember;
import dev.drp.database.ServerFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Rewrites the files of a folder to those of a base backup, where they differ by content. The
 * blocks of large files are compared with the chunk itself where the storage is at hand, for that
 * costs less than a hash; else by the chunk's identity, so that only what differs is fetched. Used
 * once.
 */
final class FolderRepair extends FolderChunks {
  private static final ThreadLocal<ByteBuffer> FILE =
      ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(TarCutter.CHUNK));

  private final Set<Path> belong = new HashSet<>();
  private final Set<Path> written = ConcurrentHashMap.newKeySet();
  private final AtomicLong writtenBytes = new AtomicLong();
  private int removed;

  FolderRepair(
      BaseReader.Frames frames, Path folder, UnaryOperator<String> names, Progress.Task task) {
    super(frames, folder, names, task);
  }

  /**
   * Does all of it. Nothing is synced.
   *
   * @throws IOException when the folder cannot be read or written
   */
  ServerFiles.Repaired run() throws IOException {
    refuseLinks();
    pass();
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

  @Override
  byte[] smallFiles(StoredChunk chunk) throws IOException {
    return checked(chunk, frames.plain(chunk));
  }

  private byte[] checked(StoredChunk chunk, byte[] plain) {
    if (!ChunkId.of(plain).equals(chunk.id())) {
      throw frames.corrupt(
          chunk.pack(), "the chunk at byte %d is another".formatted(chunk.offset()), null);
    }
    return plain;
  }

  @Override
  void blocks(TarMember member, Path file, long offset, List<StoredChunk> slice)
      throws IOException {
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
    ByteBuffer plain = roomForChunk();
    ByteBuffer there = FILE.get();
    long at = offset;
    for (List<StoredChunk> run : ChunkList.runs(slice)) {
      try (InputStream stored = frames.open(run.get(0))) {
        for (StoredChunk chunk : run) {
          frames.plain(chunk, frames.next(chunk, stored), plain);
          read(channel, at, there.clear().limit(chunk.plainBytes()));
          if (!plain.equals(there.flip())) {
            byte[] content = new byte[chunk.plainBytes()];
            plain.get(content);
            rewrite(file, channel, at, checked(chunk, content));
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
        rewrite(file, channel, at, checked(chunk, frames.plain(chunk)));
      }
      at += chunk.plainBytes();
      task.advance(chunk.plainBytes());
    }
  }

  /** Less than asked for where the file ends. */
  private static byte[] read(FileChannel channel, long at, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    read(channel, at, buffer);
    return buffer.hasRemaining()
        ? Arrays.copyOf(buffer.array(), buffer.position())
        : buffer.array();
  }

  private static void read(FileChannel channel, long at, ByteBuffer into) throws IOException {
    while (into.hasRemaining() && channel.read(into, at + into.position()) >= 0) {
      // as much as there is
    }
  }

  private void rewrite(Path file, FileChannel channel, long at, byte[] content) throws IOException {
    write(channel, at, content);
    written.add(file);
    writtenBytes.addAndGet(content.length);
  }

  @Override
  void begins(TarMember next, Path path) throws IOException {
    for (Path it = path; it != null && belong.add(it) && !it.equals(folder); it = it.getParent()) {
      // and the folders above it, which the tar need not name
      if (!it.equals(path) && Files.isRegularFile(it, NOFOLLOW_LINKS)) {
        remove(it);
      }
    }
    if (next.isFile()) {
      if (Files.isDirectory(path, NOFOLLOW_LINKS)) {
        remove(path);
      }
      cut(path, next.bytes());
    } else if (next.type() == TarMember.FOLDER) {
      if (Files.isRegularFile(path, NOFOLLOW_LINKS)) {
        remove(path);
      }
      files.makeFolders(path);
    } else {
      throw OwnersFiles.impossible(next.name());
    }
  }

  /** What a file has beyond its end. */
  private void cut(Path path, long bytes) throws IOException {
    if (Files.isRegularFile(path, NOFOLLOW_LINKS) && Files.size(path) > bytes) {
      try (FileChannel channel = files.open(path, StandardOpenOption.WRITE)) {
        channel.truncate(bytes);
      }
      written.add(path);
    }
  }

  @Override
  void small(TarMember member, Path path, byte[] content) throws IOException {
    try (FileChannel channel =
        files.open(
            path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
      if (!Arrays.equals(content, read(channel, 0, content.length))) {
        rewrite(path, channel, 0, content);
      }
    }
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
}
