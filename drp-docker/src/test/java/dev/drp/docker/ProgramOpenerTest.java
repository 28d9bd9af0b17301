package dev.drp.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.Secret;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.LocalCommandRunner;
import dev.drp.runtime.RunningCommand;
import dev.drp.runtime.ThrowawayContainer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An engine that is reached through the program {@code docker} only, as on another host. */
@Tag("docker")
class ProgramOpenerTest {
  private final ContainerRuntime engine = DockerContainerRuntime.of(new LocalCommandRunner());
  @TempDir private Path folder;

  @Test
  void showsTheSameContainersAsTheSocket() {
    try (ThrowawayContainer throwaway = TestContainers.start()) {
      Container container = engine.container(throwaway.container().id());

      assertThat(container).isEqualTo(throwaway.container());
      engine.stop(container, Duration.ZERO);
      assertThat(TestContainers.RUNTIME.container(container.id()).running()).isFalse();
      assertThat(engine.lastLogLines(container, 5)).isEmpty();
    }
  }

  @Test
  void tellsAProgramInAContainerWhenItsInputHasEnded() throws Exception {
    try (ThrowawayContainer throwaway = TestContainers.start();
        RunningCommand running =
            engine.commandsIn(throwaway.container()).start(Command.of("wc", "-c"))) {
      running.stdin().write(new byte[1_000_000]);
      running.stdin().close();

      assertThat(running.stdout().readAllBytes()).asString().isEqualTo("1000000\n");
      assertThat(running.await().exitCode()).isZero();
    }
  }

  @Test
  void passesOnWhatTheProgramSaysWhenThereIsNoEngine() {
    Map<String, Secret> elsewhere =
        Map.of("DOCKER_HOST", new Secret("unix://" + folder.resolve("no.sock")));
    CommandRunner host = new LocalCommandRunner();
    CommandRunner lost =
        new CommandRunner() {
          @Override
          public RunningCommand start(Command command) {
            return host.start(command.withEnvironment(elsewhere));
          }

          @Override
          public String place() {
            return "host other.example.net";
          }
        };

    assertThatThrownBy(() -> DockerContainerRuntime.of(lost).containers())
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.ENGINE_UNAVAILABLE))
        .hasMessageContaining("the docker of host other.example.net")
        .hasMessageContaining("no.sock");
  }
}
