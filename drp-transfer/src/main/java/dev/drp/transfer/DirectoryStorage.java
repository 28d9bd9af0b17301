package dev.drp.transfer;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupStorage;
import dev.drp.backup.ObjectName;
import dev.drp.backup.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A storage in a folder of this machine; also a mounted one. Objects are files for their owner
 * only. Links below the folder are never followed.
 */
public final class DirectoryStorage implements BackupStorage {
  private static final int ATTEMPTS = 10;

  private final Path root;
  private final DurableFiles files;

  /**
   * The folder may be missing still: the first object creates it if the folder above exists, and
   * else fails, as that file system is probably not mounted.
   */
  public DirectoryStorage(Path folder) {
    this(folder, new DurableFiles(folder.toAbsolutePath().normalize()));
  }

  DirectoryStorage(Path folder, DurableFiles files) {
    this.root = folder.toAbsolutePath().normalize();
    this.files = requireNonNull(files, "files");
  }

  @Override
  public StoredObject put(ObjectName name, Content content) {
    Path target = path(name);
    requireRootOrItsParent();
    try {
      TemporaryFile temporary = newTemporaryFile(DurableFiles.parentOf(target));
      try {
        long bytes = temporary.write(content);
        publish(name, temporary.path(), target);
        return new StoredObject(name, bytes);
      } finally {
        files.delete(temporary.path());
      }
    } catch (IOException e) {
      throw failedToWrite(name, e);
    } finally {
      removeEmptyFolders(target);
    }
  }

  @Override
  public List<StoredObject> list(ObjectName folder) {
    List<StoredObject> objects = new ArrayList<>();
    walk(
        folder,
        (path, attributes) ->
            nameOf(path).ifPresent(name -> objects.add(new StoredObject(name, attributes.size()))));
    objects.sort(Comparator.comparing(StoredObject::name));
    return objects;
  }

