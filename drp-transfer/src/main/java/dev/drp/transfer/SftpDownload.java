package dev.drp.transfer;

import dev.drp.transfer.SftpSession.Answer;
import dev.drp.transfer.SftpSession.BrokenConnection;
import dev.drp.transfer.SftpSession.SftpStatus;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import net.schmizz.sshj.sftp.FileAttributes;
import net.schmizz.sshj.sftp.FileMode;
import net.schmizz.sshj.sftp.Response.StatusCode;
import org.jspecify.annotations.Nullable;

/**
 * A file that is being read from an SFTP server. Asks ahead, for more the longer it is read; goes
 * on where it was after the connection broke. Used by one thread.
 */
final class SftpDownload extends InputStream {
  /** Who only wants a few bytes gets no more than these many answers. */
  private static final int FIRST_ASKED = 2;

  private static final int MOST_ASKED = 32;

  private final SftpSessions sessions;
  private final String path;
  private final Deque<Asked> asked = new ArrayDeque<>();
  private final long size;
  private SftpSession session;
  private byte @Nullable [] handle;
  private ByteBuffer data = ByteBuffer.allocate(0);
  private long position;
  private long next;
  private int mostAsked = FIRST_ASKED;
  private int breaks;

  /** A read that is on its way. */
  private record Asked(long offset, int length, Answer answer) {}

  private SftpDownload(
      SftpSessions sessions,
      SftpSession session,
      String path,
      byte[] handle,
      long size,
      long offset) {
    this.sessions = sessions;
    this.session = session;
    this.path = path;
    this.handle = handle;
    this.size = size;
    this.position = offset;
    this.next = offset;
  }

  /** Opens a complete object; NO_SUCH_FILE when there is none. */
  static SftpDownload open(SftpSessions sessions, String path, long offset) throws IOException {
    SftpSession session = sessions.get();
    byte[] handle = session.openToRead(path).handle();
    Answer asked = session.attributes(handle);
    Answer first = session.read(handle, offset, session.readBytes());
    FileAttributes attributes = asked.attributes();
    if (!isComplete(attributes)) {
      session.close(handle);
      throw new SftpStatus(StatusCode.NO_SUCH_FILE, "it is not complete, or no file");
    }
    SftpDownload download =
        new SftpDownload(sessions, session, path, handle, attributes.getSize(), offset);
    int expected = (int) Math.min(session.readBytes(), Math.max(0, download.size - offset));
    if (expected > 0) {
      download.asked.add(new Asked(offset, expected, first));
      download.next = offset + expected;
    }
    return download;
  }

  /** A file whose owner may not read it is still being written. */
  static boolean isComplete(FileAttributes attributes) {
    FileMode mode = attributes.getMode();
    return mode.getType() == FileMode.Type.REGULAR && (mode.getPermissionsMask() & 0400) != 0;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (!data.hasRemaining()) {
      if (position >= size) {
        return -1;
      }
      fill();
    }
    int count = Math.min(length, data.remaining());
    data.get(into, offset, count);
    return count;
  }

  /** In the pieces in which it comes: the usual 8 KiB would be 130,000 calls for a GiB. */
  @Override
  public long transferTo(OutputStream out) throws IOException {
    long moved = 0;
    while (data.hasRemaining() || position < size) {
      if (data.hasRemaining()) {
        out.write(data.array(), data.arrayOffset() + data.position(), data.remaining());
        moved += data.remaining();
        data.position(data.limit());
      } else {
        fill();
      }
    }
    return moved;
  }

  private void fill() throws IOException {
    SftpSession.requireNotInterrupted();
    try {
      ask();
      Asked oldest = asked.remove();
      ByteBuffer answer = oldest.answer.data();
      if (!answer.hasRemaining()) {
        throw new EOFException(
            "%s ends at %d, it had %d bytes".formatted(path, oldest.offset, size));
      }
      int missing = oldest.length - answer.remaining();
      if (missing > 0) { // a server may give less than it was asked for
        long from = oldest.offset + answer.remaining();
        asked.addFirst(new Asked(from, missing, session.read(handle(), from, missing)));
      }
      data = answer;
      position += answer.remaining();
      mostAsked = Math.min(mostAsked * 2, MOST_ASKED);
      breaks = 0;
    } catch (BrokenConnection e) {
      goOn(e);
    }
  }

  private void ask() throws IOException {
    while (asked.size() < mostAsked && next < size) {
      int length = (int) Math.min(session.readBytes(), size - next);
      asked.add(new Asked(next, length, session.read(handle(), next, length)));
      next += length;
    }
  }

  private void goOn(BrokenConnection broken) throws IOException {
    if (sessions.isHopeless(++breaks)) {
      throw broken;
    }
    asked.clear();
    next = position;
    sessions.repeatedly(
        again -> {
          handle = again.openToRead(path).handle();
          session = again;
          return again;
        });
  }

  private byte[] handle() throws IOException {
    byte[] open = handle;
    if (open == null) {
      throw new IOException("it is closed");
    }
    return open;
  }

  /** Without waiting for the answer, as nothing depends on it. */
  @Override
  public void close() throws IOException {
    byte[] open = handle;
    handle = null;
    position = size;
    data = ByteBuffer.allocate(0);
    if (open != null && session.isUsable()) {
      try {
        session.close(open);
      } catch (BrokenConnection e) {
        // the server has closed it then
      }
    }
  }
}
