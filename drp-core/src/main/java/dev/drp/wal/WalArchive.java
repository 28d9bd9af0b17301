package dev.drp.wal;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupStorage;
import dev.drp.backup.Decoding;
import dev.drp.backup.Decryption;
import dev.drp.backup.NamedStorage;
import dev.drp.backup.ObjectName;
import dev.drp.database.Lsn;
import dev.drp.database.TimelineHistory;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * The write-ahead log of one server as a storage has it, for reading. It may be written at the same
 * time. Safe for concurrent use.
 *
 * <p>Every method may throw STORAGE_UNAVAILABLE.
 */
public final class WalArchive {
  /** Increments are replaced by larger ones while somebody reads. */
  private static final int ATTEMPTS = 5;

  private static final int BUFFER = 1 << 16;

  private final NamedStorage storage;
  private final Decoding decoding;
  private final WalLayout layout;

  public WalArchive(
      NamedStorage storage,
      String application,
      String environment,
      String systemIdentifier,
      Decoding decoding) {
    this(
        storage,
        WalLayout.of(application, environment, systemIdentifier, decoding.compression().suffix()),
        decoding);
  }

  WalArchive(NamedStorage storage, WalLayout layout, Decoding decoding) {
    this.storage = storage;
    this.layout = layout;
    this.decoding = decoding;
  }

  /** What there is, from the names of the objects and the histories of timelines. */
  public WalCoverage coverage() {
    Map<Integer, TimelineHistory> histories = new HashMap<>();
    NavigableMap<WalSegment, Integer> segments = new TreeMap<>();
    for (String name : objects().names(layout.folder())) {
      WalLayout.timelineOfHistory(name)
          .ifPresent(timeline -> histories.put(timeline, readHistory(timeline)));
      OptionalInt timeline = WalLayout.timelineOf(name);
      if (timeline.isPresent()) {
        segments.putAll(contents(timeline.getAsInt()).bytes());
      }
    }
    return new WalCoverage(histories, segments, gaps());
  }

  /** The gaps that were found while it was streamed, oldest first. */
  public List<WalGap> gaps() {
    return objects().names(layout.events()).stream()
        .map(WalGap::parse)
        .flatMap(Optional::stream)
        .sorted(Comparator.comparing(WalGap::at))
        .toList();
  }

  /**
   * When the newest transaction ended that the log holds up to where it reaches, by the server's
   * clock: a recovery can go to any instant before. Empty where none has since a position. What is
   * damaged counts as without any.
   *
   * @param coverage of this archive
   */
  public Optional<Instant> newestCommit(WalCoverage coverage, WalCoverage.Reach reach, Lsn since) {
    long first = WalSegment.at(reach.timeline(), since).number();
    for (long number = WalSegment.at(reach.timeline(), reach.to()).number();
        Long.compareUnsigned(number, first) >= 0;
        number--) {
      WalSegment segment = coverage.segment(reach, number);
      int bytes = coverage.segments().getOrDefault(segment, 0);
      Optional<Instant> newest = bytes == 0 ? Optional.empty() : newestCommit(segment, bytes);
      if (newest.isPresent()) {
        return newest;
      }
    }
    return Optional.empty();
  }

