package dev.drp.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What every {@link Tunnel} keeps. */
public abstract class TunnelContract {
  /** The tunnel under test. */
  protected abstract Tunnel tunnel();

  /** A port where whoever listens sends back what it gets until the connection ends. */
  protected abstract int echoPort();

  /** A port where whoever listens says {@code hello}, then ends the connection. */
  protected abstract int greetingPort();

  /** What the place's echo service has received so far on connections that have ended. */
  protected abstract String receivedByEcho();

  @Test
  void carriesBytesUnchangedInBothDirections() throws Exception {
    byte[] bytes = new byte[5_000_001];
    new Random(42).nextBytes(bytes);
    try (ByteStream stream = tunnel().connect(echoPort())) {
      CompletableFuture<Void> sender =
          CompletableFuture.runAsync(
              () -> {
                try {
                  stream.output().write(bytes);
                  stream.output().flush();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });

      assertThat(stream.input().readNBytes(bytes.length)).isEqualTo(bytes);
      sender.get();
    }
  }

  @Test
  void carriesSmallMessagesAtOnce() throws IOException {
    try (ByteStream stream = tunnel().connect(echoPort())) {
      for (int i = 0; i < 100; i++) {
        stream.output().write(new byte[] {(byte) i, 0, '\n', (byte) 0xff});
        stream.output().flush();

        assertThat(stream.input().readNBytes(4)).containsExactly(i, 0, '\n', 0xff);
      }
    }
  }

  @Test
  void endsWhenTheOtherSideEnds() throws IOException {
    try (ByteStream stream = tunnel().connect(greetingPort());
        InputStream input = stream.input()) {
      assertThat(new String(input.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("hello");
    }
  }

  @Test
  void deliversWhatWasSentBeforeTheConnectionWasClosed() throws Exception {
    String farewell = "farewell " + System.nanoTime();
    try (ByteStream stream = tunnel().connect(echoPort())) {
      stream.output().write(farewell.getBytes(StandardCharsets.UTF_8));
    }

    long start = System.nanoTime();
    while (!receivedByEcho().contains(farewell)) {
      assertThat(System.nanoTime() - start).as("nanoseconds waited").isLessThan(10_000_000_000L);
    }
  }

  @Test
  void endsAWaitingReaderWhenItIsClosed() throws Exception {
    ByteStream stream = tunnel().connect(echoPort());
    CompletableFuture<Integer> reader =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return stream.input().read();
              } catch (IOException closed) {
                return -1;
              }
            });
    stream.close();

    assertThat(reader.get()).isEqualTo(-1);
  }

  @Test
  void givesAStreamThatEndsAtOnceWhereNobodyListens() throws IOException {
    try (ByteStream stream = tunnel().connect(1)) {
      assertThat(stream.input().read()).isEqualTo(-1);
    }
  }

  @Test
  void keepsManyConnectionsApart() throws IOException {
    List<ByteStream> streams = new ArrayList<>();
    try {
      for (int i = 0; i < 8; i++) {
        streams.add(tunnel().connect(echoPort()));
      }
      for (int i = 0; i < streams.size(); i++) {
        streams.get(i).output().write(new byte[] {(byte) i});
        streams.get(i).output().flush();
      }
      ByteArrayOutputStream received = new ByteArrayOutputStream();
      for (ByteStream stream : streams) {
        received.write(stream.input().read());
      }
      assertThat(received.toByteArray()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
    } finally {
      streams.forEach(ByteStream::close);
    }
  }
}
