package dev.drp.transfer;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import net.schmizz.sshj.SSHClient;
import net.schmizz.sshj.common.Buffer;
import net.schmizz.sshj.sftp.PacketType;
import net.schmizz.sshj.sftp.Request;
import net.schmizz.sshj.sftp.SFTPPacket;

/**
 * Requests of SFTP version 3 on their way to a server; those that carry much are not copied into
 * one buffer before. Safe for concurrent use.
 */
final class SftpRequests implements AutoCloseable {
  private static final int VERSION = 3;

  private final SftpAnswers answers = new SftpAnswers();
  private final Set<String> extensions = new HashSet<>();
  private final SftpChannel channel;
  private final OutputStream out;
  private long last;

  /**
   * Starts the service and agrees on the version.
   *
   * @param limit how long to wait for its answer
   */
  SftpRequests(SSHClient client, Duration limit) throws IOException {
    channel = SftpChannel.open(client.getConnection(), answers);
    out = channel.getOutputStream();
    CompletableFuture<SftpReply> answer = answers.expect(SftpAnswers.VERSION);
    SFTPPacket<Request> first = new SFTPPacket<>(PacketType.INIT);
    transmit(first.putUInt32(VERSION), new byte[0], 0);
    SftpReply reply = await(answer, limit);
    long version = reply.readUInt32();
    if (reply.type() != PacketType.VERSION || version != VERSION) {
      throw new IOException("it speaks version %d of SFTP, not %d".formatted(version, VERSION));
    }
    while (reply.available() > 0) {
      extensions.add(reply.readString());
      reply.readString(); // its version
    }
  }

  /** Waits for an answer, and leaves to the caller what it says. */
  static SftpReply await(CompletableFuture<SftpReply> answer, Duration limit) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return answer.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
          interrupted = true; // it is not for long
        } catch (TimeoutException e) {
          throw new IOException("no answer within %d s".formatted(limit.toSeconds()), e);
        } catch (ExecutionException e) {
          Throwable cause = e.getCause();
          throw new IOException(cause == null ? "it failed" : cause.getMessage(), e);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  boolean supports(String extension) {
    return extensions.contains(extension);
  }

  /** How many bytes the server takes now. */
  long room() {
    return channel.getRemoteWinSize();
  }

  synchronized Request newRequest(PacketType type) {
    last = (last + 1) & 0xffffffffL;
    return new Request(type, last);
  }

  Request newExtendedRequest(String name) {
    return newRequest(PacketType.EXTENDED).putString(name);
  }

  CompletableFuture<SftpReply> send(Request request) throws IOException {
    return send(request, new byte[0], 0);
  }

  /** Sends bytes of a file. They may change as soon as this returns. */
  CompletableFuture<SftpReply> write(byte[] handle, long offset, byte[] data, int length)
      throws IOException {
    return send(
        newRequest(PacketType.WRITE).putString(handle).putUInt64(offset).putUInt32(length),
        data,
        length);
  }

  private CompletableFuture<SftpReply> send(Request request, byte[] data, int length)
      throws IOException {
    CompletableFuture<SftpReply> answer = answers.expect(request.getRequestID());
    transmit(request, data, length);
    return answer;
  }

  private synchronized void transmit(Buffer<?> head, byte[] data, int length) throws IOException {
    int headBytes = head.available();
    out.write(ByteBuffer.allocate(Integer.BYTES).putInt(headBytes + length).array());
    out.write(head.array(), head.rpos(), headBytes);
    out.write(data, 0, length);
    out.flush();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
