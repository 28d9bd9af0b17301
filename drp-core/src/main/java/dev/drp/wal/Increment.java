package dev.drp.wal;

import static java.util.Objects.requireNonNull;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Bytes of a segment that is not complete yet, stored as an object of their own. Several of one
 * segment may overlap; where they do, they are equal.
 *
 * @param from offset in the segment of its first byte
 * @param to offset after its last byte
 */
record Increment(WalSegment segment, int from, int to) implements Comparable<Increment> {
  private static final Pattern NAME =
      Pattern.compile("([0-9A-F]{24})\\.([0-9A-F]{8})-([0-9A-F]{8})");
  private static final Comparator<Increment> ORDER =
      Comparator.comparing(Increment::segment)
          .thenComparingInt(Increment::from)
          .thenComparingInt(Increment::to);

  Increment {
    requireNonNull(segment, "segment");
    if (from < 0 || to <= from || to > WalSegment.BYTES) {
      throw new IllegalArgumentException("%s from %d to %d".formatted(segment, from, to));
    }
  }

  /** What a storage calls it, without the compression's suffix. */
  String name() {
    return "%s.%08X-%08X".formatted(segment.name(), from, to);
  }

  static Optional<Increment> parse(String name) {
    Matcher form = NAME.matcher(name);
    if (!form.matches()) {
      return Optional.empty();
    }
    int from = Integer.parseUnsignedInt(form.group(2), 16);
    int to = Integer.parseUnsignedInt(form.group(3), 16);
    return WalSegment.parse(form.group(1))
        .filter(segment -> from >= 0 && from < to && to <= WalSegment.BYTES)
        .map(segment -> new Increment(segment, from, to));
  }

  /** Of those of one segment, the one that leads furthest from an offset, if any goes on there. */
  static Optional<Increment> furthest(Collection<Increment> all, int offset) {
    return all.stream()
        .filter(it -> it.from <= offset && it.to > offset)
        .max(Comparator.comparingInt(Increment::to));
  }

  /** How many bytes those of one segment hold, from its beginning without a hole. */
  static int reach(Collection<Increment> all) {
    int reach = 0;
    Optional<Increment> next = furthest(all, reach);
    while (next.isPresent()) {
      reach = next.get().to;
      next = furthest(all, reach);
    }
    return reach;
  }

  @Override
  public int compareTo(Increment other) {
    return ORDER.compare(this, other);
  }
}
