package dev.drp.transfer;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupStorage;
import dev.drp.backup.ObjectName;
import dev.drp.backup.StoredObject;
import dev.drp.transfer.SftpSession.Entry;
import dev.drp.transfer.SftpSession.SftpStatus;
import dev.drp.transfer.ssh.SshConnections;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import net.schmizz.sshj.sftp.FileAttributes;
import net.schmizz.sshj.sftp.FileMode;

/**
 * A storage in a folder of another machine, over SFTP version 3; the account there needs no shell.
 * Objects are files for their owner only, and lie as in a {@link DirectoryStorage}.
 *
 * <p>An upload that breaks off goes on where it was on a new connection. A folder that cannot be
 * synced (SFTP has no request for it) is the one thing that a power cut of the other machine may
 * lose, where its file system does not keep the order of changes.
 */
public final class SftpStorage implements BackupStorage, AutoCloseable {
  private static final int ATTEMPTS = 10;
  private static final int FOLDER_MODE = 0700;

  private final String root;
  private final SftpSessions sessions;
  private final SftpPublishing publishing;

  /**
   * @param folder absolute. It may be missing still: the first object creates it if the folder
   *     above exists, and else fails, as that file system is probably not mounted.
   */
  public SftpStorage(SshConnections connections, String folder) {
    this(connections, folder, SftpSessions.Patience.USUAL);
  }

  SftpStorage(SshConnections connections, String folder, SftpSessions.Patience patience) {
    if (!folder.startsWith("/")) {
      throw new IllegalArgumentException("not an absolute path: " + folder);
    }
    this.root = folder.replaceAll("/+$", "");
    this.sessions = new SftpSessions(requireNonNull(connections, "connections"), patience);
    this.publishing = new SftpPublishing(sessions);
  }

  @Override
  public StoredObject put(ObjectName name, Content content) {
    String target = path(name);
    try {
      long bytes =
          publishing.isInPlace() ? putInPlace(target, content) : putBeside(target, content);
      return new StoredObject(name, bytes);
    } catch (SftpPublishing.OtherContent e) {
      throw new RecoveryException(
          ErrorCode.OBJECT_EXISTS,
          "%s is in %s already, %s".formatted(name, place(), e.getMessage()),
          "look at what is there; objects are never replaced.",
          e);
    } catch (IOException e) {
      throw failedToWrite(name, e);
    }
  }

  /** Under another name first, in the object's own folder: that is on the same file system. */
  private long putBeside(String target, Content content) throws IOException {
    SftpUpload upload = create(parentOf(target));
    try {
      long bytes = upload.write(content, Optional.empty());
      publishing.publish(upload.path(), target);
      return bytes;
    } finally {
      removeQuietly(upload.path());
    }
  }

  private long putInPlace(String target, Content content) throws IOException {
    try {
      return inFolder(parentOf(target), () -> publishing.putInPlace(target, content));
    } catch (IOException | RuntimeException e) {
      removeEmptyFolders(target);
      throw e;
    }
  }

  private SftpUpload create(String folder) throws IOException {
    return inFolder(
        folder,
        () ->
            sessions.repeatedly(
                session -> {
                  String path = folder + "/" + TemporaryName.next();
                  byte[] handle = session.create(path, SftpPublishing.FILE_MODE).handle();
                  return new SftpUpload(sessions, session, path, handle);
                }));
  }

  private interface InFolder<T> {
    T create() throws IOException;
  }

