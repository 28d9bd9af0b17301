package dev.drp.backup;

import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.RunningCommand;
import dev.drp.state.DurableFile;
import dev.drp.state.EnvironmentState;
import dev.drp.state.TabSeparated;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Containers that are stopped for a while, and run again whatever happens: closing it starts them;
 * a program beside us starts them when we are killed; and what neither came to, because the machine
 * went down, the next backup does. Used by one thread.
 */
final class StoppedContainers implements AutoCloseable {
  private static final String NOTE = "stopped-containers";
  private static final Duration GRACE = Duration.ofSeconds(30);
  private static final Duration LONGEST = Duration.ofDays(2);
  private static final String DONE = "started";

  /**
   * Its input ends when we do; a key that interrupts us is not for it. An engine that we asked to
   * stop a container goes on with it when we are gone: so it waits for that with a stop of its own.
   */
  private static final String GUARD =
      """
      trap '' HUP INT TERM
      read -r word
      [ "$word" = %s ] || { docker stop -t %d "$@"; docker start "$@"; }
      """
          .formatted(DONE, GRACE.toSeconds());

  private final ContainerRuntime engine;
  private final Path note;
  private final List<Container> containers;
  private final RunningCommand guard;

  /** What may be on its way down: nobody knows, as the stop failed. */
  private Optional<Container> uncertain = Optional.empty();

  private StoppedContainers(
      ContainerRuntime engine, Path note, List<Container> containers, RunningCommand guard) {
    this.engine = engine;
    this.note = note;
    this.containers = containers;
    this.guard = guard;
  }

  /**
   * Stops containers.
   *
   * @param host runs programs on the engine's machine
   * @throws RecoveryException and then all of them run
   */
  static StoppedContainers stop(
      ContainerRuntime engine,
      CommandRunner host,
      EnvironmentState memory,
      List<Container> containers) {
    host.run(Command.of("docker", "version")); // what the guard needs, before anything is stopped
    Path note = memory.file(NOTE);
    TabSeparated.write(note, containers.stream().map(it -> List.of(it.id(), it.name())).toList());
    List<String> arguments = new ArrayList<>(List.of("sh", "-c", GUARD, "drp-restart"));
    containers.forEach(it -> arguments.add(it.id()));
    StoppedContainers stopped =
        new StoppedContainers(
            engine, note, containers, host.start(Command.of(arguments).within(LONGEST)));
    try {
      containers.forEach(stopped::stop);
      return stopped;
    } catch (RuntimeException e) {
      try {
        stopped.close();
      } catch (RecoveryException notStarted) {
        e.addSuppressed(notStarted);
      }
      throw e;
    }
  }

  private void stop(Container container) {
    uncertain = Optional.of(container);
    engine.stop(container, GRACE);
    uncertain = Optional.empty();
  }

  /**
   * Starts what an earlier run left stopped. Asks no engine where there is nothing of that kind;
   * what cannot be started is said, and tried again the next time.
   */
  static void startLeftOver(
      Supplier<ContainerRuntime> engineOfThem, EnvironmentState memory, Progress progress) {
    Path note = memory.file(NOTE);
    List<String> ids = TabSeparated.read(note).stream().map(row -> row.get(0)).toList();
    if (ids.isEmpty()) {
      return;
    }
    try {
      ContainerRuntime engine = engineOfThem.get();
      for (Container container : engine.containers()) {
        if (ids.contains(container.id())) {
          engine.start(container);
          progress.message(
              "%s was left stopped by a backup that did not end; it runs again"
                  .formatted(container));
        }
      }
      DurableFile.delete(note);
    } catch (RecoveryException e) {
      progress.message(
          "containers were left stopped by a backup that did not end, and cannot be started: "
              + e.problem());
    }
  }

  /** Starts them, also for a thread that is interrupted. */
  @Override
  public void close() {
    boolean interrupted = Thread.interrupted();
    try {
      RecoveryException failure = null;
      for (Container container : containers) {
        try {
          if (uncertain.equals(Optional.of(container))) {
            engine.stop(container, GRACE); // or it would go down after the start
          }
          engine.start(container);
        } catch (RecoveryException e) {
          failure = e;
        }
      }
      if (failure != null) {
        throw failure; // the guard tries again, and so does the next backup
      }
      guard.stdin().write((DONE + "\n").getBytes(StandardCharsets.UTF_8));
      guard.stdin().flush();
      guard.await();
      DurableFile.delete(note);
    } catch (IOException e) {
      DurableFile.delete(note); // the guard is gone, and nothing is left for it to do
    } finally {
      endGuard();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Closing its input first lets it start what we could not. */
  private void endGuard() {
    try {
      guard.stdin().close();
      guard.await();
    } catch (IOException | RecoveryException e) {
      // closing it ends it
    } finally {
      guard.close();
    }
  }
}
