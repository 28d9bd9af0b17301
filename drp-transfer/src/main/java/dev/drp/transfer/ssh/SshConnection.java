package dev.drp.transfer.ssh;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.net.SocketFactory;
import net.schmizz.keepalive.KeepAlive;
import net.schmizz.keepalive.KeepAliveRunner;
import net.schmizz.sshj.SSHClient;
import net.schmizz.sshj.userauth.UserAuthException;
import net.schmizz.sshj.userauth.keyprovider.KeyProvider;
import net.schmizz.sshj.userauth.method.AuthMethod;
import net.schmizz.sshj.userauth.method.AuthPublickey;
import org.jspecify.annotations.Nullable;

/**
 * An authenticated connection to another machine. Safe for concurrent use: channels are opened on
 * {@link #client()}, each for a session, a file transfer or a tunnel.
 */
public final class SshConnection implements AutoCloseable {
  /** Bytes that the other side may send ahead: what a fast line with 100 ms holds. */
  static final int WINDOW = 16 << 20;

  private static final int KEEP_ALIVE_SECONDS = 10;
  private static final int UNANSWERED_KEEP_ALIVES = 3;

  /** Closes what is stuck: a write to a peer that no longer reads has no time limit of its own. */
  private static final ScheduledThreadPoolExecutor WATCH = watch();

  private final SSHClient client;
  private final TimedSocket socket;
  private final SshTarget target;

  private SshConnection(SSHClient client, TimedSocket socket, SshTarget target) {
    this.client = client;
    this.socket = socket;
    this.target = target;
  }

