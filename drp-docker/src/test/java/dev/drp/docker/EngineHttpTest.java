package dev.drp.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.dockerjava.transport.DockerHttpClient;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class EngineHttpTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final String CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n";

  @Test
  void sendsARequestAndAsksForAnAnswerThatIsNotCompressed() throws IOException {
    ScriptedStream engine = new ScriptedStream("HTTP/1.1 204 No Content\r\n\r\n");

    try (DockerHttpClient.Response answer =
        new EngineHttp(engine, LIMIT).execute(request("POST", "{}"))) {
      assertThat(answer.getStatusCode()).isEqualTo(204);
      assertThat(answer.getBody().read()).isEqualTo(-1);
    }
    assertThat(engine.sent.toString(UTF_8))
        .startsWith("POST /things HTTP/1.1\r\n")
        .contains("\r\nAccept-Encoding: identity\r\n")
        .contains("\r\nX-Test: yes\r\n")
        .endsWith("\r\nContent-Length: 2\r\n\r\n{}");
    assertThat(engine.closed).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1, 2, 3]beyond",
        CHUNKED + "4\r\n[1, \r\n5;x=y\r\n2, 3]\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\n[1, 2, 3]"
      })
  void readsABodyHoweverItsEndIsTold(String answer) throws IOException {
    try (DockerHttpClient.Response response =
        new EngineHttp(new ScriptedStream(answer), LIMIT).execute(request("GET", ""))) {
      assertThat(response.getBody().readAllBytes()).asString().isEqualTo("[1, 2, 3]");
      assertThat(response.getBody().read()).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1, 2",
        CHUNKED + "4\r\n[1, \r\n5\r\n2",
        CHUNKED + "4\r\n[1, \r\n"
      })
  void reportsABodyThatWasCutShort(String answer) throws IOException {
    try (DockerHttpClient.Response response =
        new EngineHttp(new ScriptedStream(answer), LIMIT).execute(request("GET", ""))) {
      InputStream body = response.getBody();

      assertThatThrownBy(body::readAllBytes).isInstanceOf(IOException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "HTTP/1.1 200 OK\r\n", "SSH-2.0-OpenSSH\r\n\r\n"})
  void reportsWhatIsNoAnswer(String answer) {
    assertUnavailable(
        () -> new EngineHttp(new ScriptedStream(answer), LIMIT).execute(request("GET", "")));
  }

  @Test
  void turnsARequestIntoAStreamAndEndsItsInputByHalfClosing() throws Exception {
    ScriptedStream engine = new ScriptedStream("HTTP/1.1 101 UPGRADED\r\n\r\nraw bytes");
    try (DuplexStream stream = new EngineHttp(engine, LIMIT).upgrade("/exec/1/start", "{}")) {
      stream.output().write("input".getBytes(UTF_8));
      stream.output().close();

      assertThat(engine.sent.toString(UTF_8)).contains("Upgrade: tcp\r\n").endsWith("{}input");
      assertThat(engine.halfClosed).isTrue();
      assertThat(engine.closed).isFalse();
      assertThat(stream.input().readAllBytes()).asString().isEqualTo("raw bytes");
    }
    assertThat(engine.closed).isTrue();
  }

  @Test
  void reportsARefusedStreamWithTheEnginesWords() {
    ScriptedStream engine =
        new ScriptedStream("HTTP/1.1 409 Conflict\r\nContent-Length: 6\r\n\r\npaused");

    assertThatThrownBy(() -> new EngineHttp(engine, LIMIT).upgrade("/exec/1/start", "{}"))
        .isInstanceOf(EngineHttp.EngineRefusedException.class)
        .hasMessage("paused");
    assertThat(engine.closed).isTrue();
  }

  @Test
  void doesNotWaitForAnEngineThatNeverAnswers(@TempDir Path folder) throws IOException {
    Path socket = folder.resolve("engine.sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      EngineHttp http = new EngineHttp(new UnixSocketOpener(socket), Duration.ofSeconds(1));

      assertUnavailable(() -> http.execute(request("GET", "")))
          .hasMessageContaining("did not answer within 1 s");
      assertUnavailable(() -> http.upgrade("/exec/1/start", "{}"));
    }
  }

  @Test
  void stopsWaitingWhenItsThreadIsInterrupted(@TempDir Path folder) throws Exception {
    Path socket = folder.resolve("engine.sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      EngineHttp http = new EngineHttp(new UnixSocketOpener(socket), LIMIT);
      Thread.currentThread().interrupt();

      assertThatThrownBy(() -> http.execute(request("GET", "")))
          .isInstanceOfSatisfying(
              RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERRUPTED));
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void saysWhereItLookedForAnEngineThatIsNotThere(@TempDir Path folder) {
    Path socket = folder.resolve("none.sock");
    DockerContainerRuntime runtime =
        DockerContainerRuntime.of(Map.of("DOCKER_HOST", "unix://" + socket));

    assertUnavailable(runtime::containers)
        .hasMessageContaining("unix://" + socket)
        .hasMessageContaining("HINT: check that the engine runs");
  }

  @Test
  void refusesAnEngineThatIsNotOnAUnixSocket() {
    assertThatThrownBy(
            () -> DockerContainerRuntime.of(Map.of("DOCKER_HOST", "tcp://10.0.0.1:2376")))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.USAGE))
        .hasMessageContaining("tcp://10.0.0.1:2376");
  }

  private static AbstractThrowableAssert<?, ? extends Throwable> assertUnavailable(
      ThrowingCallable call) {
    return assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.ENGINE_UNAVAILABLE));
  }

  private static DockerHttpClient.Request request(String method, String body) {
    return DockerHttpClient.Request.builder()
        .method(method)
        .path("/things")
        .putAllHeaders(Map.of("X-Test", "yes"))
        .bodyBytes(body.getBytes(UTF_8))
        .build();
  }

  /** Says what it was told to say, and keeps what it hears. */
  private static final class ScriptedStream implements StreamOpener, DuplexStream {
    private final InputStream answer;
    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    private boolean halfClosed;
    private boolean closed;

    ScriptedStream(String answer) {
      this.answer = new ByteArrayInputStream(answer.getBytes(UTF_8));
    }

    @Override
    public DuplexStream open(Duration limit) {
      return this;
    }

    @Override
    public String target() {
      return "a script";
    }

    @Override
    public InputStream input() {
      return answer;
    }

    @Override
    public OutputStream output() {
      return new OutputStream() {
        @Override
        public void write(int oneByte) {
          sent.write(oneByte);
        }

        @Override
        public void close() {
          halfClosed = true;
        }
      };
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
