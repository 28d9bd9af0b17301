package dev.drp.transfer;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import net.schmizz.sshj.common.DisconnectReason;
import net.schmizz.sshj.common.SSHException;
import net.schmizz.sshj.connection.ConnectionException;
import org.jspecify.annotations.Nullable;

/**
 * What an SFTP server answers: each answer is put together from the pieces in which it arrives, and
 * given to whoever waits for it. One thread brings the pieces; the rest is safe for concurrent use.
 */
final class SftpAnswers {
  /** Stands for the number of the answer to the first packet, which has none. */
  static final long VERSION = -1;

  /** No answer is longer: none is asked for that is. */
  private static final int LONGEST = 256 << 10;

  private final Map<Long, CompletableFuture<SftpReply>> awaited = new ConcurrentHashMap<>();
  private volatile @Nullable IOException ended;
  private int length;
  private int lengthBytes;
  private byte @Nullable [] packet;
  private int filled;

  /** To be called before the request is sent. */
  CompletableFuture<SftpReply> expect(long number) {
    CompletableFuture<SftpReply> answer = new CompletableFuture<>();
    awaited.put(number, answer);
    IOException why = ended;
    if (why != null) {
      answer.completeExceptionally(why);
    }
    return answer;
  }

  /** No more will come. */
  void end(IOException why) {
    ended = why;
    awaited.values().forEach(it -> it.completeExceptionally(why));
    awaited.clear();
  }

  /** Takes the next bytes that arrived; throws when they make no sense. */
  void take(byte[] data, int offset, int count) throws SSHException {
    int from = offset;
    int end = offset + count;
    while (from < end) {
      byte[] into = packet;
      if (into == null) {
        length = (length << Byte.SIZE) | (data[from++] & 0xff);
        if (++lengthBytes == Integer.BYTES) {
          begin();
        }
        continue;
      }
      int some = Math.min(into.length - filled, end - from);
      System.arraycopy(data, from, into, filled, some);
      filled += some;
      from += some;
      if (filled == into.length) {
        packet = null;
        give(new SftpReply(into));
      }
    }
  }

  private void begin() throws ConnectionException {
    if (length < 1 || length > LONGEST) {
      throw new ConnectionException(
          DisconnectReason.PROTOCOL_ERROR, "an SFTP answer of %d bytes".formatted(length));
    }
    packet = new byte[length];
    filled = 0;
    length = 0;
    lengthBytes = 0;
  }

  private void give(SftpReply reply) throws ConnectionException {
    CompletableFuture<SftpReply> answer = awaited.remove(reply.number());
    if (answer == null) {
      throw new ConnectionException(
          DisconnectReason.PROTOCOL_ERROR, "an SFTP answer to nothing that was asked");
    }
    answer.complete(reply);
  }
}