  /** Of one that is damaged, none: what is before it may be what somebody wants to recover to. */
  private Optional<Instant> newestCommit(WalSegment segment, int bytes) {
    try (InputStream content = open(segment.name())) {
      byte[] plain = content.readNBytes(bytes);
      return CommitTimes.newest(plain, plain.length, segment);
    } catch (IOException e) {
      return Optional.empty();
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.BACKUP_CORRUPT) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** What there is of one timeline. */
  Contents contents(int timeline) {
    NavigableSet<WalSegment> complete = new TreeSet<>();
    NavigableMap<WalSegment, NavigableSet<Increment>> increments = new TreeMap<>();
    for (String name : objects().names(layout.timeline(timeline))) {
      String plain = layout.plain(name);
      WalSegment.parse(plain).ifPresent(complete::add);
      Increment.parse(plain)
          .ifPresent(
              it -> increments.computeIfAbsent(it.segment(), any -> new TreeSet<>()).add(it));
    }
    return new Contents(complete, increments);
  }

  /**
   * What there is of one timeline.
   *
   * @param complete segments of which there is an object for the whole
   * @param increments of segments, also of such that are complete by now
   */
  record Contents(
      NavigableSet<WalSegment> complete,
      NavigableMap<WalSegment, NavigableSet<Increment>> increments) {
    NavigableMap<WalSegment, Integer> bytes() {
      NavigableMap<WalSegment, Integer> bytes = new TreeMap<>();
      increments.forEach((segment, of) -> bytes.put(segment, Increment.reach(of)));
      complete.forEach(segment -> bytes.put(segment, WalSegment.BYTES));
      return bytes;
    }
  }

  /**
   * Opens a file of the log by PostgreSQL's name for it, as plain bytes: a segment ({@code
   * 000000010000000000000003}), always of 16 MiB, where what is not stored of its end reads as
   * zeros; or the history of a timeline ({@code 00000002.history}). The caller closes it. What is
   * damaged fails while it is read, with an IOException, and never ends quietly.
   *
   * @throws RecoveryException with OBJECT_NOT_FOUND when there is no such file here;
   *     IDENTITY_MISSING or IDENTITY_REFUSED when it is encrypted and cannot be decrypted by us
   */
  public InputStream open(String fileName) {
    OptionalInt history = WalLayout.timelineOfHistory(fileName);
    if (history.isPresent()) {
      return objects().open(layout.history(history.getAsInt()));
    }
    WalSegment segment = WalSegment.parse(fileName).orElseThrow(() -> notFound(fileName));
    for (int attempt = 1; ; attempt++) {
      try {
        Optional<InputStream> complete = openIfThere(any -> layout.segment(segment, any));
        return complete.isPresent() ? complete.get() : openIncrements(segment);
      } catch (RecoveryException e) {
        if (e.code() != ErrorCode.OBJECT_NOT_FOUND || attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  /** The same into a stream, which is left open. */
  public void copy(String fileName, OutputStream output) throws IOException {
    try (InputStream content = open(fileName)) {
      content.transferTo(output);
    }
  }

  private InputStream openIncrements(WalSegment segment) {
    Collection<Increment> all =
        contents(segment.timeline()).increments().getOrDefault(segment, new TreeSet<>());
    if (Increment.reach(all) == 0) {
      throw notFound(segment.name());
    }
    List<PartOfSegment.Part> parts = new ArrayList<>();
    boolean opened = false;
    try {
      int offset = 0;
      Optional<Increment> next = Increment.furthest(all, offset);
      while (next.isPresent()) {
        Increment increment = next.get();
        parts.add(
            new PartOfSegment.Part(
                openIfThere(any -> layout.increment(increment, any))
                    .orElseThrow(() -> notFound(increment.name())),
                offset - increment.from(),
                increment.to() - offset));
        offset = increment.to();
        next = Increment.furthest(all, offset);
      }
      opened = true;
      return new PartOfSegment(parts, WalSegment.BYTES);
    } finally {
      if (!opened) {
        PartOfSegment.close(parts);
      }
    }
  }

  /**
   * Opens what is there of something, encrypted or not.
   *
   * @param name the object's, with what an encryption adds to it
   */
  private Optional<InputStream> openIfThere(Function<String, ObjectName> name) {
    for (Decryption decryption : decoding.decryptions()) {
      ObjectName encrypted = name.apply(decryption.suffix());
      Optional<InputStream> stored = stored(encrypted);
      if (stored.isPresent()) {
        String what = "%s in storage %s".formatted(encrypted.lastSegment(), storage);
        return Optional.of(plain(stored.get(), it -> decryption.decrypt(what, it)));
      }
    }
    return stored(name.apply("")).map(stored -> plain(stored, it -> it));
  }

  private Optional<InputStream> stored(ObjectName name) {
    try {
      return Optional.of(objects().open(name));
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.OBJECT_NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Decrypts, or does nothing. */
  private interface Decrypting {
    InputStream decrypt(InputStream stored) throws IOException;
  }

  private InputStream plain(InputStream stored, Decrypting decrypting) {
    boolean opened = false;
    try {
      InputStream plain = decoding.compression().decompress(decrypting.decrypt(stored));
      opened = true;
      return plain;
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.BACKUP_CORRUPT,
          "a file of the log in storage %s is damaged: %s".formatted(storage, e.getMessage()),
          "take it from another storage.",
          e);
    } finally {
      if (!opened) {
        close(stored);
      }
    }
  }

  private static void close(InputStream refused) {
    try {
      refused.close();
    } catch (IOException e) {
      // why it was refused is what counts
    }
  }

  private TimelineHistory readHistory(int timeline) {
    ObjectName name = layout.history(timeline);
    try (InputStream content = objects().open(name)) {
      return TimelineHistory.parse(
          timeline, new String(content.readNBytes(BUFFER), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.STORAGE_UNAVAILABLE,
          "cannot read %s from storage %s: %s".formatted(name, storage, e.getMessage()),
          "check the storage, then run this again.",
          e);
    }
  }

  private RecoveryException notFound(String fileName) {
    return new RecoveryException(
        ErrorCode.OBJECT_NOT_FOUND,
        "%s is not in the log that storage %s keeps".formatted(fileName, storage),
        "see with `drp wal status` how far the log goes.");
  }

  private BackupStorage objects() {
    return storage.objects();
  }
}
