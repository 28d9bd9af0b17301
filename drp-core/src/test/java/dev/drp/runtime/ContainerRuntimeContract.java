package dev.drp.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.Secret;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What every {@link ContainerRuntime} keeps. */
public abstract class ContainerRuntimeContract {
  private final String owner = "test-" + UUID.randomUUID();

  /** The engine under test. */
  protected abstract ContainerRuntime runtime();

  /** An image that is on the engine, has sh and sleep, and declares a volume. */
  protected abstract String image();

  @Test
  void knowsAnImageByItsNameAndByItsId() {
    ImageIdentity image = runtime().image(image()).orElseThrow();

    assertThat(image.reference()).isEqualTo(image());
    assertThat(runtime().image(image.id()).orElseThrow().id()).isEqualTo(image.id());
    assertThat(runtime().image("no-such-image:1")).isEmpty();
  }

  @Test
  void findsAContainerByNameAndByIdAndInTheList() {
    try (ThrowawayContainer throwaway = runtime().startThrowaway(request("sleep", "3600"))) {
      Container container = throwaway.container();

      assertThat(container.running()).isTrue();
      assertThat(container.image().id()).isEqualTo(imageId());
      assertThat(runtime().container(container.id())).isEqualTo(container);
      assertThat(runtime().container(container.name())).isEqualTo(container);
      assertThat(runtime().containers()).contains(container);
    }
  }

