package dev.drp.transfer;

import dev.drp.transfer.ssh.SshConnection;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import net.schmizz.sshj.sftp.FileAttributes;
import net.schmizz.sshj.sftp.PacketType;
import net.schmizz.sshj.sftp.Request;
import net.schmizz.sshj.sftp.Response.StatusCode;

/**
 * The requests of SFTP version 3, as far as a storage needs them. A request is sent at once and
 * awaited later, so that many can be on their way. Safe for concurrent use.
 *
 * <p>Every method throws {@link SftpStatus} for what the server refuses, and {@link
 * BrokenConnection} when this session is of no use any more.
 */
final class SftpSession implements AutoCloseable {
  /** What every server takes in one request. */
  private static final int SAFE_BYTES = 32 << 10;

  /** What OpenSSH takes and gives at most. */
  private static final int MOST_BYTES = 255 << 10;

  private static final int OPEN_READ = 0x01;
  private static final int OPEN_WRITE = 0x02;
  private static final int OPEN_CREATE_NEW = 0x08 | 0x20;
  private static final String LINK = "hardlink@openssh.com";
  private static final String SYNC = "fsync@openssh.com";
  private static final String SPACE = "statvfs@openssh.com";
  private static final String LIMITS = "limits@openssh.com";

  private final SshConnection connection;
  private final SftpRequests requests;
  private final Duration limit;
  private final int writeBytes;
  private volatile boolean broken;

  private SftpSession(SshConnection connection, SftpRequests requests) throws IOException {
    this.connection = connection;
    this.requests = requests;
    this.limit = connection.target().limits().answer();
    this.writeBytes = announces(LIMITS) ? askForLimit() : SAFE_BYTES;
  }

  /** Opens a channel; the connection is closed if that takes too long. */
  static SftpSession open(SshConnection connection) throws IOException {
    boolean opened = false;
    try (SshConnection.Watched within =
        connection.watched(connection.target().limits().connect())) {
      SftpSession session =
          new SftpSession(
              connection,
              new SftpRequests(connection.client(), connection.target().limits().connect()));
      opened = true;
      return session;
    } catch (SftpStatus | BrokenConnection e) {
      throw e;
    } catch (IOException e) {
      throw new BrokenConnection("its SFTP service does not answer: " + e.getMessage(), e);
    } finally {
      if (!opened) {
        connection.close();
      }
    }
  }

  boolean isUsable() {
    return !broken && connection.isOpen();
  }

  /** How many bytes one write may have. */
  int writeBytes() {
    return writeBytes;
  }

  /** How many bytes to ask for in one read; fewer may come. */
  int readBytes() {
    return MOST_BYTES;
  }

  /**
   * How many bytes can be sent at once. Who sends more waits for room, and does not hear meanwhile
   * that the connection broke.
   */
  long room() {
    return requests.room();
  }

  /** Opens a file for reading; the answer is a handle. */
  Answer openToRead(String path) throws IOException {
    return send(
        text(requests.newRequest(PacketType.OPEN), path)
            .putUInt32(OPEN_READ)
            .putFileAttributes(FileAttributes.EMPTY));
  }

  /** Opens a file that is there for writing, from wherever; the answer is a handle. */
  Answer openToGoOn(String path) throws IOException {
    return send(
        text(requests.newRequest(PacketType.OPEN), path)
            .putUInt32(OPEN_WRITE)
            .putFileAttributes(FileAttributes.EMPTY));
  }

  /** Creates a file that must not exist; the answer is a handle. */
  Answer create(String path, int mode) throws IOException {
    return send(
        text(requests.newRequest(PacketType.OPEN), path)
            .putUInt32(OPEN_WRITE | OPEN_CREATE_NEW)
            .putFileAttributes(new FileAttributes.Builder().withPermissions(mode).build()));
  }

  Answer read(byte[] handle, long offset, int length) throws IOException {
    return send(
        requests.newRequest(PacketType.READ).putString(handle).putUInt64(offset).putUInt32(length));
  }

  /** The bytes may change as soon as this returns. */
  Answer write(byte[] handle, long offset, byte[] data, int length) throws IOException {
    return send(() -> requests.write(handle, offset, data, length));
  }

  Answer attributes(byte[] handle) throws IOException {
    return send(requests.newRequest(PacketType.FSTAT).putString(handle));
  }

  /** Gives an open file its permissions. */
  Answer permit(byte[] handle, int mode) throws IOException {
    return send(
        requests
            .newRequest(PacketType.FSETSTAT)
            .putString(handle)
            .putFileAttributes(new FileAttributes.Builder().withPermissions(mode).build()));
  }

