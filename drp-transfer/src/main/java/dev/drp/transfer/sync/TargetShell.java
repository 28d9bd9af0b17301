package dev.drp.transfer.sync;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.runtime.CommandResult;
import dev.drp.runtime.RunningCommand;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * A shell where the target is, which does one step after another: to log in takes longer than most
 * of them. Started when it is first needed, and again after a tar, which takes all of its input.
 * For one thread.
 */
final class TargetShell implements AutoCloseable {
  /**
   * Each line of its input names a step. What a step writes ends in an empty text; if it fails, the
   * shell ends instead, and its exit code and error output say why.
   */
  private static final String SCRIPT =
      Tree.FACTS
          + """
          list() {
          facts
          [ -L "$1" ] && exit 98
          if [ -e "$1" ]; then (
          %s) || exit; fi
          printf '\\0'
          }
          while IFS= read -r step; do
          case $step in
          list) list "$1" ;;
          make) mkdir "$1" || exit; printf '\\0' ;;
          write) (
          %s) || exit; printf '\\0'; list "$1" ;;
          esac
          done
          """
              .formatted(Tree.ENTRIES, TarCarrier.WRITE);

  private final Machine machine;
  private final String folder;
  private @Nullable Running running;

  /** Whether it has no input any more. */
  private boolean used;

  /** A shell, and its output as far as it was read. */
  private record Running(RunningCommand shell, Texts output) {}

  TargetShell(Machine machine, String folder) {
    this.machine = machine;
    this.folder = folder;
  }

  /** What is in the folder, which need not exist but must be one. */
  Tree list() {
    beginListing();
    return listing();
  }

  /** Begins to list the folder for {@link #listing}; returns at once. */
  void beginListing() {
    step("list");
  }

  /**
   * Makes the folder.
   *
   * @return how that failed, if it did
   */
  Optional<CommandResult> make() {
    step("make");
    return failure();
  }

  /**
   * Writes these into the folder, which must exist, and begins to list it again.
   *
   * @param reader {@link TarCarrier#READ} at the source
   * @return how that failed, if it did
   */
  Optional<CommandResult> write(
      RunningCommand reader,
      SortedMap<String, Entry> entries,
      OptionalLong bytesPerSecond,
      Progress.Task task) {
    step("write");
    used = true;
    return new TarCarrier(reader, running().shell().stdin(), bytesPerSecond)
        .send(entries, task, this::failure);
  }

  /** Empty once a step is done. */
  private Optional<CommandResult> failure() {
    Running now = running();
    try {
      return "".equals(now.output().next()) ? Optional.empty() : Optional.of(now.shell().await());
    } catch (IOException e) {
      throw broken("working in", e);
    }
  }

  /** What was in the folder since {@link #beginListing}, or since the last {@link #write}. */
  Tree listing() {
    Running now = running();
    String place = machine.place(folder);
    try {
      Tree tree = Tree.read(now.output(), place);
      if (now.output().isEnded()) {
        CommandResult ended = now.shell().await();
        throw Tree.failure(place, ended.exitCode(), ended.errorOutput());
      }
      return tree;
    } catch (IOException e) {
      throw broken("listing", e);
    }
  }

  private RecoveryException broken(String doing, IOException e) {
    SyncRun.requireUninterrupted(e);
    running().shell().await(); // which says so if the connection broke
    return SyncRun.broken(doing + " " + machine.place(folder), e);
  }

  private void step(String name) {
    if (used) {
      close();
    }
    RunningCommand shell = running().shell();
    try {
      shell.stdin().write((name + "\n").getBytes(US_ASCII));
      shell.stdin().flush();
    } catch (IOException e) {
      SyncRun.requireUninterrupted(e); // else it has ended, which its output shows
    }
  }

  private Running running() {
    Running now = running;
    if (now == null) {
      RunningCommand shell = machine.start(SCRIPT, folder);
      now = new Running(shell, new Texts(shell.stdout()));
      running = now;
    }
    return now;
  }

  @Override
  public void close() {
    if (running != null) {
      running.shell().close();
      running = null;
      used = false;
    }
  }
}
