package dev.drp.postgres;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.tar.TarListener;
import dev.drp.backup.tar.TarMember;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Writes the files of a tar below a folder of this machine, for that folder's owner alone, whoever
 * we are. Of large files, what is written goes to disk while more is unpacked, so that whoever
 * syncs the folder afterwards waits for little. Not safe for concurrent use.
 */
final class ExtractedFiles implements TarListener, AutoCloseable {
  private static final char FOLDER = '5';

  /** How much is written before the disk gets it. */
  private static final long SLICE = 32 << 20;

  private static final Set<PosixFilePermission> OWN_FILE =
      PosixFilePermissions.fromString("rw-------");
  private static final Set<PosixFilePermission> OWN_FOLDER =
      PosixFilePermissions.fromString("rwx------");

  private final Path folder;
  private final Optional<PosixFileAttributes> owner;
  private final ExecutorService disk = Executors.newSingleThreadExecutor(ExtractedFiles::thread);
  private @Nullable FileChannel open;
  private long notOnItsWay;

  /**
   * @param folder is there, and empty
   */
  ExtractedFiles(Path folder) {
    this.folder = folder;
    this.owner = ownerToGive(folder);
  }

  private static Thread thread(Runnable work) {
    Thread created = new Thread(work, "drp-disk");
    created.setDaemon(true);
    return created;
  }

  /** Only root can give files to another account; what others make is their own. */
  private static Optional<PosixFileAttributes> ownerToGive(Path folder) {
    try {
      return "root".equals(System.getProperty("user.name"))
          ? Optional.of(Files.readAttributes(folder, PosixFileAttributes.class, NOFOLLOW_LINKS))
          : Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void begin(TarMember member, byte[] header) {
    Path path = inside(member.name());
    try {
      if (member.type() == FOLDER) {
        makeFolders(path);
      } else if (member.isFile()) {
        makeFolders(path.getParent());
        open =
            FileChannel.open(
                path,
                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                PosixFilePermissions.asFileAttribute(OWN_FILE));
        give(path);
      } else {
        throw notPossible(member.name());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path inside(String name) {
    Path path = folder.resolve(name).normalize();
    if (!path.startsWith(folder)) {
      throw notPossible(name);
    }
    return path;
  }

  private static RecoveryException notPossible(String name) {
    return new RecoveryException(
        ErrorCode.BACKUP_CORRUPT,
        "no server starts from these files: %s is no file in a data directory".formatted(name),
        "take another backup, and verify this one.");
  }

  private void makeFolders(@Nullable Path path) throws IOException {
    if (path == null || path.equals(folder) || Files.isDirectory(path, NOFOLLOW_LINKS)) {
      return;
    }
    makeFolders(path.getParent());
    Files.createDirectory(path, PosixFilePermissions.asFileAttribute(OWN_FOLDER));
    give(path);
  }

  private void give(Path path) throws IOException {
    if (owner.isPresent()) {
      PosixFileAttributeView view =
          Files.getFileAttributeView(path, PosixFileAttributeView.class, NOFOLLOW_LINKS);
      view.setOwner(owner.get().owner());
      view.setGroup(owner.get().group());
    }
  }

  @Override
  public void content(byte[] data, int offset, int length) {
    FileChannel file = open;
    if (file == null) {
      return;
    }
    ByteBuffer buffer = ByteBuffer.wrap(data, offset, length);
    try {
      while (buffer.hasRemaining()) {
        file.write(buffer);
      }
      notOnItsWay += length;
      if (notOnItsWay >= SLICE) {
        notOnItsWay = 0;
        disk.execute(() -> flush(file));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Only a head start: whether all is on disk is known to whoever syncs the folder. */
  private static void flush(FileChannel file) {
    try {
      file.force(false);
    } catch (IOException e) {
      // Closed meanwhile; or a disk that fails, which says so again.
    }
  }

  @Override
  public void end() {
    FileChannel file = open;
    if (file != null) {
      open = null;
      notOnItsWay = 0;
      try {
        file.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public void filler(byte[] data, int offset, int length) {
    // belongs to no file
  }

  /** Gives up a file that is not complete. */
  @Override
  public void close() {
    disk.shutdownNow();
    end();
  }
}
