package dev.drp.wal;

import dev.drp.database.Lsn;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A file of the write-ahead log: 16 MiB, unless the server was made with another size, which we
 * refuse.
 *
 * @param number how many of them come before it
 */
public record WalSegment(int timeline, long number) implements Comparable<WalSegment> {
  /** How many bytes one has. */
  public static final int BYTES = 16 << 20;

  /** So many have the same second part of their names. */
  private static final long PER_LOG = (1L << 32) / BYTES;

  private static final Pattern NAME = Pattern.compile("[0-9A-F]{24}");

  /** The one that holds the byte at a position. */
  public static WalSegment at(int timeline, Lsn position) {
    return new WalSegment(timeline, Long.divideUnsigned(position.value(), BYTES));
  }

  /** Reads PostgreSQL's name of one; empty when it is none. */
  public static Optional<WalSegment> parse(String name) {
    if (!NAME.matcher(name).matches()) {
      return Optional.empty();
    }
    long log = Long.parseLong(name.substring(8, 16), 16);
    long inLog = Long.parseLong(name.substring(16), 16);
    return inLog < PER_LOG
        ? Optional.of(
            new WalSegment(
                Integer.parseUnsignedInt(name.substring(0, 8), 16), log * PER_LOG + inLog))
        : Optional.empty();
  }

  /** As PostgreSQL calls it: {@code 000000010000000000000003}. */
  public String name() {
    return "%08X%08X%08X".formatted(timeline, number / PER_LOG, number % PER_LOG);
  }

  public Lsn start() {
    return new Lsn(number * BYTES);
  }

  /** The position after its last byte. */
  public Lsn end() {
    return start().plus(BYTES);
  }

  public WalSegment next() {
    return new WalSegment(timeline, number + 1);
  }

  /** Where in it a position lies, from 0 to {@link #BYTES}. */
  int offset(Lsn position) {
    long offset = position.minus(start());
    if (offset < 0 || offset > BYTES) {
      throw new IllegalArgumentException("%s is not in segment %s".formatted(position, name()));
    }
    return (int) offset;
  }

  @Override
  public int compareTo(WalSegment other) {
    int byTimeline = Integer.compareUnsigned(timeline, other.timeline);
    return byTimeline != 0 ? byTimeline : Long.compareUnsigned(number, other.number);
  }

  @Override
  public String toString() {
    return name();
  }
}
