package dev.drp.state;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A held lock. It is the operating system's lock on a file, so it ends with the process that holds
 * it, however that ends; there are no stale locks. The file tells who holds it.
 */
public final class StateLock implements AutoCloseable {
  /**
   * What this process holds. The system's lock belongs to a whole process, and closing any channel
   * on the file would release it: threads of one process must not even open the file of a lock that
   * another thread holds.
   */
  private static final Map<Path, String> HELD_HERE = new ConcurrentHashMap<>();

  private static final long PAUSE_MILLIS = 20;

  private final Path file;
  private final FileChannel channel;
  private final FileLock lock;
  private boolean closed;

  private StateLock(Path file, FileChannel channel, FileLock lock) {
    this.file = file;
    this.channel = channel;
    this.lock = lock;
  }

  /**
   * Takes a lock.
   *
   * @param what what is locked, for messages: {@code backups of production}
   * @param holder who we are and since when, for others' messages
   * @throws RecoveryException with LOCKED, naming the holder, when somebody else holds it
   */
  public static synchronized StateLock take(Path file, String what, String holder) {
    Path key = realPath(file);
    String here = HELD_HERE.putIfAbsent(key, holder);
    if (here != null) {
      throw locked(what, here);
    }
    boolean taken = false;
    try {
      FileChannel channel = open(file);
      try {
        FileLock lock = channel.tryLock();
        if (lock == null) {
          throw locked(what, readHolder(file));
        }
        writeHolder(channel, holder);
        taken = true;
        return new StateLock(key, channel, lock);
      } finally {
        if (!taken) {
          channel.close();
        }
      }
    } catch (IOException e) {
      throw DurableFile.failed("lock", file, e);
    } finally {
      if (!taken) {
        HELD_HERE.remove(key);
      }
    }
  }

  /** The same, but waits so long for others to release it. */
  static StateLock take(Path file, String what, String holder, Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      try {
        return take(file, what, holder);
      } catch (RecoveryException e) {
        if (e.code() != ErrorCode.LOCKED || System.nanoTime() >= deadline) {
          throw e;
        }
        pause(what);
      }
    }
  }

  private static void pause(String what) {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("waiting for the lock of " + what, e);
    }
  }

  /** Who holds a lock now, for a look from outside; empty text when nobody does. */
  public static synchronized String holder(Path file) {
    String here = HELD_HERE.get(realPath(file));
    if (here != null) {
      return here;
    }
    if (Files.notExists(file)) {
      return "";
    }
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      return lock == null ? readHolder(file) : "";
    } catch (IOException e) {
      throw DurableFile.failed("read", file, e);
    }
  }

  /** Releases the lock. A second call has no effect. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    boolean interrupted = Thread.interrupted(); // it would close the channel before all is done
    try (channel) {
      channel.truncate(0);
      lock.release();
    } catch (IOException e) {
      throw DurableFile.failed("unlock", file, e);
    } finally {
      HELD_HERE.remove(file);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(
        file,
        Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
  }

  private static void writeHolder(FileChannel channel, String holder) throws IOException {
    channel.truncate(0);
    channel.write(ByteBuffer.wrap(holder.getBytes(StandardCharsets.UTF_8)), 0);
  }

  private static String readHolder(Path file) throws IOException {
    String holder = Files.readString(file, StandardCharsets.UTF_8).strip();
    return holder.isEmpty() ? "a process that has only just started" : holder;
  }

  private static Path realPath(Path file) {
    try {
      DurableFile.createFolders(parent(file));
      return parent(file).toRealPath().resolve(String.valueOf(file.getFileName()));
    } catch (IOException e) {
      throw DurableFile.failed("lock", file, e);
    }
  }

  private static Path parent(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException(file + " is no file");
    }
    return parent;
  }

  private static RecoveryException locked(String what, String holder) {
    return new RecoveryException(
        ErrorCode.LOCKED,
        "%s: locked by %s".formatted(what, holder),
        "wait until that has ended; the lock goes with its process, so there is nothing to"
            + " remove.");
  }
}
