package dev.drp.probe;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against a name server that knows one name, by RFC 1035. */
class JdkNameResolverTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private final NameResolver resolver = new JdkNameResolver();
  private DatagramSocket socket;
  private volatile boolean silent;

  @BeforeEach
  void serve() throws IOException {
    socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    Thread server = new Thread(this::answerAll, "name server");
    server.setDaemon(true);
    server.start();
  }

  @AfterEach
  void close() {
    socket.close();
  }

  private String server() {
    return "127.0.0.1:" + socket.getLocalPort();
  }

  private void answerAll() {
    byte[] buffer = new byte[512];
    try {
      while (true) {
        DatagramPacket query = new DatagramPacket(buffer, buffer.length);
        socket.receive(query);
        if (!silent) {
          byte[] answer = answer(Arrays.copyOf(buffer, query.getLength()));
          socket.send(new DatagramPacket(answer, answer.length, query.getSocketAddress()));
        }
      }
    } catch (IOException closed) {
      // the test is over
    }
  }

  /** The question again, and 192.0.2.7 for app.example.net; NXDOMAIN for anything else. */
  private static byte[] answer(byte[] query) {
    boolean known = new String(query, US_ASCII).contains("\u0003app\u0007example\u0003net");
    int end = 12;
    while (query[end] != 0) {
      end += query[end] + 1;
    }
    int type = ByteBuffer.wrap(query).getShort(end + 1);
    boolean address = known && (type == 1 || type == 255);
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    answer.write(query, 0, 2);
    answer.writeBytes(new byte[] {(byte) 0x85, (byte) (known ? 0 : 3)});
    answer.writeBytes(new byte[] {0, 1, 0, (byte) (address ? 1 : 0), 0, 0, 0, 0});
    answer.write(query, 12, end + 5 - 12);
    if (address) {
      answer.writeBytes(
          new byte[] {(byte) 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, (byte) 192, 0, 2, 7});
    }
    return answer.toByteArray();
  }

  @Test
  void asksACertainServer() {
    assertThat(resolver.resolve("app.example.net", server(), LIMIT))
        .isEqualTo(
            new NameResolver.Resolution("app.example.net", server(), List.of("192.0.2.7"), ""));
  }

  @Test
  void saysWhenThereIsNoSuchName() {
    NameResolver.Resolution resolution = resolver.resolve("other.example.net", server(), LIMIT);
    assertThat(resolution.addresses()).isEmpty();
    assertThat(resolution.problem()).isEqualTo("it has no address");
  }

  @Test
  void doesNotWaitForASilentServerLongerThanItMay() {
    silent = true;
    NameResolver.Resolution resolution =
        resolver.resolve("app.example.net", server(), Duration.ofMillis(400));
    assertThat(resolution.addresses()).isEmpty();
    assertThat(resolution.problem()).isNotEmpty();
  }

  @Test
  void asksTheSystemAsEverybodyDoes() {
    assertThat(resolver.resolve("localhost", NameResolver.SYSTEM, LIMIT).addresses())
        .contains("127.0.0.1");
    assertThat(resolver.resolve("no.such.invalid", NameResolver.SYSTEM, LIMIT).problem())
        .isNotEmpty();
  }
}
