package dev.drp.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.CommandRunnerContract;
import dev.drp.runtime.RunningCommand;
import dev.drp.runtime.ThrowawayContainer;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("docker")
class ContainerCommandsTest extends CommandRunnerContract {
  private static ThrowawayContainer container;

  @BeforeAll
  static void startContainer() {
    container = TestContainers.start();
  }

  @AfterAll
  static void removeContainer() {
    assertThat(container.remove()).isEmpty();
  }

  @Override
  protected CommandRunner runner() {
    return TestContainers.RUNTIME.commandsIn(container.container());
  }

  @Test
  void runsAProgramAsAnotherAccount() {
    assertThat(runner().run(Command.of("id", "-un").asUser("postgres"))).isEqualTo("postgres\n");
  }

  @Test
  void namesAnAccountThatIsNotThere() {
    assertThatThrownBy(() -> runner().run(Command.of("true").asUser("no-such-account")))
        .isInstanceOf(RecoveryException.class)
        .hasMessageContaining("no-such-account");
  }

  @Test
  void endsAProgramOfAnotherAccount() {
    RunningCommand running = runner().start(Command.of("sleep", "7654321").asUser("postgres"));

    running.close();

    assertThat(sleeps("7654321")).isZero();
  }

  /** Nobody inside can read the environment of a program that changed its account itself. */
  @Test
  void endsAProgramThatHasBecomeAnotherAccountWhereRootOfTheHostCanSeeIt() {
    Command changes =
        Command.of(
            "setpriv",
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
            "sleep",
            "6543217");
    assumeTrue("root".equals(System.getProperty("user.name")), "takes root");
    RunningCommand running = runner().start(changes);
    while (sleeps("6543217") == 0) {
      Thread.onSpinWait();
    }

    running.close();

    assertThat(sleeps("6543217")).isZero();
  }

  @Test
  void endsAProgramWhereThereIsNoShell() {
    assumeTrue("root".equals(System.getProperty("user.name")), "takes root");
    try (ThrowawayContainer bare = TestContainers.start()) {
      CommandRunner inBare = TestContainers.RUNTIME.commandsIn(bare.container());
      inBare.run(Command.of("mv", "/bin/sh", "/bin/hidden"));
      RunningCommand running = inBare.start(Command.of("sleep", "5432176"));
      running.close();

      inBare.run(Command.of("mv", "/bin/hidden", "/bin/sh"));
      assertThat(sleeps(inBare, "5432176")).isZero();
    }
  }

  @Test
  void saysThatTheContainerDoesNotRun() {
    try (ThrowawayContainer stopped = TestContainers.start()) {
      TestContainers.RUNTIME.stop(stopped.container(), Duration.ZERO);

      assertThatThrownBy(
              () -> TestContainers.RUNTIME.commandsIn(stopped.container()).run(Command.of("true")))
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTAINER_NOT_FOUND))
          .hasMessageContaining(stopped.container().name() + " does not run");
    }
  }

  @Test
  void endsTheCommandWhenTheContainerIsRemovedMeanwhile() {
    ThrowawayContainer removed = TestContainers.start();
    CommandRunner inRemoved = TestContainers.RUNTIME.commandsIn(removed.container());
    try (RunningCommand running = inRemoved.start(Command.of("sleep", "4321765"))) {
      removed.remove();

      assertThatThrownBy(() -> running.await().requireSuccess())
          .isInstanceOf(RecoveryException.class);
    }
  }

  /** The engine hangs up on what a killed run has left, and lets it run. */
  @Test
  void endsWhatAKilledRunHasLeftBeforeTheNextCommand() throws Exception {
    sleeps("looked for orphans once, and will not again");
    KilledRun.of(Abandoned.class, container.container().id());
    assertThat(sleeps("3217654")).as("the engine alone ends nothing").isEqualTo(1);

    CommandRunner nextRun =
        DockerContainerRuntime.of(System.getenv()).commandsIn(container.container());
    nextRun.run(Command.of("true"));

    assertThat(sleeps("3217654")).isZero();
    assertThat(sleeps("2176543")).as("what was left on purpose").isEqualTo(1);
  }

  private long sleeps(String argument) {
    return sleeps(runner(), argument);
  }

  private static long sleeps(CommandRunner runner, String argument) {
    String list = "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; echo; done 2>/dev/null; :";
    return runner
        .run(Command.of("sh", "-c", list))
        .lines()
        .filter(line -> line.equals("sleep " + argument + " "))
        .count();
  }

  /**
   * A run that leaves a daemon in the container whose id it is given, then starts a program there
   * and never ends it.
   */
  static final class Abandoned {
    public static void main(String[] arguments) throws Exception {
      DockerContainerRuntime runtime = DockerContainerRuntime.of(System.getenv());
      CommandRunner runner = runtime.commandsIn(runtime.container(arguments[0]));
      runner.run(Command.of("sh", "-c", "setsid sleep 2176543 >/dev/null 2>&1 &"));
      RunningCommand running = runner.start(Command.of("sh", "-c", "echo up; exec sleep 3217654"));
      running.stdout().readNBytes(3);
      System.out.println("started");
      Thread.sleep(600_000);
    }
  }
}
