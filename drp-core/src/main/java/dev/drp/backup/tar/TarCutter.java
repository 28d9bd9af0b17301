package dev.drp.backup.tar;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;

/**
 * Cuts a tar where its structure says, so that what stayed the same since the last time gives the
 * same chunks again. Large members change in place and keep their length, so their content is cut
 * at fixed offsets; small ones are gathered with their headers, and a member whose name says so
 * ends what is gathered: one that comes or goes changes its neighbours only. Not safe for
 * concurrent use.
 */
public final class TarCutter implements TarListener {
  /** The size of a chunk, at most: 32 pages of a data file. */
  public static final int CHUNK = 256 << 10;

  /** One name of so many ends a gathering. */
  private static final int NAMES = 8;

  private final Receiver receiver;
  private byte[] chunk = new byte[CHUNK];
  private int fill;
  private boolean large;
  private boolean endsGathering;

  /** Gets the chunks in order; each buffer is its own. */
  public interface Receiver {
    void chunk(byte[] data);
  }

  public TarCutter(Receiver receiver) {
    this.receiver = requireNonNull(receiver, "receiver");
  }

  @Override
  public void begin(TarMember member, byte[] header) {
    large = member.bytes() >= CHUNK;
    endsGathering = member.name().hashCode() % NAMES == 0;
    long whole = header.length + (large ? 0 : member.bytes());
    if (fill + whole > CHUNK) {
      cut();
    }
    append(header, 0, header.length);
    if (large) {
      cut();
    }
  }

  @Override
  public void content(byte[] data, int offset, int length) {
    append(data, offset, length);
  }

  @Override
  public void end() {
    if (large || endsGathering) {
      cut();
    }
  }

  @Override
  public void filler(byte[] data, int offset, int length) {
    append(data, offset, length);
  }

  /** Gives the last chunk. */
  public void finish() {
    cut();
  }

  private void append(byte[] data, int offset, int length) {
    int from = offset;
    int left = length;
    while (left > 0) {
      int fits = Math.min(left, CHUNK - fill);
      System.arraycopy(data, from, chunk, fill, fits);
      fill += fits;
      from += fits;
      left -= fits;
      if (fill == CHUNK) {
        cut();
      }
    }
  }

  private void cut() {
    if (fill == 0) {
      return;
    }
    byte[] full = fill == CHUNK ? chunk : Arrays.copyOf(chunk, fill);
    if (fill == CHUNK) {
      chunk = new byte[CHUNK];
    }
    fill = 0;
    receiver.chunk(full);
  }
}
