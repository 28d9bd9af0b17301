package dev.drp.transfer;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * The steps by which files come and go, so that a crash between any two of them harms nothing. What
 * a step did is on stable storage when it returns.
 */
class DurableFiles {
  static final FileAttribute<?> OWNER_ONLY_FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<?> OWNER_ONLY_FOLDER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  /** A lock on a file belongs to a whole process: this one keeps its threads apart. */
  private static final Object RENAMING = new Object();

  private final Path root;

  /**
   * @param root the folder of the storage
   */
  DurableFiles(Path root) {
    this.root = root;
  }

  /** Creates a folder and those above it, as far as they are missing, for their owner only. */
  void createFolders(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      return;
    }
    Path above = parentOf(folder);
    createFolders(above);
    try {
      Files.createDirectory(folder, OWNER_ONLY_FOLDER);
      forceFolder(above);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder)) {
        throw e;
      }
    }
  }

  /** Brings a file's content to stable storage. */
  void force(FileChannel channel) throws IOException {
    channel.force(true);
  }

  /**
   * Gives a complete file its name, unless another file has it.
   *
   * @throws FileAlreadyExistsException when another has it
   */
  void publish(Path temporary, Path target) throws IOException {
    try {
      link(temporary, target);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (FileSystemException | UnsupportedOperationException e) {
      renameUnlessThere(temporary, target); // some mounted file systems have no links
    }
    forceFolder(parentOf(target));
  }

  void link(Path temporary, Path target) throws IOException {
    Files.createLink(target, temporary);
  }

  /** Removes a file; no effect where there is none. */
  void delete(Path file) throws IOException {
    if (Files.deleteIfExists(file)) {
      forceFolder(parentOf(file));
    }
  }

  /** Removes a folder and says whether it is gone; one that is not empty stays. */
  boolean deleteEmptyFolder(Path folder) {
    try {
      Files.deleteIfExists(folder);
      return true;
    } catch (IOException e) {
      return false; // not empty; or it cannot be removed, and an empty folder does no harm
    }
  }

  private void renameUnlessThere(Path temporary, Path target) throws IOException {
    synchronized (RENAMING) {
      try (FileChannel channel =
              FileChannel.open(
                  root.resolve(".drp-rename.lock"),
                  Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                  OWNER_ONLY_FILE);
          FileLock lock = channel.lock()) {
        if (!lock.isValid() || Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
          throw new FileAlreadyExistsException(target.toString());
        }
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      }
    }
  }

  private static void forceFolder(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  static Path parentOf(Path path) {
    Path parent = path.getParent();
    return parent == null ? path : parent;
  }
}