  static SshConnection open(SshTarget target) {
    SSHClient client = new SSHClient(new ModernConfig()); // first: it says what reads keys
    HostKeys hostKeys = HostKeys.read(target);
    List<KeyProvider> keys = keys(client, target);
    int limit = Math.toIntExact(target.limits().connect().toMillis());
    TimedSocket socket = new TimedSocket();
    client.setSocketFactory(new OneSocket(socket));
    client.addHostKeyVerifier(hostKeys);
    client.setConnectTimeout(limit);
    client.setTimeout(limit);
    client.getTransport().setTimeoutMs(limit);
    client.getConnection().setTimeoutMs(Math.toIntExact(target.limits().answer().toMillis()));
    client.getConnection().setWindowSize(WINDOW);
    keepAlive(client);
    SshConnection connection = new SshConnection(client, socket, target);
    try (Watched within = connection.watched(target.limits().connect())) {
      client.connect(target.host(), target.port());
      client.auth(target.user(), methods(keys));
      socket.setSoTimeout(0); // from now on, keep-alives tell whether it is there
      return connection;
    } catch (IOException e) {
      connection.close();
      throw explained(target, hostKeys, e);
    } catch (RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /** For channels; never closed but by {@link #close}. */
  public SSHClient client() {
    return client;
  }

  public SshTarget target() {
    return target;
  }

  /**
   * How long the line takes to the other side and back, at most: connecting took as long, which on
   * the first connection of a process is a few milliseconds on any line.
   */
  public Duration roundTrip() {
    return socket.connected;
  }

  public boolean isOpen() {
    return client.isConnected() && client.isAuthenticated();
  }

  /** Closes the connection unless what is done meanwhile is done in time. */
  public Watched watched(Duration limit) {
    ScheduledFuture<?> closing =
        WATCH.schedule(this::closeSocket, limit.toMillis(), TimeUnit.MILLISECONDS);
    return () -> closing.cancel(false);
  }

  /** Something that is being done and has a time limit. */
  public interface Watched extends AutoCloseable {
    /** It is done. */
    @Override
    void close();
  }

  @Override
  public void close() {
    try (Watched within = watched(Duration.ofSeconds(2))) {
      client.disconnect();
    } catch (IOException e) {
      // it is closed all the same, below
    }
    closeSocket();
  }

  /** Ends everything at once, also what is stuck in a write. */
  private void closeSocket() {
    try {
      socket.close();
    } catch (IOException e) {
      // nothing is left to be closed then
    }
  }

  private static void keepAlive(SSHClient client) {
    KeepAlive keepAlive = client.getConnection().getKeepAlive();
    keepAlive.setKeepAliveInterval(KEEP_ALIVE_SECONDS);
    if (keepAlive instanceof KeepAliveRunner runner) {
      runner.setMaxAliveCount(UNANSWERED_KEEP_ALIVES);
    }
  }

  private static List<KeyProvider> keys(SSHClient client, SshTarget target) {
    List<KeyProvider> keys = new ArrayList<>();
    for (Path file : target.keys()) {
      try {
        if (!Files.isReadable(file)) {
          throw new IOException("it does not exist, or this user may not read it");
        }
        KeyProvider key = client.loadKeys(file.toString());
        key.getPrivate(); // now rather than as a refusal by the other side
        keys.add(key);
      } catch (IOException e) {
        throw new RecoveryException(
            ErrorCode.ACCESS_DENIED,
            "the key %s for %s cannot be used: %s".formatted(file, target, e.getMessage()),
            "name the private key, without a passphrase, of whoever runs drp; ssh-keygen -t ed25519"
                + " makes one.",
            e);
      }
    }
    if (keys.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.ACCESS_DENIED,
          "there is no key to log in to %s with".formatted(target),
          "make one with ssh-keygen -t ed25519, name it as `key:` in the plan, and add its public"
              + " half to authorized_keys over there.");
    }
    return keys;
  }

  private static List<AuthMethod> methods(List<KeyProvider> keys) {
    return keys.stream().<AuthMethod>map(AuthPublickey::new).toList();
  }

  private static RecoveryException explained(
      SshTarget target, HostKeys hostKeys, IOException failure) {
    @Nullable RecoveryException refusal = hostKeys.refusal();
    if (refusal != null) {
      return refusal;
    }
    if (failure instanceof UserAuthException) {
      return new RecoveryException(
          ErrorCode.ACCESS_DENIED,
          "%s does not let us in with %s".formatted(target, target.keys()),
          "add the public half of that key to authorized_keys of that account, and check its"
              + " permissions.",
          failure);
    }
    if (Thread.currentThread().isInterrupted()) {
      return new RecoveryException(
          ErrorCode.INTERRUPTED,
          "interrupted while connecting to " + target,
          "run this again.",
          failure);
    }
    return new RecoveryException(
        ErrorCode.HOST_UNAVAILABLE,
        "cannot connect to %s: %s".formatted(target, failure.getMessage()),
        "check that the machine runs, that its sshd listens there, and the network between.",
        failure);
  }

  private static ScheduledThreadPoolExecutor watch() {
    ScheduledThreadPoolExecutor watch =
        new ScheduledThreadPoolExecutor(
            1,
            work -> {
              Thread thread = new Thread(work, "drp-ssh-watch");
              thread.setDaemon(true);
              return thread;
            });
    watch.setRemoveOnCancelPolicy(true);
    return watch;
  }

  /** Knows how long connecting took. */
  private static final class TimedSocket extends Socket {
    private volatile Duration connected = Duration.ZERO;

    @Override
    public void connect(SocketAddress endpoint, int timeout) throws IOException {
      long began = System.nanoTime();
      super.connect(endpoint, timeout);
      connected = Duration.ofNanos(System.nanoTime() - began);
    }
  }

  /** The one socket of a connection, so that it can be closed while a write is stuck in it. */
  private static final class OneSocket extends SocketFactory {
    private final Socket socket;

    OneSocket(Socket socket) {
      this.socket = socket;
    }

    @Override
    public Socket createSocket() {
      return socket;
    }

    @Override
    public Socket createSocket(String host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(
        InetAddress address, int port, InetAddress localAddress, int localPort) {
      throw new UnsupportedOperationException();
    }
  }
}
