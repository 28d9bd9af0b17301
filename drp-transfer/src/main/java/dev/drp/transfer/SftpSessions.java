package dev.drp.transfer;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.transfer.SftpSession.BrokenConnection;
import dev.drp.transfer.ssh.SshConnection;
import dev.drp.transfer.ssh.SshConnections;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The session with an SFTP server: opened when it is first needed, shared, and opened again after
 * it broke. Safe for concurrent use.
 */
final class SftpSessions implements AutoCloseable {
  private final SshConnections connections;
  private final Patience patience;
  private @Nullable SftpSession current;

  /**
   * How often a transfer that broke off is taken up again before it is given up.
   *
   * @param attempts without any progress between them
   * @param firstPause before the second attempt; each further pause is twice as long
   */
  record Patience(int attempts, Duration firstPause) {
    static final Patience USUAL = new Patience(5, Duration.ofSeconds(1));
  }

  SftpSessions(SshConnections connections, Patience patience) {
    this.connections = connections;
    this.patience = patience;
  }

  /**
   * A session that works, as far as is known.
   *
   * @throws BrokenConnection when the server cannot be reached
   * @throws RecoveryException with HOST_KEY_REFUSED or ACCESS_DENIED
   */
  synchronized SftpSession get() throws IOException {
    SftpSession known = current;
    if (known == null || !known.isUsable()) {
      known = SftpSession.open(connect());
      current = known;
    }
    return known;
  }

  private SshConnection connect() throws BrokenConnection {
    try {
      return connections.get();
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.HOST_UNAVAILABLE) {
        throw new BrokenConnection(e.problem(), e);
      }
      throw e;
    }
  }

  String place() {
    return connections.target().toString();
  }

  /** Something that can be done again when it broke off, with the same result. */
  interface Repeatable<T> {
    T with(SftpSession session) throws IOException;
  }

  /** Does it, and again on a new connection if the connection breaks. */
  <T> T repeatedly(Repeatable<T> work) throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        return work.with(get());
      } catch (BrokenConnection e) {
        if (attempt >= patience.attempts()) {
          throw e;
        }
      }
      pause(attempt);
    }
  }

  /** Whether a transfer that broke off so often without any progress is to be given up. */
  boolean isHopeless(int breaks) {
    return breaks >= patience.attempts();
  }

  private void pause(int attempt) throws IOException {
    try {
      Thread.sleep(patience.firstPause().toMillis() << (attempt - 1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("interrupted");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  @Override
  public synchronized void close() {
    if (current != null) {
      current.close();
    }
    connections.close();
  }
}