  /** Brings a file to stable storage, where the server offers that. */
  Optional<Answer> sync(byte[] handle) throws IOException {
    return announces(SYNC)
        ? Optional.of(send(requests.newExtendedRequest(SYNC).putString(handle)))
        : Optional.empty();
  }

  Answer close(byte[] handle) throws IOException {
    return send(requests.newRequest(PacketType.CLOSE).putString(handle));
  }

  /** Opens a folder; the answer is a handle. */
  Answer openFolder(String path) throws IOException {
    return send(text(requests.newRequest(PacketType.OPENDIR), path));
  }

  /** The next entries of an open folder. */
  Answer readFolder(byte[] handle) throws IOException {
    return send(requests.newRequest(PacketType.READDIR).putString(handle));
  }

  void makeFolder(String path, int mode) throws IOException {
    send(text(requests.newRequest(PacketType.MKDIR), path)
            .putFileAttributes(new FileAttributes.Builder().withPermissions(mode).build()))
        .done();
  }

  void removeFolder(String path) throws IOException {
    send(text(requests.newRequest(PacketType.RMDIR), path)).done();
  }

  void remove(String path) throws IOException {
    send(text(requests.newRequest(PacketType.REMOVE), path)).done();
  }

  /** The attributes of what has that name, a link's own if it is one; empty when nothing has. */
  Optional<FileAttributes> find(String path) throws IOException {
    return find(PacketType.LSTAT, path);
  }

  /** The same, of what a link leads to. */
  Optional<FileAttributes> findBehindLinks(String path) throws IOException {
    return find(PacketType.STAT, path);
  }

