package dev.drp.backup;

import dev.drp.Progress;
import dev.drp.backup.tar.OwnersFiles;
import dev.drp.backup.tar.ServerManifest;
import dev.drp.backup.tar.TarMember;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32C;

/**
 * Writes the files of a base backup into an empty folder, and compares each with what the server
 * said that it sent. Making a small file costs a file system about a millisecond, and one thread
 * that does that and writes a tar of 1.1 GB is what all others wait for. Used once.
 */
final class FolderUnpack extends FolderChunks {
  /** How much is written before the disk gets it. */
  private static final long HEAD_START = 32 << 20;

  private final ServerManifest server;
  private final Map<String, PartialChecksums> large = new ConcurrentHashMap<>();
  private final AtomicLong notOnItsWay = new AtomicLong();
  private final ExecutorService disk = Executors.newSingleThreadExecutor(FolderUnpack::thread);

  /**
   * @param folder nothing of what comes is in it
   */
  FolderUnpack(
      BaseReader.Frames frames, Path folder, UnaryOperator<String> names, Progress.Task task) {
    this(frames, folder, names, task, new ServerManifest());
  }

  private FolderUnpack(
      BaseReader.Frames frames,
      Path folder,
      UnaryOperator<String> names,
      Progress.Task task,
      ServerManifest server) {
    super(frames, folder, names, task, server);
    this.server = server;
  }

  private static Thread thread(Runnable work) {
    Thread created = new Thread(work, "drp-disk");
    created.setDaemon(true);
    return created;
  }

  /**
   * Does all of it. Nothing is synced.
   *
   * @throws IOException when the folder cannot be written
   */
  void run() throws IOException {
    pass();
    large.forEach((path, parts) -> server.replaceChecksum(path, parts.ofAll()));
    server
        .problem()
        .ifPresent(
            problem -> {
              throw frames.corrupt(SetLayout.CHUNKS, problem, null);
            });
  }

  /** The server's manifest passes in order, however large it is, as it is read. */
  @Override
  boolean isLarge(TarMember next) {
    return super.isLarge(next) && !ServerManifest.is(next);
  }

  @Override
  byte[] smallFiles(StoredChunk chunk) throws IOException {
    return frames.plain(chunk);
  }

  @Override
  void begins(TarMember next, Path path) throws IOException {
    if (next.type() == TarMember.FOLDER) {
      files.makeFolders(path);
    } else if (!next.isFile()) {
      throw OwnersFiles.impossible(next.name());
    } else if (isLarge(next)) {
      create(path).close();
    }
  }

  private FileChannel create(Path file) throws IOException {
    return files.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
  }

  @Override
  void small(TarMember member, Path file, byte[] content) throws IOException {
    try (FileChannel channel = create(file)) {
      write(channel, 0, content);
    }
  }

  @Override
  void blocks(TarMember member, Path file, long offset, List<StoredChunk> slice)
      throws IOException {
    CRC32C checksum = new CRC32C();
    ByteBuffer plain = roomForChunk();
    long at = offset;
    try (FileChannel channel = files.open(file, StandardOpenOption.WRITE)) {
      for (List<StoredChunk> run : ChunkList.runs(slice)) {
        try (InputStream stored = frames.open(run.get(0))) {
          for (StoredChunk chunk : run) {
            frames.plain(chunk, frames.next(chunk, stored), plain);
            checksum.update(plain.duplicate());
            write(channel, at, plain);
            at += chunk.plainBytes();
            task.advance(chunk.plainBytes());
          }
        }
      }
    }
    large
        .computeIfAbsent(member.path(), any -> new PartialChecksums())
        .add(offset, at - offset, (int) checksum.getValue());
    if (notOnItsWay.addAndGet(at - offset) >= HEAD_START) {
      notOnItsWay.set(0);
      disk.execute(() -> flush(file));
    }
  }

  /** Only a head start: whether all is on disk is known to whoever syncs the folder. */
  private void flush(Path file) {
    try (FileChannel channel = files.open(file, StandardOpenOption.WRITE)) {
      channel.force(false);
    } catch (IOException e) {
      // A disk that fails says so again.
    }
  }

  @Override
  public void close() {
    super.close();
    end(disk);
  }
}
