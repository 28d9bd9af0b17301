package dev.drp.docker;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.dockerjava.transport.DockerHttpClient;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.ContainerRuntime.TarWriter;
import dev.drp.runtime.TimeLimit;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * HTTP to a container engine, one connection per request. Every request has a time limit, but for
 * the two-way streams of {@link #upgrade}, whose users have limits of their own. An interrupt ends
 * a request.
 */
final class EngineHttp implements DockerHttpClient {
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(10);

  private final StreamOpener opener;
  private final Duration limit;

  /**
   * @param limit how long a request may take, until its answer was read
   */
  EngineHttp(StreamOpener opener, Duration limit) {
    this.opener = opener;
    this.limit = limit;
  }

  /** The same engine, for requests that may take that long. */
  EngineHttp within(Duration longer) {
    return new EngineHttp(opener, longer);
  }

  String target() {
    return opener.target();
  }

  @Override
  public Response execute(Request request) {
    byte[] body = request.bodyBytes();
    if (request.hijackedInput() != null || (body == null && request.body() != null)) {
      throw new IllegalArgumentException("streams to the engine go through upgrade()");
    }
    DuplexStream stream = open();
    AtomicBoolean late = new AtomicBoolean();
    TimeLimit closing = closing(stream, late);
    try {
      send(stream, request.method(), request.path(), request.headers(), body);
      return answer(stream, closing);
    } catch (IOException e) {
      closing.close();
      stream.close();
      throw late.get() ? noAnswerWithin(e) : unavailable(e);
    }
  }

  /**
   * Sends a tar as it is written.
   *
   * @throws IOException what the writer throws of its own accord; the connection is cut then
   */
  HttpAnswer upload(String path, TarWriter writer) throws IOException {
    DuplexStream stream = open();
    AtomicBoolean late = new AtomicBoolean();
    TimeLimit closing = closing(stream, late);
    boolean answered = false;
    try {
      ChunkedOutput body = new ChunkedOutput(stream.output());
      try {
        body.begin(
            head(
                "PUT",
                path,
                Map.of("Content-Type", "application/x-tar", "Transfer-Encoding", "chunked")));
        writer.writeTo(body);
        body.finish();
      } catch (IOException e) {
        if (!body.hasFailed()) {
          throw e;
        }
        // An engine that refuses stops to listen; its answer tells why.
      }
      HttpAnswer answer = answered(stream, closing, late);
      answered = true;
      return answer;
    } finally {
      if (!answered) {
        closing.close();
        stream.close();
      }
    }
  }

  private HttpAnswer answered(DuplexStream stream, TimeLimit closing, AtomicBoolean late) {
    try {
      return answer(stream, closing);
    } catch (IOException e) {
      throw late.get() ? noAnswerWithin(e) : unavailable(e);
    }
  }

  private static HttpAnswer answer(DuplexStream stream, TimeLimit closing) throws IOException {
    return HttpAnswer.read(
        stream.input(),
        () -> {
          closing.close();
          stream.close();
        });
  }

  private TimeLimit closing(DuplexStream stream, AtomicBoolean late) {
    return TimeLimit.of(
        limit,
        () -> {
          late.set(true);
          stream.close();
        });
  }

  /**
   * Turns a request into a stream in both directions, without a time limit once it stands.
   *
   * @throws EngineRefusedException when the engine answers otherwise
   */
  DuplexStream upgrade(String path, String json) throws EngineRefusedException {
    Map<String, String> headers =
        Map.of("Content-Type", "application/json", "Connection", "Upgrade", "Upgrade", "tcp");
    DuplexStream stream = open();
    TimeLimit closing = TimeLimit.of(limit, stream::close);
    try {
      send(stream, "POST", path, headers, json.getBytes(UTF_8));
      HttpAnswer answer = HttpAnswer.read(stream.input(), stream::close);
      if (answer.getStatusCode() != 200) {
        String message = new String(answer.getBody().readAllBytes(), UTF_8).strip();
        stream.close();
        throw new EngineRefusedException(answer.getStatusCode(), message);
      }
      return new Upgraded(answer, stream);
    } catch (IOException e) {
      stream.close();
      throw unavailable(e);
    } finally {
      closing.close();
    }
  }

  private DuplexStream open() {
    try {
      return opener.open(CONNECT_LIMIT);
    } catch (IOException e) {
      throw unavailable(e);
    }
  }

  private static void send(
      DuplexStream stream, String method, String path, Map<String, String> headers, byte[] body)
      throws IOException {
    Map<String, String> all = new LinkedHashMap<>(headers);
    all.put("Content-Length", Integer.toString(body == null ? 0 : body.length));
    stream.output().write(head(method, path, all));
    if (body != null && body.length > 0) {
      stream.output().write(body);
    }
  }

  private static byte[] head(String method, String path, Map<String, String> headers) {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("Host", "docker");
    all.put("Connection", "close");
    // Or the engine compresses, at a twentieth of the speed.
    all.put("Accept-Encoding", "identity");
    all.putAll(headers);
    StringBuilder head = new StringBuilder(method + " " + path + " HTTP/1.1\r\n");
    all.forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
    return head.append("\r\n").toString().getBytes(ISO_8859_1);
  }

  @Override
  public void close() {
    // Connections belong to their requests.
  }

  private RecoveryException noAnswerWithin(IOException cause) {
    return new RecoveryException(
        ErrorCode.ENGINE_UNAVAILABLE,
        "the container engine at %s did not answer within %d s"
            .formatted(target(), limit.toSeconds()),
        "look at the engine's log and at the load of its machine.",
        cause);
  }

  RecoveryException unavailable(IOException cause) {
    if (cause instanceof ClosedByInterruptException || cause instanceof InterruptedIOException) {
      return new RecoveryException(
          ErrorCode.INTERRUPTED,
          "interrupted while talking to the container engine",
          "look at what was done before you run this again.",
          cause);
    }
    return new RecoveryException(
        ErrorCode.ENGINE_UNAVAILABLE,
        "cannot talk to the container engine at %s: %s".formatted(target(), cause.getMessage()),
        "check that the engine runs and that this account may use it (root, or a member of the"
            + " group docker); DOCKER_HOST names another one.",
        cause);
  }

  private record Upgraded(HttpAnswer answer, DuplexStream stream) implements DuplexStream {
    @Override
    public InputStream input() {
      return answer.getBody();
    }

    @Override
    public OutputStream output() {
      return stream.output();
    }

    @Override
    public void close() {
      stream.close();
    }
  }

  /** The engine answered a request for a stream with an error. */
  static final class EngineRefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int status;

    EngineRefusedException(int status, String message) {
      super(message);
      this.status = status;
    }

    int status() {
      return status;
    }
  }
}
