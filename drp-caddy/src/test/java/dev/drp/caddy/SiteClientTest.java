package dev.drp.caddy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.plan.SiteAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class SiteClientTest {
  private static final int CLIENTS = 8;
  private static final int REQUESTS = 200;

  /**
   * As Caddy answers 200 when it takes a request for given up: to a client that closes its socket,
   * which ends the output first, the answer may come in before the socket is closed.
   */
  @Test
  void anAnswerAfterTheLimitIsNone() throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      threads.execute(() -> serve(server, threads));
      List<Future<Integer>> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(threads.submit(() -> answered(server.getLocalPort())));
      }
      int answered = 0;
      for (Future<Integer> client : clients) {
        answered += client.get();
      }
      assertThat(answered).isZero();
    } finally {
      threads.shutdownNow();
    }
  }

  private static void serve(ServerSocket server, ExecutorService threads) {
    try {
      while (true) {
        Socket client = server.accept();
        threads.execute(() -> answerOnceItIsGivenUp(client));
      }
    } catch (IOException e) {
      // the test is over
    }
  }

  private static void answerOnceItIsGivenUp(Socket client) {
    try (client) {
      client.getInputStream().readAllBytes();
      client.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      // that client is gone
    }
  }

  private static int answered(int port) {
    SiteClient client = new SiteClient("127.0.0.1", Duration.ofMinutes(1));
    int answered = 0;
    for (int i = 0; i < REQUESTS; i++) {
      try {
        client.get(new SiteAddress(false, "app.localhost", port), Duration.ofMillis(5));
        answered++;
      } catch (IOException e) {
        // as it should be
      }
    }
    return answered;
  }
}
