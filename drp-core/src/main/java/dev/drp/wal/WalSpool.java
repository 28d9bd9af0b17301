package dev.drp.wal;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.Lsn;
import dev.drp.state.DurableFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Log on the disk of this machine, from when it was received until all storages have it. One thread
 * appends; any other may look and {@link #sync}. Failures are LOCAL_FILE.
 */
final class WalSpool implements AutoCloseable {
  static final String PARTIAL = ".partial";

  private final Path folder;
  private @Nullable WalSegment segment;
  private @Nullable FileChannel channel;
  private int written;
  private long existing;
  private Lsn safe = new Lsn(0);

  private WalSpool(Path folder) {
    this.folder = folder;
  }

  static WalSpool open(Path folder) {
    try {
      DurableFile.createFolders(folder);
    } catch (IOException e) {
      throw failed("create", folder, e);
    }
    return new WalSpool(folder);
  }

  /**
   * What is in it.
   *
   * @param small names of histories and events
   * @param complete segments
   * @param partial how many bytes of other segments may be shipped
   */
  record Content(
      List<String> small,
      NavigableSet<WalSegment> complete,
      NavigableMap<WalSegment, Integer> partial) {
    /** Of all files. */
    Set<String> names() {
      Set<String> names = new HashSet<>(small);
      complete.forEach(it -> names.add(it.name()));
      partial.keySet().forEach(it -> names.add(it.name() + PARTIAL));
      return names;
    }
  }

  synchronized Content content() {
    List<String> small = new ArrayList<>();
    NavigableSet<WalSegment> complete = new TreeSet<>();
    NavigableMap<WalSegment, Integer> partial = new TreeMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        if (WalLayout.timelineOfHistory(name).isPresent() || WalGap.parse(name).isPresent()) {
          small.add(name);
        }
        WalSegment.parse(name).ifPresent(complete::add);
        Optional<WalSegment> part =
            name.endsWith(PARTIAL)
                ? WalSegment.parse(name.substring(0, name.length() - PARTIAL.length()))
                : Optional.empty();
        if (part.isPresent()) {
          partial.put(part.get(), (int) Files.size(file));
        }
      }
    } catch (IOException e) {
      throw failed("list", folder, e);
    }
    if (!partial.isEmpty() && (complete.isEmpty() || isNewest(partial.lastKey(), complete))) {
      // What a crash of the machine left of the newest may end in zeros: it is streamed again.
      WalSegment newest = partial.lastKey();
      partial.put(newest, newest.equals(segment) ? newest.offset(safe) : 0);
    }
    return new Content(small, complete, partial);
  }

  private static boolean isNewest(WalSegment partial, NavigableSet<WalSegment> complete) {
    return partial.compareTo(complete.last()) > 0;
  }

  /** Where to go on: the beginning of the newest segment that is not complete. */
  Optional<WalSegment> resume() {
    Content content = content();
    Optional<WalSegment> partial =
        content.partial().isEmpty() ? Optional.empty() : Optional.of(content.partial().lastKey());
    Optional<WalSegment> afterComplete =
        content.complete().isEmpty()
            ? Optional.empty()
            : Optional.of(content.complete().last().next());
    return afterComplete.isPresent()
            && (partial.isEmpty() || partial.get().compareTo(afterComplete.get()) < 0)
        ? afterComplete
        : partial;
  }

  /** Goes on with a segment, from its beginning; what is there of it is compared. */
  synchronized void begin(WalSegment next) {
    close();
    segment = next;
    written = 0;
    safe = next.start();
  }

  /** The position after the last byte that was received. */
  synchronized Lsn received() {
    return segment == null ? safe : segment.start().plus(written);
  }

  /** The position after the last byte that is here, also from a former run. */
  synchronized Lsn end() {
    WalSegment of = begun();
    try {
      Path file = partial(of);
      return of.start().plus(Math.max(written, Files.exists(file) ? Files.size(file) : 0));
    } catch (IOException e) {
      throw failed("look at", partial(of), e);
    }
  }

  /** Goes on with another segment, and remembers that: what comes before it cannot be had. */
  synchronized void skipTo(WalSegment next) {
    begin(next);
    try {
      current();
    } catch (IOException e) {
      throw failed("create", partial(next), e);
    }
  }

  /** The position before which all that was received since {@link #begin} survives a crash. */
  synchronized Lsn safe() {
    return safe;
  }

  /** The timeline that is received. */
  synchronized int timeline() {
    return segment == null ? 0 : segment.timeline();
  }

  /**
   * Appends log. OBJECT_EXISTS when there was other content.
   *
   * @return whether a segment became complete
   */
  synchronized boolean append(ByteBuffer data) {
    boolean completed = false;
    try {
      while (data.hasRemaining()) {
        FileChannel file = current();
        int count = Math.min(data.remaining(), WalSegment.BYTES - written);
        ByteBuffer part = data.slice(data.position(), count);
        requireSame(file, part.duplicate());
        while (part.hasRemaining()) {
          written += file.write(part, written);
        }
        data.position(data.position() + count);
        if (written == WalSegment.BYTES) {
          complete(file);
          completed = true;
        }
      }
    } catch (IOException e) {
      throw failed("append to", folder, e);
    }
    return completed;
  }

  private WalSegment begun() {
    if (segment == null) {
      throw new IllegalStateException("no segment was begun");
    }
    return segment;
  }

  private Path partial(WalSegment of) {
    return folder.resolve(of.name() + PARTIAL);
  }

  Path file(String name) {
    return folder.resolve(name);
  }

  private FileChannel current() throws IOException {
    FileChannel file = channel;
    if (file == null) {
      file =
          FileChannel.open(
              partial(begun()),
              Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      force(folder);
      existing = file.size();
      channel = file;
    }
    return file;
  }

  /** A crash of the machine may have left zeros where nothing had been synced. */
  private void requireSame(FileChannel file, ByteBuffer data) throws IOException {
    int known = (int) Math.min(existing - written, data.remaining());
    if (known <= 0) {
      return;
    }
    ByteBuffer before = ByteBuffer.allocate(known);
    while (before.hasRemaining() && file.read(before, written + (long) before.position()) >= 0) {
      // a read may stop anywhere
    }
    for (int i = 0; i < before.position(); i++) {
      byte was = before.get(i);
      if (was != 0 && was != data.get(data.position() + i)) {
        throw otherContent(begun());
      }
    }
  }

  private static RecoveryException otherContent(WalSegment segment) {
    return new RecoveryException(
        ErrorCode.OBJECT_EXISTS,
        "segment %s comes from the server with other content than before".formatted(segment),
        "two servers write the same timeline: was one restored without becoming a timeline of its"
            + " own? Find out which is the right one before its log is streamed.");
  }

  private void complete(FileChannel file) throws IOException {
    WalSegment done = begun();
    file.force(false);
    Path target = folder.resolve(done.name());
    if (Files.exists(target)) {
      if (Files.mismatch(partial(done), target) != -1) {
        throw otherContent(done);
      }
      Files.delete(partial(done));
    } else {
      Files.move(partial(done), target, StandardCopyOption.ATOMIC_MOVE);
    }
    force(folder);
    file.close();
    channel = null;
    segment = done.next();
    written = 0;
    safe = begun().start();
  }

  /** Brings what was received to stable storage, and returns the position before which it is. */
  Lsn sync() {
    FileChannel file;
    Lsn until;
    WalSegment of;
    synchronized (this) {
      until = received();
      if (channel == null || safe.equals(until)) {
        return safe;
      }
      file = channel;
      of = segment;
    }
    try {
      file.force(false); // without the lock: whoever appends need not wait
    } catch (ClosedChannelException e) {
      return safe(); // complete by now
    } catch (IOException e) {
      throw failed("sync", folder, e);
    }
    synchronized (this) {
      if (begun().equals(of) && safe.isBefore(until)) {
        safe = until;
      }
      return safe;
    }
  }

  /** Keeps a small file until all storages have it; no effect when it is there. */
  synchronized void keep(String name, String content) {
    if (Files.notExists(folder.resolve(name))) {
      DurableFile.write(folder.resolve(name), content.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Removes what all storages have. */
  synchronized void remove(String name) {
    try {
      Files.deleteIfExists(folder.resolve(name));
    } catch (IOException e) {
      throw failed("remove", folder.resolve(name), e);
    }
  }

  /** Ends the segment that is received: what there is of it is on stable storage. */
  @Override
  public synchronized void close() {
    FileChannel file = channel;
    if (file == null) {
      return;
    }
    channel = null;
    try (file) {
      file.force(false);
      safe = received();
    } catch (IOException e) {
      throw failed("close", folder, e);
    }
  }

  private static void force(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static RecoveryException failed(String doing, Path file, IOException e) {
    return new RecoveryException(
        ErrorCode.LOCAL_FILE,
        "cannot %s %s: %s".formatted(doing, file, e),
        "check that the state directory is on a working file system with space left, and that this"
            + " user may write it.",
        e);
  }
}
