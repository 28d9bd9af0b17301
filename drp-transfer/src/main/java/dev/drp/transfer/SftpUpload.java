package dev.drp.transfer;

import dev.drp.backup.BackupStorage.Content;
import dev.drp.transfer.SftpSession.Answer;
import dev.drp.transfer.SftpSession.BrokenConnection;
import dev.drp.transfer.SftpSession.SftpStatus;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import net.schmizz.sshj.sftp.Response.StatusCode;
import org.jspecify.annotations.Nullable;

/**
 * A file that is being written on an SFTP server. Many writes are on their way at once; after the
 * connection broke, those that were not confirmed are sent again on a new one. Used by one thread.
 */
final class SftpUpload extends OutputStream {
  private static final long MOST_ON_THE_WAY = 8 << 20;

  /** More than a request has in front of its data. */
  private static final int HEADER = 1 << 10;

  /** What a write that fails for want of space can leave free: less than it wanted to write. */
  private static final long ALMOST_NOTHING = 1 << 20;

  private final SftpSessions sessions;
  private final String path;
  private final Deque<Part> unconfirmed = new ArrayDeque<>();
  private final Deque<byte[]> spare = new ArrayDeque<>();
  private SftpSession session;
  private byte[] handle;
  private byte[] buffer;
  private int filled;
  private long sent;
  private long onTheWay;
  private long confirmed;
  private int breaks;
  private @Nullable IOException failure;

  /** A stretch of the file, kept until the server has it. */
  private static final class Part {
    private final long offset;
    private final byte[] data;
    private final int length;
    private @Nullable Answer answer;

    Part(long offset, byte[] data, int length) {
      this.offset = offset;
      this.data = data;
      this.length = length;
    }
  }

  /**
   * @param handle of a new file
   */
  SftpUpload(SftpSessions sessions, SftpSession session, String path, byte[] handle) {
    this.sessions = sessions;
    this.session = session;
    this.path = path;
    this.handle = handle;
    this.buffer = new byte[session.writeBytes()];
  }

  String path() {
    return path;
  }

  /**
   * Writes all of it to stable storage, as far as the server offers that, and closes the file.
   *
   * @param mode the permissions that the complete file gets; empty to leave them
   * @return how many bytes
   * @throws IOException when the server fails, whatever the content's own code made of that failure
   */
  long write(Content content, Optional<Integer> mode) throws IOException {
    boolean complete = false;
    try {
      content.writeTo(this);
      sendBuffer();
      finish(mode);
      complete = true;
      return sent;
    } catch (IOException | RuntimeException e) {
      IOException own = failure;
      if (own == null) {
        throw e;
      }
      if (own != e) {
        own.addSuppressed(e);
      }
      throw own instanceof SftpStatus status ? explained(status) : own;
    } finally {
      if (!complete && session.isUsable()) {
        closeQuietly();
      }
    }
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] data, int offset, int length) throws IOException {
    int from = offset;
    int end = offset + length;
    while (from < end) {
      int count = Math.min(end - from, buffer.length - filled);
      System.arraycopy(data, from, buffer, filled, count);
      filled += count;
      from += count;
      if (filled == buffer.length) {
        sendBuffer();
      }
    }
  }

  private void sendBuffer() throws IOException {
    if (filled == 0) {
      return;
    }
    try {
      SftpSession.requireNotInterrupted();
      while (!unconfirmed.isEmpty()
          && (onTheWay > MOST_ON_THE_WAY || session.room() < filled + HEADER)) {
        confirmOldest();
      }
      Part part = new Part(sent, buffer, filled);
      sent += filled;
      onTheWay += filled;
      buffer = spare.isEmpty() ? new byte[buffer.length] : spare.pop();
      filled = 0;
      unconfirmed.add(part);
      try {
        part.answer = session.write(handle, part.offset, part.data, part.length);
      } catch (BrokenConnection e) {
        goOn(e);
      }
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  private void confirmOldest() throws IOException {
    Part part = unconfirmed.element();
    try {
      if (part.answer != null) {
        part.answer.done();
      }
      unconfirmed.remove();
      spare.push(part.data);
      onTheWay -= part.length;
      confirmed += part.length;
      breaks = 0;
    } catch (BrokenConnection e) {
      goOn(e);
    }
  }

  /** Everything that was written is on its way to the disk; the file gets its size and mode. */
  private void finish(Optional<Integer> mode) throws IOException {
    try {
      while (true) {
        while (!unconfirmed.isEmpty()) {
          confirmOldest();
        }
        try {
          settle(mode);
          return;
        } catch (BrokenConnection e) {
          goOn(e);
        }
      }
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  private void settle(Optional<Integer> mode) throws IOException {
    Optional<Answer> sync = session.sync(handle);
    Answer attributes = session.attributes(handle);
    if (sync.isPresent()) {
      try {
        sync.get().done();
      } catch (SftpStatus e) {
        if (!e.isRefused()) { // a server may forbid it
          throw e;
        }
      }
    }
    long size = attributes.attributes().getSize();
    if (size != sent) {
      throw new IOException("%d bytes were written, it has %d".formatted(sent, size));
    }
    if (mode.isPresent()) {
      session.permit(handle, mode.get()).done();
    }
    session.close(handle).done();
  }

  /** On a new connection, from where the server confirmed the last byte. */
  private void goOn(BrokenConnection broken) throws IOException {
    if (sessions.isHopeless(++breaks)) {
      throw broken;
    }
    sessions.repeatedly(
        again -> {
          byte[] reopened = again.openToGoOn(path).handle();
          long size = again.attributes(reopened).attributes().getSize();
          if (size < confirmed) {
            throw new IOException(
                "%d bytes had been confirmed, %d are left".formatted(confirmed, size));
          }
          for (Part part : unconfirmed) {
            part.answer = again.write(reopened, part.offset, part.data, part.length);
          }
          session = again;
          handle = reopened;
          return reopened;
        });
  }

  /** Version 3 of the protocol has no code for a full disk: it is one of many failures. */
  private SftpStatus explained(SftpStatus status) {
    if (status.code() != StatusCode.FAILURE) {
      return status;
    }
    try {
      Optional<Long> free = session.freeBytes(path);
      return free.isPresent() && free.get() < ALMOST_NOTHING
          ? new SftpStatus(StatusCode.NO_SPACE_ON_FILESYSTEM, "its disk is full")
          : status;
    } catch (IOException e) {
      return status;
    }
  }

  private void closeQuietly() {
    try {
      session.close(handle).done();
    } catch (IOException e) {
      // the file is removed next, or by a later run
    }
  }
}
