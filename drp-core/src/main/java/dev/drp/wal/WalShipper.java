package dev.drp.wal;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupStorage.Content;
import dev.drp.backup.Coding;
import dev.drp.backup.Decoding;
import dev.drp.backup.Encryption;
import dev.drp.backup.NamedStorage;
import dev.drp.backup.ObjectName;
import dev.drp.database.Lsn;
import dev.drp.database.TimelineHistory;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Brings the log of one server from the spool to one storage, in one thread at a time. What it says
 * can be asked at any time, also while the storage lets it wait.
 */
final class WalShipper {
  /** A segment that fills slowly has no more increments than that; then one replaces them all. */
  private static final int MOST_INCREMENTS = 128;

  private final NamedStorage storage;
  private final WalSpool spool;
  private final WalLayout layout;
  private final Coding coding;
  private final Map<Integer, Map<WalSegment, NavigableSet<Increment>>> stored = new HashMap<>();
  private final Set<String> done = ConcurrentHashMap.newKeySet();
  private boolean lookAgain;
  private volatile @Nullable Position position;
  private volatile @Nullable Past past;

  WalShipper(NamedStorage storage, WalSpool spool, WalLayout layout, Coding coding) {
    this.storage = storage;
    this.spool = spool;
    this.layout = layout;
    this.coding = coding;
  }

  /** How far a storage has the log. */
  record Position(int timeline, Lsn to) {
    Position {
      requireNonNull(to, "to");
    }

    boolean covers(Position other) {
      return timeline > other.timeline || (timeline == other.timeline && !to.isBefore(other.to));
    }
  }

  /**
   * What a storage has of the log that leads to where it is shipped: of a timeline, since some
   * position without a hole.
   */
  private record Past(TimelineHistory history, Lsn since, Optional<WalGap> newestGap) {}

  NamedStorage storage() {
    return storage;
  }

  /** How far this program has brought it; empty as long as it has not got to it. */
  @Nullable Position position() {
    return position;
  }

  /** The log without a hole that leads to {@link #position}; empty where it is not known yet. */
  Optional<WalStretch> stretch() {
    Position here = position;
    Past known = past;
    return here == null || known == null || known.history.timeline() != here.timeline
        ? Optional.empty()
        : Optional.of(WalStretch.of(known.history, known.since, here.to));
  }

  /** The newest gap that the storage tells of. */
  Optional<WalGap> newestGap() {
    Past known = past;
    return known == null ? Optional.empty() : known.newestGap;
  }

  /** Whether the storage has all of a file of the spool. */
  boolean has(String name) {
    return done.contains(name);
  }

  /**
   * Ships all that the storage does not have. OBJECT_EXISTS when it has other content; else what
   * the storage says.
   */
  synchronized void ship() {
    WalSpool.Content content = spool.content();
    done.retainAll(content.names());
    for (String name : content.small()) {
      if (!done.contains(name)) {
        ObjectName target =
            WalGap.parse(name).isPresent()
                ? layout.events().child(name)
                : layout.folder().child(name);
        storage.objects().put(target, output -> Files.copy(spool.file(name), output));
        done.add(name);
        lookAgain = true; // a gap, or another timeline
      }
    }
    for (WalSegment segment : content.complete()) {
      if (!done.contains(segment.name())) {
        complete(segment);
        done.add(segment.name());
      }
      reached(segment, WalSegment.BYTES);
    }
    content.partial().forEach(this::partial);
    lookBack();
  }

  /**
   * Finds out where the log begins that leads here. Within a timeline, and without a gap, that does
   * not change while it is shipped.
   */
  private void lookBack() {
    Position here = position;
    Past known = past;
    if (here != null && (lookAgain || known == null || known.history.timeline() != here.timeline)) {
      WalCoverage coverage = archive().coverage();
      List<WalGap> gaps = coverage.gaps();
      past =
          new Past(
              coverage.history(here.timeline),
              coverage.since(here.timeline, here.to),
              gaps.isEmpty() ? Optional.empty() : Optional.of(gaps.get(gaps.size() - 1)));
      lookAgain = false;
    }
  }

  private void reached(WalSegment segment, int offset) {
    Position now = new Position(segment.timeline(), segment.start().plus(offset));
    Position before = position;
    if (before == null || now.covers(before)) {
      position = now;
    }
  }

  private void complete(WalSegment segment) {
    Path file = spool.file(segment.name());
    ObjectName name = layout.segment(segment, encrypted());
    boolean ours = coding.encryption().isPresent() && putDigest(segment, file);
    try {
      storage.objects().put(name, coded(file, 0, WalSegment.BYTES));
    } catch (RecoveryException e) {
      if (e.code() != ErrorCode.OBJECT_EXISTS || !(ours || isSame(name, file))) {
        throw e;
      }
    }
    NavigableSet<Increment> increments = increments(segment);
    remove(increments, increments);
    stored.getOrDefault(segment.timeline(), Map.of()).remove(segment);
  }

