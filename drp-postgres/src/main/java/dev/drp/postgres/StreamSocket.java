package dev.drp.postgres;

import dev.drp.RecoveryException;
import dev.drp.runtime.ByteStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketTimeoutException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A socket over any byte stream, for the JDBC driver. A read that takes longer than the timeout
 * ends the connection: the driver gives up on it anyway. Whether one does is looked at now and
 * then, so a timeout may come up to a tenth of it late: a timer of its own for each read took a
 * third of the processor time of a stream of the log, with some thousand messages a second.
 */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // nothing of the superclass is used
final class StreamSocket extends Socket {
  private static final ScheduledThreadPoolExecutor WATCH = watch();
  private static final long NOT_READING = Long.MAX_VALUE;

  /** How often is looked in the time of a timeout, and in how many milliseconds at least. */
  private static final int LOOKS = 10;

  private static final int LOOK_MILLIS = 20;

  private final Supplier<ByteStream> opener;
  private @Nullable ByteStream stream;
  private @Nullable ScheduledFuture<?> looking;
  private volatile int timeoutMillis;
  private volatile boolean closed;

  /** When the read that is going on began, in milliseconds of a monotonic clock. */
  private volatile long readingSince = NOT_READING;

  StreamSocket(Supplier<ByteStream> opener) throws SocketException {
    super((SocketImpl) null);
    this.opener = opener;
  }

  private static ScheduledThreadPoolExecutor watch() {
    ScheduledThreadPoolExecutor watch =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "database-read-timeouts");
              thread.setDaemon(true);
              return thread;
            });
    watch.setRemoveOnCancelPolicy(true);
    return watch;
  }

  @Override
  public void connect(SocketAddress endpoint, int timeout) throws IOException {
    try {
      stream = opener.get();
    } catch (RecoveryException | UncheckedIOException e) {
      throw new IOException(e.getMessage(), e); // what the driver expects of a socket
    }
  }

  @Override
  public boolean isConnected() {
    return stream != null;
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  private ByteStream connected() throws SocketException {
    ByteStream current = stream;
    if (current == null || closed) {
      throw new SocketException(closed ? "closed" : "not connected");
    }
    return current;
  }

  @Override
  public InputStream getInputStream() throws IOException {
    return new TimedInput(connected().input());
  }

  @Override
  public OutputStream getOutputStream() throws IOException {
    return connected().output();
  }

  @Override
  public void close() {
    closed = true;
    lookEvery(0);
    ByteStream current = stream;
    if (current != null) {
      current.close();
    }
  }

  @Override
  public void setSoTimeout(int timeout) {
    if (timeout != timeoutMillis) {
      timeoutMillis = timeout;
      lookEvery(closed || timeout == 0 ? 0 : Math.max(LOOK_MILLIS, timeout / LOOKS));
    }
  }

  private synchronized void lookEvery(int millis) {
    if (looking != null) {
      looking.cancel(false);
      looking = null;
    }
    if (millis > 0) {
      looking = WATCH.scheduleAtFixedRate(this::look, millis, millis, TimeUnit.MILLISECONDS);
    }
  }

  private void look() {
    int limit = timeoutMillis;
    if (limit > 0 && now() - limit >= readingSince) {
      close();
    }
  }

  private static long now() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
  }

  @Override
  public int getSoTimeout() {
    return timeoutMillis;
  }

  @Override
  public void setTcpNoDelay(boolean on) {}

  @Override
  public void setKeepAlive(boolean on) {}

  @Override
  public void setSendBufferSize(int size) {}

  @Override
  public void setReceiveBufferSize(int size) {}

  @Override
  public int getSendBufferSize() {
    return 1 << 16;
  }

  @Override
  public int getReceiveBufferSize() {
    return 1 << 16;
  }

  private final class TimedInput extends InputStream {
    private final InputStream in;

    private TimedInput(InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int limit = timeoutMillis;
      if (limit == 0 || in.available() > 0) {
        return in.read(buffer, offset, length);
      }
      readingSince = now();
      try {
        int count = in.read(buffer, offset, length);
        if (count < 0 && closed) {
          throw new SocketTimeoutException("no answer within %d ms".formatted(limit));
        }
        return count;
      } catch (SocketTimeoutException e) {
        throw e;
      } catch (IOException e) {
        if (!closed) {
          throw e;
        }
        SocketTimeoutException timeout =
            new SocketTimeoutException("no answer within %d ms".formatted(limit));
        timeout.initCause(e);
        throw timeout;
      } finally {
        readingSince = NOT_READING;
      }
    }

    @Override
    public int available() throws IOException {
      return in.available();
    }
  }
}
