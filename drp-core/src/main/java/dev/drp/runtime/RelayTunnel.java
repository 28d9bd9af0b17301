package dev.drp.runtime;

import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A tunnel made of programs: for each connection one small relay runs where the port is, and
 * connects its standard input and output with it. It takes whichever of socat, perl, python3, bash
 * and busybox it finds there. Closing the input of a relay makes it end, and with it the
 * connection.
 *
 * <p>To open a connection costs one program start there.
 */
public final class RelayTunnel implements Tunnel {
  /**
   * Connections last as long as their users want: an execution's steps have limits of their own.
   */
  private static final Duration UNLIMITED = Duration.ofDays(365);

  private final CommandRunner runner;
  private @Nullable Relay relay;

  public RelayTunnel(CommandRunner runner) {
    this(runner, null);
  }

  RelayTunnel(CommandRunner runner, @Nullable Relay relay) {
    this.runner = runner;
    this.relay = relay;
  }

  @Override
  public ByteStream connect(int port) {
    return new Connection(runner.start(Command.of(relay().arguments(port)).within(UNLIMITED)));
  }

  private synchronized Relay relay() {
    if (relay == null) {
      relay = Relay.find(runner);
    }
    return relay;
  }

  /** One relay that runs. */
  private static final class Connection implements ByteStream {
    private static final long GRACE_MILLIS = 5000;

    private final RunningCommand relay;
    private final CountDownLatch ended = new CountDownLatch(1);

    Connection(RunningCommand relay) {
      this.relay = relay;
      Thread watcher = new Thread(this::watch, "relay");
      watcher.setDaemon(true);
      watcher.start();
    }

    @Override
    public InputStream input() {
      return relay.stdout();
    }

    @Override
    public OutputStream output() {
      return relay.stdin();
    }

    /** What was written before still arrives: the relay gets a moment to end by itself. */
    @Override
    public void close() {
      try {
        relay.stdin().close();
        ended.await(GRACE_MILLIS, TimeUnit.MILLISECONDS);
      } catch (IOException gone) {
        // The relay has ended already.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } finally {
        relay.close();
      }
    }

    private void watch() {
      try {
        relay.await();
      } catch (RecoveryException closed) {
        // How a relay ended says nothing more than that the connection has ended.
      } finally {
        ended.countDown();
      }
    }
  }
}
