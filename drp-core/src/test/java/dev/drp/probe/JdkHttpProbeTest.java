package dev.drp.probe;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class JdkHttpProbeTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(500);

  private final HttpProbe probe = new JdkHttpProbe();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch closed = new CountDownLatch(1);
  private HttpServer server;

  @BeforeEach
  void startServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    answer("/good", 200, "");
    answer("/broken", 503, "");
    answer("/old", 301, "/good");
    answer("/circle", 302, "/circle");
    answer("/elsewhere", 302, "http://elsewhere.invalid/login");
    server.createContext(
        "/never",
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write(new byte[10]);
          exchange.getResponseBody().flush();
          try {
            closed.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    server.start();
  }

  @AfterEach
  void stopServer() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
  }

  @Test
  void anAnswerOf200IsGood() {
    HttpProbe.Answer answer = probe.ask(uri("/good"), LIMIT);

    assertThat(answer.isGood()).as(answer.problem()).isTrue();
    assertThat(answer.status()).contains(200);
    assertThat(answer.address()).isEqualTo(uri("/good"));
    assertThat(answer.took()).isPositive();
  }

  @Test
  void anotherStatusIsNot() {
    HttpProbe.Answer answer = probe.ask(uri("/broken"), LIMIT);

    assertThat(answer.isGood()).isFalse();
    assertThat(answer.status()).contains(503);
    assertThat(answer.problem()).isEqualTo("answers with status 503");
  }

  @Test
  void followsRedirectsOnTheSameHostOnly() {
    assertThat(probe.ask(uri("/old"), LIMIT).isGood()).isTrue();
    assertThat(probe.ask(uri("/circle"), LIMIT).problem()).contains("status 302");
    assertThat(probe.ask(uri("/elsewhere"), LIMIT).problem())
        .isEqualTo("answers with status 302 and leads to http://elsewhere.invalid/login");
  }

  @Test
  void givesUpAnAnswerThatDoesNotEnd() {
    assertThat(probe.ask(uri("/never"), SHORT).problem())
        .isEqualTo("did not answer completely within 500 ms");
  }

  @Test
  void givesUpAServerThatSaysNothing() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      URI address = URI.create("http://127.0.0.1:%d/".formatted(silent.getLocalPort()));

      HttpProbe.Answer answer = probe.ask(address, SHORT);

      assertThat(answer.problem()).contains("within 500 ms");
      assertThat(answer.status()).isEmpty();
    }
  }

  @Test
  void tellsWhyNoAnswerCame() throws Exception {
    int free;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = socket.getLocalPort();
    }
    assertThat(probe.ask(URI.create("http://127.0.0.1:" + free), LIMIT).problem())
        .startsWith("cannot connect");
    assertThat(probe.ask(URI.create("http://no-such-host.invalid/"), LIMIT).problem())
        .isEqualTo("its name cannot be resolved");
    assertThat(probe.ask(URI.create("ftp://127.0.0.1/"), LIMIT).problem())
        .isEqualTo("is no http or https address");
  }

  @Test
  void tellsThatAServerHangsUp() throws Exception {
    try (ServerSocket rude = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      threads.execute(
          () -> {
            while (!rude.isClosed()) {
              try (Socket socket = rude.accept()) {
                socket.getInputStream().read();
              } catch (IOException e) {
                return;
              }
            }
          });
      URI address = URI.create("http://127.0.0.1:%d/".formatted(rude.getLocalPort()));

      assertThat(probe.ask(address, LIMIT).problem()).startsWith("the connection failed");
      URI encrypted = URI.create("https://127.0.0.1:%d/".formatted(rude.getLocalPort()));
      assertThat(probe.ask(encrypted, LIMIT).problem()).startsWith("TLS failed");
    }
  }

  private void answer(String path, int status, String location) {
    server.createContext(
        path,
        exchange -> {
          if (!location.isEmpty()) {
            exchange.getResponseHeaders().add("Location", location);
          }
          exchange.sendResponseHeaders(status, -1);
          exchange.close();
        });
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:%d%s".formatted(server.getAddress().getPort(), path));
  }
}
