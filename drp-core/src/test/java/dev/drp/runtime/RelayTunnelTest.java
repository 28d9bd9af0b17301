package dev.drp.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.Secret;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Each kind of relay keeps the contract on this machine, as far as its program is there. */
class RelayTunnelTest {
  @Test
  void saysWhatIsMissingWhereNoRelayIsThere() {
    CommandRunner bare =
        new CommandRunner() {
          @Override
          public RunningCommand start(Command command) {
            return new LocalCommandRunner()
                .start(command.withEnvironment(Map.of("PATH", new Secret("/nowhere"))));
          }

          @Override
          public String place() {
            return "a bare place";
          }
        };

    assertThatThrownBy(() -> new RelayTunnel(bare).connect(1))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.COMMAND_NOT_FOUND))
        .hasMessageContaining("a bare place: cannot reach ports there");
  }

  @Nested
  class OverSocat extends RelayContract {
    OverSocat() {
      super(Relay.SOCAT, "socat");
    }
  }

  @Nested
  class OverPerl extends RelayContract {
    OverPerl() {
      super(Relay.PERL, "perl");
    }
  }

  @Nested
  class OverPython extends RelayContract {
    OverPython() {
      super(Relay.PYTHON3, "python3");
    }
  }

  @Nested
  class OverBash extends RelayContract {
    OverBash() {
      super(Relay.BASH, "bash");
    }
  }

  @Nested
  class OverBusybox extends RelayContract {
    OverBusybox() {
      super(Relay.BUSYBOX, "busybox");
    }
  }

  abstract static class RelayContract extends TunnelContract {
    private final Relay relay;
    private final String program;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private ServerSocket echo;
    private ServerSocket greeting;

    RelayContract(Relay relay, String program) {
      this.relay = relay;
      this.program = program;
    }

    @BeforeEach
    void listen() throws IOException {
      List<String> onPath = List.of("sh", "-c", "command -v " + program + "; :");
      boolean there = !new LocalCommandRunner().run(Command.of(onPath)).isBlank();
      assumeTrue(there, program + " is not installed");
      echo = listen(this::echo);
      greeting = listen(socket -> socket.getOutputStream().write("hello".getBytes(UTF_8)));
    }

    @AfterEach
    void stop() throws IOException {
      if (echo != null) {
        echo.close();
        greeting.close();
      }
    }

    @Override
    protected Tunnel tunnel() {
      return new RelayTunnel(new LocalCommandRunner(), relay);
    }

    @Override
    protected int echoPort() {
      return echo.getLocalPort();
    }

    @Override
    protected int greetingPort() {
      return greeting.getLocalPort();
    }

    @Override
    protected String receivedByEcho() {
      synchronized (received) {
        return received.toString(StandardCharsets.ISO_8859_1);
      }
    }

    private void echo(Socket socket) throws IOException {
      byte[] buffer = new byte[65536];
      OutputStream output = socket.getOutputStream();
      for (int count; (count = socket.getInputStream().read(buffer)) >= 0; ) {
        synchronized (received) {
          received.write(buffer, 0, count);
        }
        output.write(buffer, 0, count);
      }
    }

    @Test
    void everyConnectionThatTheOtherSideEndsAtOnceIsOver() {
      Tunnel tunnel = tunnel();
      for (int i = 0; i < 100; i++) { // one in fifty used to stay open, over bash
        assertTimeoutPreemptively(
            Duration.ofSeconds(20),
            () -> {
              try (ByteStream stream = tunnel.connect(greetingPort())) {
                assertThat(stream.input().readAllBytes()).asString(UTF_8).isEqualTo("hello");
              }
            });
      }
    }

    private static ServerSocket listen(Service service) throws IOException {
      ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      daemon(
          () -> {
            while (true) {
              Socket socket = server.accept();
              daemon(
                  () -> {
                    try (socket) {
                      service.serve(socket);
                    }
                  });
            }
          });
      return server;
    }

    private static void daemon(Work work) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  work.run();
                } catch (IOException ended) {
                  // The connection or the listening socket was closed.
                }
              });
      thread.setDaemon(true);
      thread.start();
    }

    private interface Service {
      void serve(Socket socket) throws IOException;
    }

    private interface Work {
      void run() throws IOException;
    }
  }
}
