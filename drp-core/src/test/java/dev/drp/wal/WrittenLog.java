package dev.drp.wal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.Instant;

/** A segment of the log with records of our choice, as PostgreSQL writes them. */
public final class WrittenLog {
  private static final int PAGE = 8192;
  private static final Instant EPOCH = Instant.parse("2000-01-01T00:00:00Z");

  private final byte[] content = new byte[WalSegment.BYTES];
  private final ByteBuffer bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
  private final WalSegment segment;

  public WrittenLog(WalSegment segment) {
    this.segment = segment;
  }

  /** A segment in which a transaction was committed at each of these instants. */
  public static byte[] withCommits(WalSegment segment, Instant... commits) {
    WrittenLog log = new WrittenLog(segment);
    for (Instant commit : commits) {
      log.change(100).commit(commit);
    }
    return log.bytes();
  }

  /** Begins with the end of a record that the segment before holds the rest of. */
  public WrittenLog continued(int rest) {
    write(new byte[rest], true);
    return this;
  }

  /** A record that changes data. */
  public WrittenLog change(int dataBytes) {
    return record(10, 0, new byte[dataBytes]);
  }

  public WrittenLog commit(Instant at) {
    return record(1, 0x80, data(new byte[0], at)); // 0x80 says that there is more behind the time
  }

  public WrittenLog abort(Instant at) {
    return record(1, 0x20, data(new byte[0], at));
  }

  /** A commit of what came from another server. */
  public WrittenLog commitOfReplicated(Instant at) {
    return record(1, 0, data(new byte[] {(byte) 253, 1, 0}, at));
  }

  private static byte[] data(byte[] before, Instant at) {
    byte[] data = new byte[before.length + 2 + 24];
    ByteBuffer.wrap(data)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(before)
        .put((byte) 255)
        .put((byte) 24)
        .putLong(Duration.between(EPOCH, at).toNanos() / 1000);
    return data;
  }

  private WrittenLog record(int resourceManager, int info, byte[] data) {
    byte[] record = new byte[24 + data.length];
    ByteBuffer.wrap(record)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(record.length)
        .putInt(700)
        .putLong(0)
        .put((byte) info)
        .put((byte) resourceManager)
        .position(24)
        .put(data);
    bytes.position((bytes.position() + 7) & ~7);
    write(record, false);
    return this;
  }

  private void write(byte[] record, boolean fromBefore) {
    int written = 0;
    while (written < record.length) {
      if (bytes.position() % PAGE == 0) {
        boolean first = bytes.position() == 0;
        boolean continued = written > 0 || fromBefore;
        int at = bytes.position();
        bytes
            .putShort((short) 0xD110)
            .putShort((short) ((continued ? 1 : 0) | (first ? 2 : 0)))
            .putInt(segment.timeline())
            .putLong(segment.start().plus(at).value())
            .putInt(continued ? record.length - written : 0)
            .position(at + (first ? 40 : 24));
      }
      int count = Math.min(record.length - written, PAGE - bytes.position() % PAGE);
      bytes.put(record, written, count);
      written += count;
    }
  }

  /** All of it, zeros behind the last record. */
  public byte[] bytes() {
    return content.clone();
  }

  /** How much of it is written. */
  public int length() {
    return bytes.position();
  }
}
