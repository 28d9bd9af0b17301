package dev.drp.state;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * Files of the state directory that survive a crash: readable by their owner only, and on stable
 * storage when a method returns. Failures are LOCAL_FILE. They are small: also a thread that is
 * interrupted writes them to the end, and stays interrupted.
 */
public final class DurableFile {
  private static final FileAttribute<?> OWNER_ONLY_FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<?> OWNER_ONLY_FOLDER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private DurableFile() {}

  /** Replaces a file as a whole: a reader sees the old content or the new, also after a crash. */
  public static void write(Path file, byte[] content) {
    // An interrupt would close the channel: how an interrupted work ended could not be written
    // down.
    uninterrupted(() -> writeNow(file, content));
  }

  private static void writeNow(Path file, byte[] content) {
    Path temporary =
        file.resolveSibling("." + file.getFileName() + "." + ProcessHandle.current().pid());
    try {
      createFolders(parent(file));
      Files.deleteIfExists(temporary);
      try (FileChannel channel =
          FileChannel.open(
              temporary,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              OWNER_ONLY_FILE)) {
        writeAll(channel, content);
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      force(parent(file));
    } catch (IOException e) {
      throw failed("write", file, e);
    }
  }

  /** Removes a file; no effect where there is none. */
  public static void delete(Path file) {
    uninterrupted(() -> deleteNow(file));
  }

  private static void deleteNow(Path file) {
    try {
      if (Files.deleteIfExists(file)) {
        force(parent(file));
      }
    } catch (IOException e) {
      throw failed("delete", file, e);
    }
  }

  private static void uninterrupted(Runnable work) {
    boolean interrupted = Thread.interrupted();
    try {
      work.run();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Creates a folder and those above it, for their owner only, as far as they are missing. */
  public static void createFolders(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      return;
    }
    Path above = folder.getParent();
    if (above != null) {
      createFolders(above);
    }
    try {
      Files.createDirectory(folder, OWNER_ONLY_FOLDER);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder)) {
        throw e;
      }
    }
  }

  static RecoveryException failed(String doing, Path file, IOException cause) {
    return new RecoveryException(
        ErrorCode.LOCAL_FILE,
        "cannot %s %s: %s".formatted(doing, file, cause),
        "check that the state directory is on a working file system with space left, and that this"
            + " user may write it.",
        cause);
  }

  private static void writeAll(FileChannel channel, byte[] content) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(content);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    channel.force(true);
  }

  private static void force(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static Path parent(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException(file + " is no file");
    }
    return parent;
  }
}
