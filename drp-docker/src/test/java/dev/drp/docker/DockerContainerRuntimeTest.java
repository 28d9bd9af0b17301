package dev.drp.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.ContainerRuntimeContract;
import dev.drp.runtime.ThrowawayContainer;
import dev.drp.runtime.Volume;
import java.io.IOException;
import java.io.InputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("docker")
class DockerContainerRuntimeTest extends ContainerRuntimeContract {
  @Override
  protected ContainerRuntime runtime() {
    return TestContainers.RUNTIME;
  }

  @Override
  protected String image() {
    return TestContainers.image();
  }

  @Test
  void removesTheVolumesThatTheImageAskedFor() {
    String owner = "test-" + UUID.randomUUID();
    try (ThrowawayContainer throwaway = TestContainers.start(owner)) {
      List<Container.Mount> volumes = throwaway.container().volumes();
      assertThat(volumes)
          .singleElement()
          .satisfies(mount -> assertThat(mount.path()).isEqualTo("/var/lib/postgresql/data"));
      assertThat(runtime().leftovers(owner)).contains("volume " + volumes.get(0).volume());

      assertThat(throwaway.remove()).isEmpty();

      assertThat(runtime().leftovers(owner)).isEmpty();
    }
  }

  @Test
  void reachesAVolumeByAContainerThatIsNeverStarted() throws IOException {
    try (ThrowawayContainer throwaway = TestContainers.start()) {
      String volume = throwaway.container().volumes().get(0).volume();
      String name = "drp-docker-" + UUID.randomUUID();
      Container holder = runtime().createWithVolume(name, image(), volume, "/etc");
      try {
        assertThat(holder.running()).isFalse();
        assertThat(holder.end()).isEmpty();
        try (InputStream tar = runtime().openFiles(holder, "/etc/.").orElseThrow()) {
          assertThat(new String(tar.readAllBytes(), UTF_8)).doesNotContain("passwd");
        }
        assertThatThrownBy(
                () -> runtime().writeFiles(holder, "/none", tar -> tar.write(new byte[32 << 20])))
            .isInstanceOfSatisfying(
                RecoveryException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.ENGINE_FAILED))
            .hasMessageContaining("/none");
        assertThatThrownBy(
                () ->
                    runtime()
                        .writeFiles(
                            holder,
                            "/etc",
                            tar -> {
                              tar.write(new byte[100_000]);
                              throw new IOException("of the writer");
                            }))
            .isInstanceOf(IOException.class)
            .hasMessage("of the writer");
      } finally {
        runtime().remove(holder);
        runtime().remove(holder);
      }
      Volume used =
          runtime().volumes().stream()
              .filter(it -> it.name().equals(volume))
              .findFirst()
              .orElseThrow();
      assertThatThrownBy(() -> runtime().remove(used)).hasMessageContaining("in use");
    }
  }

  /** The host listens on all of its addresses; those of other bridges are reachable by default. */
  @Test
  void givesAThrowawayContainerNoWayOut() throws IOException {
    try (ThrowawayContainer throwaway = TestContainers.start();
        ServerSocket server = new ServerSocket(0)) {
      String connect =
          "timeout 2 bash -c 'exec 3<>/dev/tcp/'\"$1/$2\" 2>/dev/null && echo yes || echo no";
      String port = Integer.toString(server.getLocalPort());
      for (String address : addressesOfTheHost(throwaway)) {
        Command attempt = Command.of("sh", "-c", connect, "sh", address, port);

        assertThat(runtime().commandsIn(throwaway.container()).run(attempt))
            .as("%s reachable", address)
            .isEqualTo("no\n");
      }
    }
  }

  @Test
  void removesWhatAKilledRunHasLeft() throws Exception {
    String owner = "test-" + UUID.randomUUID();
    KilledRun.of(Holder.class, owner);
    assertThat(runtime().leftovers(owner)).hasSize(3);

    assertThat(runtime().removeLeftovers(owner)).isEmpty();

    assertThat(runtime().leftovers(owner)).isEmpty();
  }

  @Test
  void removesAThrowawayContainerAlsoForAThreadThatIsInterrupted() throws InterruptedException {
    String owner = "test-" + UUID.randomUUID();
    Thread worker =
        new Thread(
            () -> {
              try (ThrowawayContainer throwaway = TestContainers.start(owner)) {
                assertThat(throwaway.container().running()).isTrue();
                Thread.currentThread().interrupt();
              }
            });
    worker.start();
    worker.join();

    assertThat(runtime().leftovers(owner)).isEmpty();
  }

  /**
   * Those of this machine's interfaces, and the one that the host has by default on the network.
   */
  private List<String> addressesOfTheHost(ThrowawayContainer throwaway) throws IOException {
    Stream<String> own =
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(Inet4Address.class::isInstance)
            .filter(address -> !address.isLoopbackAddress())
            .map(InetAddress::getHostAddress);
    String routes =
        runtime().commandsIn(throwaway.container()).run(Command.of("cat", "/proc/net/route"));
    Stream<String> onTheNetwork =
        routes
            .lines()
            .map(line -> line.split("\t", -1)[1])
            .filter(destination -> destination.matches("[0-9A-F]{8}"))
            .filter(destination -> !destination.equals("00000000"))
            .map(DockerContainerRuntimeTest::firstAddress);
    List<String> all = Stream.concat(own, onTheNetwork).toList();
    assertThat(all).hasSizeGreaterThan(1);
    return all;
  }

  /** The kernel prints networks in its own byte order. */
  private static String firstAddress(String network) {
    int bytes = Integer.reverseBytes(Integer.parseUnsignedInt(network, 16)) + 1;
    return IntStream.of(24, 16, 8, 0)
        .mapToObj(shift -> Integer.toString(bytes >>> shift & 0xff))
        .collect(Collectors.joining("."));
  }

  /** A run that starts a throw-away container for the owner that it is given, and keeps it. */
  static final class Holder {
    public static void main(String[] arguments) throws InterruptedException {
      Container held = TestContainers.start(arguments[0]).container();
      System.out.println("holding " + held.name());
      Thread.sleep(600_000);
    }
  }
}
