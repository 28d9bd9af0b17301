package dev.drp.wal;

import dev.drp.database.Lsn;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * Reads from a segment of the log when its transactions ended, by the server's clock. Of the many
 * kinds of records it knows the header, which is the same from PostgreSQL 15 to 17, and the time in
 * those that end a transaction: a recovery to an instant stops at one of these.
 *
 * @see <a href="https://www.postgresql.org/docs/15/wal-internals.html">WAL internals</a>
 */
final class CommitTimes {
  private static final int PAGE = 8192;
  private static final int PAGE_HEADER = 24;
  private static final int LONG_PAGE_HEADER = 40;
  private static final int FIRST_IS_CONTINUED = 1;
  private static final int HAS_LONG_HEADER = 2;

  private static final int RECORD_HEADER = 24;
  private static final int INFO = 16;
  private static final int RESOURCE_MANAGER = 17;
  private static final int TRANSACTIONS = 1;

  /** As much of a record as can come before the time, and the time. */
  private static final int BEGINNING = 64;

  private static final Instant EPOCH = Instant.parse("2000-01-01T00:00:00Z");

  private final ByteBuffer segment;
  private final Lsn start;
  private int position;

  private CommitTimes(byte[] bytes, int length, WalSegment segment) {
    this.segment = ByteBuffer.wrap(bytes, 0, length).order(ByteOrder.LITTLE_ENDIAN);
    this.start = segment.start();
  }

  /**
   * When the newest of the transactions ended whose end lies wholly in a segment; empty where none
   * does.
   *
   * @param bytes of which the first {@code length} are log, and what follows is not known
   */
  static Optional<Instant> newest(byte[] bytes, int length, WalSegment segment) {
    return new CommitTimes(bytes, length, segment).newest();
  }

  private Optional<Instant> newest() {
    Optional<Instant> newest = Optional.empty();
    if (!skip(restOfTheSegmentBefore())) {
      return newest;
    }
    while (true) {
      position = (position + 7) & ~7;
      if (!enterPage() || segment.limit() - position < Integer.BYTES) {
        return newest;
      }
      int length = segment.getInt(position);
      if (length < RECORD_HEADER) {
        return newest; // the end of what was written
      }
      byte[] beginning = new byte[Math.min(length, BEGINNING)];
      if (!read(beginning) || !skip(length - beginning.length)) {
        return newest;
      }
      Optional<Instant> end = endOfTransaction(beginning);
      if (end.isPresent() && (newest.isEmpty() || newest.get().isBefore(end.get()))) {
        newest = end;
      }
    }
  }

  /** How much of the first record there is on the first page, which begins in another segment. */
  private int restOfTheSegmentBefore() {
    return segment.limit() >= PAGE_HEADER && (segment.getShort(2) & FIRST_IS_CONTINUED) != 0
        ? segment.getInt(16)
        : 0;
  }

  /** Goes past the header where a page begins; false where there is no page of this segment. */
  private boolean enterPage() {
    if (position % PAGE != 0) {
      return true;
    }
    if (segment.limit() - position < PAGE_HEADER
        || segment.getLong(position + 8) != start.plus(position).value()) {
      return false;
    }
    boolean isLong = (segment.getShort(position + 2) & HAS_LONG_HEADER) != 0;
    position += isLong ? LONG_PAGE_HEADER : PAGE_HEADER;
    return true;
  }

  private boolean skip(int bytes) {
    return pass(bytes, (at, count) -> {});
  }

  private boolean read(byte[] target) {
    int[] filled = {0};
    return pass(
        target.length,
        (at, count) -> {
          segment.get(at, target, filled[0], count);
          filled[0] += count;
        });
  }

  /** Hears of bytes of a record that follow one another. */
  private interface Run {
    void at(int offset, int count);
  }

  /** Goes past bytes of a record, across pages; false where the log ends before. */
  private boolean pass(int bytes, Run run) {
    int left = bytes;
    while (left > 0) {
      if (!enterPage()) {
        return false;
      }
      int count = Math.min(left, PAGE - position % PAGE);
      if (count > segment.limit() - position) {
        return false;
      }
      run.at(position, count);
      position += count;
      left -= count;
    }
    return true;
  }

  private static Optional<Instant> endOfTransaction(byte[] beginning) {
    ByteBuffer record = ByteBuffer.wrap(beginning).order(ByteOrder.LITTLE_ENDIAN);
    if (record.get(RESOURCE_MANAGER) != TRANSACTIONS) {
      return Optional.empty();
    }
    boolean ends =
        switch (record.get(INFO) & 0x70) {
          case 0x00, 0x20, 0x30, 0x40 -> true; // commit, abort, and both of prepared ones
          default -> false;
        };
    return ends ? time(record.position(RECORD_HEADER)) : Optional.empty();
  }

  /** The first of a record's own data, behind what tells where it comes from. */
  private static Optional<Instant> time(ByteBuffer record) {
    while (record.remaining() > Byte.BYTES) {
      int kind = record.get() & 0xFF;
      switch (kind) {
        case 253 -> skip(record, Short.BYTES); // the origin of what was replicated
        case 252 -> skip(record, Integer.BYTES); // the transaction around this one
        case 254 -> {
          return instant(skip(record, Integer.BYTES));
        }
        case 255 -> {
          return instant(skip(record, Byte.BYTES));
        }
        default -> {
          return Optional.empty();
        }
      }
    }
    return Optional.empty();
  }

  private static ByteBuffer skip(ByteBuffer record, int bytes) {
    return record.position(Math.min(record.limit(), record.position() + bytes));
  }

  private static Optional<Instant> instant(ByteBuffer data) {
    return data.remaining() < Long.BYTES
        ? Optional.empty()
        : Optional.of(EPOCH.plus(data.getLong(), ChronoUnit.MICROS));
  }
}