  @Override
  public List<String> names(ObjectName folder) {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(path(folder))) {
      for (Path entry : entries) {
        String name = String.valueOf(entry.getFileName());
        if (!TemporaryName.isOne(name)) {
          names.add(name);
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      requireRootOrItsParent();
      return List.of();
    } catch (IOException e) {
      throw unavailable("list " + folder, e);
    }
    names.sort(Comparator.naturalOrder());
    return names;
  }

  @Override
  public InputStream openAt(ObjectName name, long offset) {
    Path path = path(name);
    try {
      if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
        throw new NoSuchFileException(path.toString());
      }
      return Channels.newInputStream(
          FileChannel.open(path, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))
              .position(offset));
    } catch (NoSuchFileException e) {
      throw new RecoveryException(
          ErrorCode.OBJECT_NOT_FOUND,
          "%s is not in %s".formatted(name, root),
          "look at what is there; somebody may have removed it.",
          e);
    } catch (IOException e) {
      throw unavailable("open " + name, e);
    }
  }

  @Override
  public void delete(ObjectName name) {
    Path path = path(name);
    try {
      files.delete(path);
    } catch (IOException e) {
      throw unavailable("delete " + name, e);
    }
    removeEmptyFolders(path);
  }

  @Override
  public long removeAbandoned(ObjectName folder) {
    List<Path> abandoned = new ArrayList<>();
    long[] freed = {0};
    walk(
        folder,
        (path, attributes) -> {
          Optional<TemporaryName> name = TemporaryName.parse(String.valueOf(path.getFileName()));
          if (name.isPresent() && name.get().isAbandoned(attributes.lastModifiedTime())) {
            abandoned.add(path);
            freed[0] += attributes.size();
          }
        });
    for (Path path : abandoned) {
      try {
        files.delete(path);
      } catch (IOException e) {
        throw unavailable("clean up " + folder, e);
      }
      removeEmptyFolders(path);
    }
    return freed[0];
  }

  @Override
  public OptionalLong freeBytes() {
    try {
      Path existing = Files.exists(root) ? root : DurableFiles.parentOf(root);
      return OptionalLong.of(Files.getFileStore(existing).getUsableSpace());
    } catch (IOException e) {
      throw unavailable("ask for free space", e);
    }
  }

  @Override
  public String place() {
    return root.toString();
  }

  /** In the object's own folder: only within one file system can it get its name at once. */
  private TemporaryFile newTemporaryFile(Path folder) throws IOException {
    for (int attempt = 1; ; attempt++) {
      files.createFolders(folder);
      try {
        return TemporaryFile.create(folder, files);
      } catch (NoSuchFileException e) {
        if (attempt == ATTEMPTS) { // the folder goes only while somebody deletes its last object
          throw e;
        }
      }
    }
  }

  private void publish(ObjectName name, Path temporary, Path target) throws IOException {
    try {
      files.publish(temporary, target);
    } catch (FileAlreadyExistsException e) {
      if (Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)
          && Files.mismatch(temporary, target) == -1) {
        return;
      }
      throw new RecoveryException(
          ErrorCode.OBJECT_EXISTS,
          "%s is in %s already, with other content".formatted(name, root),
          "look at what is there; objects are never replaced.",
          e);
    }
  }

  private void walk(ObjectName folder, RegularFiles.Visit visit) {
    Path start = path(folder);
    if (!Files.isDirectory(start, LinkOption.NOFOLLOW_LINKS)) {
      requireRootOrItsParent();
      return;
    }
    try {
      Files.walkFileTree(start, new RegularFiles(visit));
    } catch (IOException e) {
      throw unavailable("list " + folder, e);
    }
  }

  private Optional<ObjectName> nameOf(Path path) {
    try {
      return Optional.of(new ObjectName(root.relativize(path).toString()));
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // a temporary file, or somebody else's
    }
  }

  private Path path(ObjectName name) {
    Path path = root;
    for (String segment : name.value().split("/", -1)) {
      path = path.resolve(segment);
      if (Files.isSymbolicLink(path)) {
        throw new RecoveryException(
            ErrorCode.STORAGE_UNAVAILABLE,
            "%s is a symbolic link; a storage follows none below its folder".formatted(path),
            "move the link away, or name the folder that it leads to as the storage.");
      }
    }
    return path;
  }

  private void requireRootOrItsParent() {
    if (!Files.isDirectory(root) && !Files.isDirectory(DurableFiles.parentOf(root))) {
      throw new RecoveryException(
          ErrorCode.STORAGE_UNAVAILABLE,
          "there is no folder %s, and none to create it in".formatted(root),
          "mount its file system, or create the folder %s.".formatted(DurableFiles.parentOf(root)));
    }
  }

  /** An object store has no folders apart from its objects: nor do we. */
  private void removeEmptyFolders(Path below) {
    Path folder = DurableFiles.parentOf(below);
    while (!folder.equals(root) && files.deleteEmptyFolder(folder)) {
      folder = DurableFiles.parentOf(folder);
    }
  }

  private RecoveryException failedToWrite(ObjectName name, IOException e) {
    if (!SpaceLeft.isOut(root, e)) {
      return unavailable("write " + name, e);
    }
    return new RecoveryException(
        ErrorCode.OUT_OF_SPACE,
        "no space left in %s to write %s".formatted(root, name),
        "expire backups, or give the storage more space; what was written has been removed.",
        e);
  }

  private RecoveryException unavailable(String doing, IOException e) {
    if (Thread.currentThread().isInterrupted()) { // a channel closes itself then
      return new RecoveryException(
          ErrorCode.INTERRUPTED,
          "interrupted while about to %s in %s".formatted(doing, root),
          "nothing half-written is left; run this again.",
          e);
    }
    return new RecoveryException(
        ErrorCode.STORAGE_UNAVAILABLE,
        "cannot %s in %s: %s".formatted(doing, root, e),
        "check that the folder is mounted and that this user may read and write it.",
        e);
  }
}
