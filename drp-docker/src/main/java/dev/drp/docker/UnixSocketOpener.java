package dev.drp.docker;

import dev.drp.runtime.TimeLimit;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;

/** Connects to an engine on this machine. */
final class UnixSocketOpener implements StreamOpener {
  private final Path socket;

  UnixSocketOpener(Path socket) {
    this.socket = socket;
  }

  @Override
  public DuplexStream open(Duration limit) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    TimeLimit closing = TimeLimit.of(limit, () -> closeQuietly(channel));
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
      return new Connection(channel);
    } catch (IOException | RuntimeException e) {
      closeQuietly(channel);
      throw e;
    } finally {
      closing.close();
    }
  }

  @Override
  public String target() {
    return "unix://" + socket;
  }

  private static void closeQuietly(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // Nothing was entrusted to it that could be lost.
    }
  }

  /** {@code Channels.newInputStream} would make readers and writers of a channel wait in turn. */
  private record Connection(SocketChannel channel) implements DuplexStream {
    @Override
    public InputStream input() {
      return new InputStream() {
        @Override
        public int read() throws IOException {
          byte[] one = new byte[1];
          return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
          return length == 0 ? 0 : channel.read(ByteBuffer.wrap(bytes, offset, length));
        }
      };
    }

    @Override
    public OutputStream output() {
      return new OutputStream() {
        @Override
        public void write(int oneByte) throws IOException {
          write(new byte[] {(byte) oneByte}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
          ByteBuffer rest = ByteBuffer.wrap(bytes, offset, length);
          while (rest.hasRemaining()) {
            channel.write(rest);
          }
        }

        @Override
        public void close() throws IOException {
          try {
            channel.shutdownOutput();
          } catch (ClosedChannelException closed) {
            // There is no other side any more that could be told.
          }
        }
      };
    }

    @Override
    public void close() {
      closeQuietly(channel);
    }
  }
}
