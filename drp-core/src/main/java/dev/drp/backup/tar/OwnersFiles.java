package dev.drp.backup.tar;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes files below a folder of this machine, for that folder's owner alone, whoever we are: root
 * gives them away. Links are never followed. Safe for concurrent use.
 */
public final class OwnersFiles {
  private static final Set<PosixFilePermission> OWN_FILE =
      PosixFilePermissions.fromString("rw-------");
  private static final Set<PosixFilePermission> OWN_FOLDER =
      PosixFilePermissions.fromString("rwx------");

  private final Path folder;
  private final Optional<PosixFileAttributes> owner;

  /**
   * @param folder is there
   */
  public OwnersFiles(Path folder) {
    this.folder = folder;
    this.owner = ownerToGive(folder);
  }

  /** What others than root make is their own anyway, and nobody else's. */
  private static Optional<PosixFileAttributes> ownerToGive(Path folder) {
    try {
      return "root".equals(System.getProperty("user.name"))
          ? Optional.of(Files.readAttributes(folder, PosixFileAttributes.class, NOFOLLOW_LINKS))
          : Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where a member of a tar belongs. BACKUP_CORRUPT for one that is outside of the folder. */
  public Path path(String name) {
    Path path = folder.resolve(name).normalize();
    if (!path.startsWith(folder)) {
      throw impossible(name);
    }
    return path;
  }

  /** For a member that no server's files have. */
  public static RecoveryException impossible(String name) {
    return new RecoveryException(
        ErrorCode.BACKUP_CORRUPT,
        "no server starts from these files: %s is no file in a data directory".formatted(name),
        "take another backup, and verify this one.");
  }

  /** Makes a folder and those above it, as far as they are not there. */
  public synchronized void makeFolders(@Nullable Path path) throws IOException {
    if (path == null || path.equals(folder) || Files.isDirectory(path, NOFOLLOW_LINKS)) {
      return;
    }
    makeFolders(path.getParent());
    Files.createDirectory(path, PosixFilePermissions.asFileAttribute(OWN_FOLDER));
    give(path);
  }

  /** Opens a file, and makes it with its folders where it is not there, if the options say so. */
  public FileChannel open(Path path, OpenOption... options) throws IOException {
    boolean there = Files.exists(path, NOFOLLOW_LINKS);
    if (!there) {
      makeFolders(path.getParent());
    }
    Set<OpenOption> all = new HashSet<>(Arrays.asList(options));
    all.add(NOFOLLOW_LINKS);
    FileChannel file = FileChannel.open(path, all, PosixFilePermissions.asFileAttribute(OWN_FILE));
    if (!there) {
      give(path);
    }
    return file;
  }

  private void give(Path path) throws IOException {
    if (owner.isPresent()) {
      PosixFileAttributeView view =
          Files.getFileAttributeView(path, PosixFileAttributeView.class, NOFOLLOW_LINKS);
      view.setOwner(owner.get().owner());
      view.setGroup(owner.get().group());
    }
  }
}