  /**
   * Stores what an encrypted segment is to hold, before itself: nobody here can decrypt one that is
   * there already, from before a crash, and see whether it is the same. OBJECT_EXISTS when it is to
   * hold something else.
   */
  private boolean putDigest(WalSegment segment, Path file) {
    try (InputStream content = Files.newInputStream(file)) {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      content.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), sha256));
      byte[] line = (HexFormat.of().formatHex(sha256.digest()) + "\n").getBytes(US_ASCII);
      storage.objects().put(layout.digest(segment), output -> output.write(line));
      return true;
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "cannot read %s: %s".formatted(file, e.getMessage()),
          "check the disk that holds the state directory.",
          e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private String encrypted() {
    return coding.encryption().map(Encryption::suffix).orElse("");
  }

  /** For its names: nothing is decrypted here. */
  private WalArchive archive() {
    return new WalArchive(storage, layout, Decoding.plain(coding.compression()));
  }

  private void partial(WalSegment segment, int bytes) {
    NavigableSet<Increment> increments = increments(segment);
    int shipped = Increment.reach(increments);
    if (bytes > shipped) {
      boolean all = increments.size() >= MOST_INCREMENTS;
      Increment next = new Increment(segment, all ? 0 : shipped, bytes);
      try {
        put(next);
      } catch (UncheckedNoSuchFile e) {
        return; // complete by now
      }
      NavigableSet<Increment> replaced = all ? new TreeSet<>(increments) : new TreeSet<>();
      increments.add(next);
      remove(replaced, increments);
    }
    reached(segment, Math.max(bytes, shipped));
    if (segment.equals(receiving())) {
      done.remove(segment.name() + WalSpool.PARTIAL);
    } else {
      done.add(segment.name() + WalSpool.PARTIAL);
    }
  }

  private @Nullable WalSegment receiving() {
    return spool.resume().orElse(null);
  }

  private void put(Increment increment) {
    Path file = spool.file(increment.segment().name() + WalSpool.PARTIAL);
    ObjectName name = layout.increment(increment, encrypted());
    try {
      storage.objects().put(name, coded(file, increment.from(), increment.to() - increment.from()));
    } catch (RecoveryException e) {
      // The same stretch of the same file, of which the storage did not say that it had it; not the
      // same bytes, as nothing is encrypted twice in the same way.
      if (e.code() != ErrorCode.OBJECT_EXISTS || coding.encryption().isEmpty()) {
        throw e;
      }
    }
  }

  private void remove(NavigableSet<Increment> which, NavigableSet<Increment> from) {
    for (Increment increment : new TreeSet<>(which)) {
      storage.objects().delete(layout.increment(increment, ""));
      if (coding.encryption().isPresent()) { // some may be from before there was any
        storage.objects().delete(layout.increment(increment, encrypted()));
      }
      from.remove(increment);
    }
  }

  /** What the storage has of a segment; asked for once for each timeline. */
  private NavigableSet<Increment> increments(WalSegment segment) {
    Map<WalSegment, NavigableSet<Increment>> ofTimeline = stored.get(segment.timeline());
    if (ofTimeline == null) {
      WalArchive.Contents contents = archive().contents(segment.timeline());
      ofTimeline = new HashMap<>(contents.increments());
      stored.put(segment.timeline(), ofTimeline);
      for (WalSegment complete : contents.complete()) { // a crash came between
        NavigableSet<Increment> left = ofTimeline.remove(complete);
        if (left != null) {
          remove(left, left);
        }
      }
    }
    return ofTimeline.computeIfAbsent(segment, any -> new TreeSet<>());
  }

  private Content coded(Path file, int from, int bytes) {
    return output -> {
      try (FileChannel source = FileChannel.open(file, StandardOpenOption.READ);
          OutputStream coded = coding.encode(output)) {
        byte[] buffer = new byte[1 << 16];
        InputStream content = Channels.newInputStream(source.position(from));
        for (int left = bytes; left > 0; ) {
          int count = content.read(buffer, 0, Math.min(left, buffer.length));
          if (count < 0) {
            throw new IOException("%s is shorter than it was".formatted(file));
          }
          coded.write(buffer, 0, count);
          left -= count;
        }
      } catch (NoSuchFileException e) {
        throw new UncheckedNoSuchFile(e);
      }
    };
  }

  /** Another version of the compression may give other bytes for the same content. */
  private boolean isSame(ObjectName name, Path file) {
    try (InputStream known = coding.compression().decompress(storage.objects().open(name));
        InputStream ours = Files.newInputStream(file)) {
      byte[] a = new byte[1 << 16];
      while (true) {
        int count = known.readNBytes(a, 0, a.length);
        byte[] b = ours.readNBytes(count == 0 ? 1 : count);
        if (b.length != count || !Arrays.equals(a, 0, count, b, 0, count)) {
          return false;
        }
        if (count == 0) {
          return true;
        }
      }
    } catch (IOException e) {
      return false; // damaged: it is not the same
    }
  }

  /** The file of the spool has got its final name in the meantime. */
  private static final class UncheckedNoSuchFile extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UncheckedNoSuchFile(NoSuchFileException cause) {
      super(cause);
    }
  }
}
