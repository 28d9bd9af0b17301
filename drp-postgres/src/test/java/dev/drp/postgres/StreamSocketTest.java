package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.runtime.ByteStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StreamSocketTest {
  private final PipedInputStream answers = new PipedInputStream();
  private final PipedOutputStream server = new PipedOutputStream();
  private final StreamSocket socket;

  StreamSocketTest() throws IOException {
    socket = new StreamSocket(() -> new Answers(answers, server));
  }

  /** A server of which only the answers are of interest. */
  private record Answers(InputStream input, OutputStream server) implements ByteStream {
    @Override
    public OutputStream output() {
      return OutputStream.nullOutputStream();
    }

    @Override
    public void close() {
      try {
        server.close(); // only that ends a read of a pipe
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @BeforeEach
  void connect() throws IOException {
    answers.connect(server);
    socket.connect(InetSocketAddress.createUnresolved("a server", 5432), 0);
  }

  @AfterEach
  void close() {
    socket.close();
  }

  @Test
  void aReadThatTakesLongerThanTheTimeoutEndsTheConnection() throws IOException {
    socket.setSoTimeout(100);
    InputStream input = socket.getInputStream();

    assertThatThrownBy(input::read)
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessage("no answer within 100 ms");
    assertThat(socket.isClosed()).isTrue();
  }

  @Test
  void aConnectionThatNobodyReadsFromHasNoTimeout() throws Exception {
    socket.setSoTimeout(4000);
    InputStream input = socket.getInputStream();
    Thread answering = new Thread(this::answer, "answers");
    answering.start();

    assertThat(input.read()).isEqualTo(1);
    answering.join();
    Thread.sleep(6000); // the time itself is what is tested
    assertThat(socket.isClosed()).isFalse();
  }

  private void answer() {
    try {
      server.write(1);
      server.flush();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
