package dev.drp.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.runtime.Command;
import dev.drp.runtime.RunningCommand;
import dev.drp.runtime.ThrowawayContainer;
import dev.drp.runtime.Tunnel;
import dev.drp.runtime.TunnelContract;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** A tunnel into a container whose network has no way in or out. */
@Tag("docker")
class ContainerTunnelTest extends TunnelContract {
  private static final int ECHO = 7007;
  private static final int GREETING = 7008;

  /** Sends back what it gets on one port and keeps it in a file; says hello on the other. */
  private static final String SERVER =
      """
      use IO::Socket::INET;
      $SIG{CHLD} = 'IGNORE';
      my %listen = (ReuseAddr => 1, Listen => 50, LocalAddr => '127.0.0.1');
      my $greeting = IO::Socket::INET->new(%listen, LocalPort => 7008) or die;
      my $echo = IO::Socket::INET->new(%listen, LocalPort => 7007) or die;
      if (!fork) {
        while (my $peer = $greeting->accept) { syswrite $peer, 'hello'; close $peer; }
        exit;
      }
      syswrite STDOUT, 'up';
      while (my $peer = $echo->accept) {
        next if fork;
        open(my $file, '>>', '/tmp/received');
        while (sysread($peer, my $bytes, 65536)) {
          syswrite $file, $bytes;
          for (my $sent = 0; $sent < length $bytes;) {
            $sent += syswrite($peer, $bytes, length($bytes) - $sent, $sent) // exit;
          }
        }
        exit;
      }
      """;

  private static ThrowawayContainer container;
  private static RunningCommand server;

  @BeforeAll
  static void startServer() throws IOException {
    container = TestContainers.start();
    server =
        TestContainers.RUNTIME
            .commandsIn(container.container())
            .start(Command.of("perl", "-e", SERVER).within(Duration.ofMinutes(5)));
    assertThat(server.stdout().readNBytes(2)).isEqualTo("up".getBytes(StandardCharsets.UTF_8));
  }

  @AfterAll
  static void stopServer() {
    server.close();
    assertThat(container.remove()).isEmpty();
  }

  @Override
  protected Tunnel tunnel() {
    return TestContainers.RUNTIME.tunnelInto(container.container());
  }

  @Override
  protected int echoPort() {
    return ECHO;
  }

  @Override
  protected int greetingPort() {
    return GREETING;
  }

  @Override
  protected String receivedByEcho() {
    return TestContainers.RUNTIME
        .commandsIn(container.container())
        .run(Command.of("cat", "/tmp/received"));
  }
}
