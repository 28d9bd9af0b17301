package dev.drp.transfer.sync;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import net.schmizz.sshj.connection.channel.direct.Session;

/**
 * The input of a command on the other machine, which may take nothing for long: rsync does so while
 * it copies what has not changed. As long as that machine answers, this is no failure. Waits by
 * itself for what the command takes: sshj's own stream gives up after a while, and until then
 * nothing of the whole connection is read if the command ends meanwhile.
 */
final class CommandInput extends OutputStream {
  private static final long SHORTEST_WAIT = TimeUnit.MICROSECONDS.toNanos(200);
  private static final long LONGEST_WAIT = TimeUnit.MILLISECONDS.toNanos(20);

  private final Session session;
  private final OutputStream stream;

  CommandInput(Session session, OutputStream stream) {
    this.session = session;
    this.stream = stream;
  }

  @Override
  public void write(int oneByte) throws IOException {
    write(new byte[] {(byte) oneByte});
  }

  @Override
  public void write(byte[] data, int offset, int length) throws IOException {
    for (int from = offset; from < offset + length; ) {
      long taken = Math.min(awaitWindow(), session.getRemoteMaxPacketSize());
      int piece = (int) Math.min(taken, offset + length - from);
      stream.write(data, from, piece);
      stream.flush(); // at once: what is kept would wait in the stream for what the command takes
      from += piece;
    }
  }

  /** How many bytes the other side takes now, at least one. */
  private long awaitWindow() throws IOException {
    long window = session.getRemoteWinSize();
    for (long wait = SHORTEST_WAIT; window <= 0; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      if (!session.isOpen()) {
        throw new IOException("the command has ended, or the connection broke");
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("interrupted while a command took no input");
      }
      LockSupport.parkNanos(wait);
      window = session.getRemoteWinSize();
    }
    return window;
  }

  @Override
  public void close() throws IOException {
    stream.close();
  }
}