  /** Creates the folder if that is what is missing; it goes again when its last object does. */
  private <T> T inFolder(String folder, InFolder<T> creation) throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        return creation.create();
      } catch (SftpStatus e) {
        if (!e.isNotFound() || attempt == ATTEMPTS) {
          throw e;
        }
        makeFolders(folder);
      }
    }
  }

  private void makeFolders(String folder) throws IOException {
    try {
      sessions.get().makeFolder(folder, FOLDER_MODE);
    } catch (SftpStatus e) {
      if (e.isNotFound() && !folder.equals(root)) {
        makeFolders(parentOf(folder));
        makeFolders(folder);
        return;
      }
      if (!isFolder(folder)) {
        requireRootOrItsParent();
        throw e;
      }
    }
  }

  @Override
  public List<StoredObject> list(ObjectName folder) {
    List<StoredObject> objects = new ArrayList<>();
    for (Entry file : files(folder)) {
      if (SftpDownload.isComplete(file.attributes())) {
        nameOf(file.name())
            .ifPresent(name -> objects.add(new StoredObject(name, file.attributes().getSize())));
      }
    }
    objects.sort(Comparator.comparing(StoredObject::name));
    return objects;
  }

  @Override
  public List<String> names(ObjectName folder) {
    try {
      Optional<List<Entry>> entries = new SftpTree(sessions.get()).entries(path(folder));
      if (entries.isEmpty()) {
        requireRootOrItsParent();
      }
      return entries.orElse(List.of()).stream()
          .filter(entry -> !isUnpublished(entry))
          .map(Entry::name)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw unavailable("list " + folder, e);
    }
  }

  @Override
  public InputStream openAt(ObjectName name, long offset) {
    try {
      return SftpDownload.open(sessions, path(name), offset);
    } catch (SftpStatus e) {
      if (!e.isNotFound()) {
        throw unavailable("open " + name, e);
      }
      throw new RecoveryException(
          ErrorCode.OBJECT_NOT_FOUND,
          "%s is not in %s".formatted(name, place()),
          "look at what is there; somebody may have removed it.",
          e);
    } catch (IOException e) {
      throw unavailable("open " + name, e);
    }
  }

  @Override
  public void delete(ObjectName name) {
    String path = path(name);
    try {
      remove(path);
      removeEmptyFolders(path);
    } catch (IOException e) {
      throw unavailable("delete " + name, e);
    }
  }

  @Override
  public long removeAbandoned(ObjectName folder) {
    long freed = 0;
    try {
      for (Entry file : files(folder)) {
        String path = file.name();
        Optional<TemporaryName> writer = SftpPublishing.writerOf(lastOf(path));
        if (writer.isPresent() && writer.get().isAbandoned(modified(file.attributes()))) {
          freed += file.attributes().getSize() + publishing.removeClaimed(path);
          remove(path);
          removeEmptyFolders(path);
        }
      }
    } catch (IOException e) {
      throw unavailable("clean up " + folder, e);
    }
    return freed;
  }

  @Override
  public OptionalLong freeBytes() {
    try {
      SftpSession session = sessions.get();
      String existing = isFolder(root) ? root : parentOf(root);
      return session.freeBytes(existing).map(OptionalLong::of).orElse(OptionalLong.empty());
    } catch (IOException e) {
      throw unavailable("ask for free space", e);
    }
  }

  @Override
  public String place() {
    return "sftp://" + sessions.place() + root;
  }

  /** Ends its connection. */
  @Override
  public void close() {
    sessions.close();
  }

  private List<Entry> files(ObjectName folder) {
    try {
      Optional<List<Entry>> files = new SftpTree(sessions.get()).files(path(folder));
      if (files.isEmpty()) {
        requireRootOrItsParent();
      }
      return files.orElse(List.of());
    } catch (IOException e) {
      throw unavailable("list " + folder, e);
    }
  }

  private static boolean isUnpublished(Entry entry) {
    return SftpPublishing.writerOf(entry.name()).isPresent()
        || (entry.attributes().getType() == FileMode.Type.REGULAR
            && !SftpDownload.isComplete(entry.attributes()));
  }

  private Optional<ObjectName> nameOf(String path) {
    try {
      return Optional.of(new ObjectName(path.substring(root.length() + 1)));
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // a temporary file, or somebody else's
    }
  }

  private String path(ObjectName name) {
    return root + "/" + name.value();
  }

  private static String parentOf(String path) {
    int slash = path.lastIndexOf('/');
    return slash <= 0 ? "/" : path.substring(0, slash);
  }

  private static String lastOf(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  private static FileTime modified(FileAttributes attributes) {
    return FileTime.from(attributes.getMtime(), TimeUnit.SECONDS);
  }

  private boolean isFolder(String path) throws IOException {
    return sessions
        .get()
        .findBehindLinks(path)
        .filter(it -> it.getType() == FileMode.Type.DIRECTORY)
        .isPresent();
  }

  private void requireRootOrItsParent() throws IOException {
    if (!isFolder(root.isEmpty() ? "/" : root) && !isFolder(parentOf(root))) {
      throw new RecoveryException(
          ErrorCode.STORAGE_UNAVAILABLE,
          "there is no folder %s, and none to create it in".formatted(place()),
          "mount its file system over there, or create the folder %s.".formatted(parentOf(root)));
    }
  }

  /** No effect where there is none. */
  private void remove(String path) throws IOException {
    try {
      sessions.get().remove(path);
    } catch (SftpStatus e) {
      if (!e.isNotFound()) {
        throw e;
      }
    }
  }

  private void removeQuietly(String path) {
    try {
      remove(path);
      removeEmptyFolders(path);
    } catch (IOException | RecoveryException e) {
      // a later run knows by its name that its writer is dead
    }
  }

  /** An object store has no folders apart from its objects: nor do we. */
  private void removeEmptyFolders(String below) throws IOException {
    for (String folder = parentOf(below);
        folder.length() > root.length();
        folder = parentOf(folder)) {
      try {
        sessions.get().removeFolder(folder);
      } catch (SftpStatus e) {
        return; // not empty; or it cannot be removed, and an empty folder does no harm
      }
    }
  }

  private RecoveryException failedToWrite(ObjectName name, IOException e) {
    if (!(e instanceof SftpStatus status) || !status.isOutOfSpace()) {
      return unavailable("write " + name, e);
    }
    return new RecoveryException(
        ErrorCode.OUT_OF_SPACE,
        "no space left in %s to write %s".formatted(place(), name),
        "expire backups, or give the storage more space; what was written has been removed.",
        e);
  }

  private RecoveryException unavailable(String doing, IOException e) {
    if (e instanceof InterruptedIOException || Thread.currentThread().isInterrupted()) {
      return new RecoveryException(
          ErrorCode.INTERRUPTED,
          "interrupted while about to %s in %s".formatted(doing, place()),
          "nothing half-written counts; run this again.",
          e);
    }
    if (e instanceof SftpStatus status && status.isDenied()) {
      return new RecoveryException(
          ErrorCode.ACCESS_DENIED,
          "%s does not let us %s: %s".formatted(place(), doing, e.getMessage()),
          "check who owns that folder over there, and its permissions.",
          e);
    }
    return new RecoveryException(
        ErrorCode.STORAGE_UNAVAILABLE,
        "cannot %s in %s: %s".formatted(doing, place(), e.getMessage()),
        "check that machine and its disk, then run this again.",
        e);
  }
}