  @Test
  void listsTheContainersThatExistWhenOneDoesNot() {
    try (ThrowawayContainer throwaway = runtime().startThrowaway(request("sleep", "3600"))) {
      assertThatThrownBy(() -> runtime().container("no-such-container"))
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTAINER_NOT_FOUND))
          .hasMessageContaining("no container no-such-container")
          .hasMessageContaining(throwaway.container().name());
    }
  }

  @Test
  void stopsAndStartsAContainerAndDoesNothingTheSecondTime() {
    try (ThrowawayContainer throwaway = runtime().startThrowaway(request("sleep", "3600"))) {
      Container container = throwaway.container();

      runtime().stop(container, Duration.ZERO);
      runtime().stop(container, Duration.ZERO);
      assertThat(runtime().container(container.id()).running()).isFalse();

      runtime().start(container);
      runtime().start(container);
      assertThat(runtime().container(container.id()).running()).isTrue();
    }
  }

  @Test
  void tellsHowAContainerEndedAndStartsItAgain() {
    try (ThrowawayContainer throwaway =
        runtime()
            .startThrowaway(
                request("sh", "-c", "trap 'exit 7' TERM INT; echo ready; while :; do :; done"))) {
      Container container = throwaway.container();
      awaitLogLines(container, 1); // before it listens, nothing but an engine's kill ends it
      assertThat(container.end()).isEmpty();
      assertThat(container.health()).isEmpty();

      runtime().stop(container, Duration.ofSeconds(30));

      Container.End end = runtime().container(container.id()).end().orElseThrow();
      assertThat(end.exitCode()).isEqualTo(7);
      assertThat(end.outOfMemory()).isFalse();

      runtime().restart(container, Duration.ZERO);
      assertThat(runtime().container(container.id()).running()).isTrue();
      runtime().restart(container, Duration.ofSeconds(30));
      assertThat(runtime().container(container.id()).running()).isTrue();
      assertThat(runtime().container(container.id()).end()).isEmpty();
    }
  }

  @Test
  void readsTheEndOfALogOfBothOutputsInTheOrderOfTime() {
    String prints = "echo 1; sleep 0.2; echo 2 >&2; sleep 0.2; echo 3; sleep 0.2; echo 4 >&2";
    try (ThrowawayContainer throwaway =
        runtime().startThrowaway(request("sh", "-c", prints + "; exec sleep 3600"))) {
      Container container = throwaway.container();
      awaitLogLines(container, 4);

      assertThat(runtime().lastLogLines(container, 3)).containsExactly("2", "3", "4");
    }
  }

  @Test
  void measuresWhatAContainerUses() {
    ThrowawayRequest busy =
        new ThrowawayRequest(
            owner,
            imageId(),
            Map.of(),
            List.of("sh", "-c", "while :; do :; done"),
            OptionalLong.of(256L << 20),
            OptionalLong.empty());
    try (ThrowawayContainer throwaway = runtime().startThrowaway(busy)) {
      ContainerLoad load = runtime().load(throwaway.container());

      assertThat(load.processors()).isBetween(0.01, 1.5);
      assertThat(load.memoryBytes()).isBetween(1L, 256L << 20);
      assertThat(load.memoryLimitBytes()).isEqualTo(256L << 20);
      assertThat(load.memoryShare()).isBetween(0.0, 1.0);

      runtime().stop(throwaway.container(), Duration.ZERO);
      assertThatThrownBy(() -> runtime().load(throwaway.container()))
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTAINER_NOT_FOUND));
    }
  }

  @Test
  void readsFilesOfAContainerThatRunsOrNot() throws IOException {
    try (ThrowawayContainer throwaway = runtime().startThrowaway(request("sleep", "3600"))) {
      Container container = throwaway.container();

      assertThat(beginningOf(runtime().openFiles(container, "/etc/hostname").orElseThrow()))
          .startsWith("hostname");
      assertThat(runtime().openFiles(container, "/etc/no-such-file")).isEmpty();

      runtime().stop(container, Duration.ZERO);
      assertThat(beginningOf(runtime().openFiles(container, "/etc/hostname").orElseThrow()))
          .startsWith("hostname");
    }
  }

  @Test
  void readsImagesThatThereAre() throws IOException {
    assertThat(beginningOf(runtime().openImages(List.of(image())))).isNotBlank();
    assertThatThrownBy(() -> runtime().openImages(List.of(image(), "no-such-image:1")))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND));
  }

  /** The first name in a tar. */
  private static String beginningOf(InputStream tar) throws IOException {
    try (tar) {
      return new String(tar.readNBytes(100), UTF_8);
    }
  }

  @Test
  void listsVolumesAndWhatIsStored() {
    try (ThrowawayContainer throwaway = runtime().startThrowaway(request("sleep", "3600"))) {
      String volume = throwaway.container().volumes().get(0).volume();

      assertThat(runtime().volumes())
          .anySatisfy(
              each -> {
                assertThat(each.name()).isEqualTo(volume);
                assertThat(each.driver()).isEqualTo("local");
                assertThat(each.labels()).containsValue(owner);
                assertThat(each.composeProject()).isEmpty();
              });
      EngineDiskUsage usage = runtime().diskUsage();
      assertThat(usage.images().count()).isPositive();
      assertThat(usage.images().bytes()).isGreaterThanOrEqualTo(usage.images().unusedBytes());
      assertThat(usage.containers().count()).isPositive();
      assertThat(usage.volumes().count()).isPositive();
    }
  }

  @Test
  void givesAThrowawayContainerItsEnvironmentAndArgumentsAndKeepsItsLog() {
    ThrowawayRequest request =
        new ThrowawayRequest(
            owner,
            imageId(),
            Map.of("DRP_TEST", new Secret("a secret")),
            List.of("sh", "-c", "for i in 1 2 3; do echo line $i; done; exec sleep 3600"),
            OptionalLong.of(256L << 20),
            OptionalLong.of(32L << 20));
    try (ThrowawayContainer throwaway = runtime().startThrowaway(request)) {
      assertThat(throwaway.container().environment()).containsEntry("DRP_TEST", "a secret");
      CommandRunner inside = runtime().commandsIn(throwaway.container());
      assertThat(inside.run(Command.of("sh", "-c", "echo $DRP_TEST"))).isEqualTo("a secret\n");
      assertThat(inside.run(Command.of("df", "-m", "/dev/shm"))).contains(" 32 ");

      long start = System.nanoTime();
      while (throwaway.lastLogLines(10).size() < 3) {
        assertThat(System.nanoTime() - start).as("waiting").isLessThan(20_000_000_000L);
      }
      assertThat(throwaway.lastLogLines(2)).containsExactly("line 2", "line 3");
    }
  }

  @Test
  void leavesNothingOfAThrowawayContainer() {
    ThrowawayContainer throwaway = runtime().startThrowaway(request("sleep", "3600"));

    assertThat(throwaway.remove()).isEmpty();
    assertThat(throwaway.remove()).isEmpty();

    assertThat(runtime().leftovers(owner)).isEmpty();
    assertThatThrownBy(() -> runtime().container(throwaway.container().id()))
        .hasMessageContaining("there is no container");
  }

  @Test
  void sharesTheVolumesOfAnotherContainerAlsoOfOneThatIsStoppedAndLeavesThem() {
    try (ThrowawayContainer first = runtime().startThrowaway(request("sleep", "3600"))) {
      Container.Mount volume = first.container().volumes().get(0);
      String file = volume.path() + "/shared";
      runtime().stop(first.container(), Duration.ZERO);

      ThrowawayContainer second =
          runtime()
              .startThrowaway(
                  requestOf(owner + "0", "sleep", "3600").withVolumesOf(first.container()));
      assertThat(second.container().volumes()).containsExactly(volume);
      runtime().commandsIn(second.container()).run(Command.of("touch", file));
      assertThat(second.remove()).isEmpty();

      runtime().start(first.container());
      assertThat(runtime().commandsIn(first.container()).run(Command.of("ls", file)))
          .isEqualTo(file + "\n");
    }
  }

  @Test
  void leavesNothingWhenAThrowawayContainerCannotBeStarted() {
    ThrowawayRequest tooSmall =
        new ThrowawayRequest(
            owner, imageId(), Map.of(), List.of(), OptionalLong.of(1024), OptionalLong.empty());

    assertThatThrownBy(() -> runtime().startThrowaway(tooSmall))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENGINE_FAILED));

    assertThat(runtime().leftovers(owner)).isEmpty();
  }

  @Test
  void listsTheImagesThatExistWhenOneDoesNot() {
    ThrowawayRequest request =
        new ThrowawayRequest(
            owner,
            "sha256:" + "0".repeat(64),
            Map.of(),
            List.of(),
            OptionalLong.empty(),
            OptionalLong.empty());

    assertThatThrownBy(() -> runtime().startThrowaway(request))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND))
        .hasMessageContaining(image());
    assertThat(runtime().leftovers(owner)).isEmpty();
  }

  @Test
  void removesTheLeftoversOfOneOwnerOnly() {
    try (ThrowawayContainer lost = runtime().startThrowaway(request("sleep", "3600"));
        ThrowawayContainer other =
            runtime().startThrowaway(requestOf(owner + "0", "sleep", "3600"))) {
      assertThat(runtime().leftovers(owner)).contains("container " + lost.container().name());

      assertThat(runtime().removeLeftovers(owner)).isEmpty();

      assertThat(runtime().leftovers(owner)).isEmpty();
      assertThat(runtime().container(other.container().id()).running()).isTrue();
    }
  }

  private void awaitLogLines(Container container, int count) {
    long start = System.nanoTime();
    while (runtime().lastLogLines(container, count).size() < count) {
      assertThat(System.nanoTime() - start).as("waiting").isLessThan(60_000_000_000L);
    }
  }

  private ThrowawayRequest request(String... arguments) {
    return requestOf(owner, arguments);
  }

  private ThrowawayRequest requestOf(String whose, String... arguments) {
    return new ThrowawayRequest(
        whose, imageId(), Map.of(), List.of(arguments), OptionalLong.empty(), OptionalLong.empty());
  }

  private String imageId() {
    return runtime().image(image()).orElseThrow().id();
  }
}