  private Optional<FileAttributes> find(PacketType type, String path) throws IOException {
    try {
      return Optional.of(send(text(requests.newRequest(type), path)).attributes());
    } catch (SftpStatus e) {
      if (e.isNotFound()) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Gives a file a second name, which must not exist. */
  void link(String path, String name) throws IOException {
    if (!announces(LINK)) {
      throw new SftpStatus(StatusCode.OP_UNSUPPORTED, LINK + " is not offered");
    }
    send(text(text(requests.newExtendedRequest(LINK), path), name)).done();
  }

  /** Gives a file another name, which must not exist. */
  void rename(String path, String name) throws IOException {
    send(text(text(requests.newRequest(PacketType.RENAME), path), name)).done();
  }

  /** Bytes that this account may still write where that folder is; empty if it cannot be asked. */
  Optional<Long> freeBytes(String folder) throws IOException {
    if (!announces(SPACE)) {
      return Optional.empty();
    }
    SftpReply answer = send(text(requests.newExtendedRequest(SPACE), folder)).await();
    expect(answer, PacketType.EXTENDED_REPLY);
    answer.readUInt64(); // block size
    long fragment = answer.readUInt64();
    answer.readUInt64(); // blocks
    answer.readUInt64(); // free for root
    return Optional.of(fragment * answer.readUInt64());
  }

  @Override
  public void close() {
    broken = true;
    try {
      requests.close();
    } catch (IOException e) {
      // the connection has gone, and the channel with it
    }
  }

  private boolean announces(String extension) {
    return requests.supports(extension);
  }

  private int askForLimit() throws IOException {
    SftpReply answer = send(requests.newExtendedRequest(LIMITS)).await();
    expect(answer, PacketType.EXTENDED_REPLY);
    answer.readUInt64(); // packet
    answer.readUInt64(); // read
    long write = answer.readUInt64();
    return write <= 0 ? SAFE_BYTES : (int) Math.min(write, MOST_BYTES);
  }

  private static Request text(Request request, String text) {
    return request.putString(text, StandardCharsets.UTF_8);
  }

  private Answer send(Request request) throws IOException {
    return send(() -> requests.send(request));
  }

  private interface Sending {
    CompletableFuture<SftpReply> send() throws IOException;
  }

  /** A write to a server that reads no more gets stuck: then the connection is closed. */
  private Answer send(Sending request) throws IOException {
    boolean interrupted = Thread.interrupted(); // half a request on its way helps nobody
    try (SshConnection.Watched within = connection.watched(limit)) {
      return new Answer(request.send());
    } catch (IOException e) {
      throw broken(e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private BrokenConnection broken(IOException cause) {
    broken = true;
    connection.close();
    return new BrokenConnection("the connection broke: " + cause.getMessage(), cause);
  }

  private static void expect(SftpReply answer, PacketType type) throws IOException {
    if (answer.type() == PacketType.STATUS) {
      throw SftpStatus.of(answer);
    }
    if (answer.type() != type) {
      throw new IOException("%s instead of %s".formatted(answer.type(), type));
    }
  }

  /** An entry of a folder. */
  record Entry(String name, FileAttributes attributes) {}

  /** What the server will answer. Used by one thread. */
  final class Answer {
    private final CompletableFuture<SftpReply> reply;

    private Answer(CompletableFuture<SftpReply> reply) {
      this.reply = reply;
    }

    /** Waits, whether interrupted or not: it is not for long. */
    SftpReply await() throws IOException {
      try {
        return SftpRequests.await(reply, limit);
      } catch (IOException e) {
        throw broken(e);
      }
    }

    /** Waits for a plain "done". */
    void done() throws IOException {
      SftpReply answer = await();
      if (answer.type() != PacketType.STATUS) {
        throw new IOException("%s instead of a status".formatted(answer.type()));
      }
      SftpStatus status = SftpStatus.of(answer);
      if (status.code() != StatusCode.OK) {
        throw status;
      }
    }

    byte[] handle() throws IOException {
      SftpReply answer = await();
      expect(answer, PacketType.HANDLE);
      return answer.readBytes();
    }

    FileAttributes attributes() throws IOException {
      SftpReply answer = await();
      expect(answer, PacketType.ATTRS);
      return answer.readFileAttributes();
    }

    /** Bytes that were read; empty at the end of the file. */
    ByteBuffer data() throws IOException {
      SftpReply answer = await();
      if (answer.type() == PacketType.STATUS) {
        SftpStatus status = SftpStatus.of(answer);
        if (status.code() == StatusCode.EOF) {
          return ByteBuffer.allocate(0);
        }
        throw status;
      }
      expect(answer, PacketType.DATA);
      long length = answer.readUInt32();
      if (length > answer.available()) {
        throw new IOException("%d bytes announced, %d came".formatted(length, answer.available()));
      }
      // without a copy
      return ByteBuffer.wrap(answer.array(), answer.rpos(), (int) length);
    }

    /** Entries of a folder; empty at its end. */
    List<Entry> entries() throws IOException {
      SftpReply answer = await();
      if (answer.type() == PacketType.STATUS) {
        SftpStatus status = SftpStatus.of(answer);
        if (status.code() == StatusCode.EOF) {
          return List.of();
        }
        throw status;
      }
      expect(answer, PacketType.NAME);
      List<Entry> entries = new ArrayList<>();
      long count = answer.readUInt32();
      for (long i = 0; i < count; i++) {
        String name = answer.readString(StandardCharsets.UTF_8);
        answer.readString(StandardCharsets.UTF_8); // the same for people
        FileAttributes attributes = answer.readFileAttributes();
        if (!name.equals(".") && !name.equals("..")) {
          entries.add(new Entry(name, attributes));
        }
      }
      return entries;
    }
  }

  /** What a server says that it did not do. */
  static final class SftpStatus extends IOException {
    private static final long serialVersionUID = 1L;

    private final StatusCode code;

    SftpStatus(StatusCode code, String message) {
      super("%s (%s)".formatted(message, code));
      this.code = code;
    }

    static SftpStatus of(SftpReply answer) throws IOException {
      StatusCode code = StatusCode.fromInt(answer.readUInt32AsInt());
      String message = answer.available() > 0 ? answer.readString(StandardCharsets.UTF_8) : "";
      return new SftpStatus(code, message.isBlank() ? "refused" : message);
    }

    StatusCode code() {
      return code;
    }

    boolean isNotFound() {
      return code == StatusCode.NO_SUCH_FILE || code == StatusCode.NO_SUCH_PATH;
    }

    /** Whether asking in another way may help: this one is forbidden, or unknown there. */
    boolean isRefused() {
      return code == StatusCode.PERMISSION_DENIED
          || code == StatusCode.OP_UNSUPPORTED
          || code == StatusCode.BAD_MESSAGE;
    }

    boolean isDenied() {
      return code == StatusCode.PERMISSION_DENIED || code == StatusCode.WRITE_PROTECT;
    }

    boolean isOutOfSpace() {
      return code == StatusCode.NO_SPACE_ON_FILESYSTEM || code == StatusCode.QUOTA_EXCEEDED;
    }
  }

  /** The session cannot be used any more; what was asked may have been done or not. */
  static final class BrokenConnection extends IOException {
    private static final long serialVersionUID = 1L;

    BrokenConnection(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Long transfers end when their thread is interrupted. */
  static void requireNotInterrupted() throws InterruptedIOException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("interrupted");
    }
  }
}
