package dev.drp.transfer.sync;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandResult;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.RunningCommand;
import dev.drp.sync.SyncRequest;
import dev.drp.transfer.ssh.SshConnections;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** The rsync of both sides, over our connection. Safe for concurrent use. */
final class RsyncCarrier implements AutoCloseable {
  /** All is well, or some files could not be read or have vanished: comparing shows which. */
  private static final Set<Integer> GOOD = Set.of(0, 23, 24);

  /** A shell that becomes what it is told by its first line, of which it reads no byte more. */
  private static final String WAITING = "sh -c 'IFS= read -r line && eval \"exec $line\"'";

  private final SshConnections connections;
  private final CommandRunner programs;
  private final SyncRequest request;
  private @Nullable RunningCommand waiting;
  private boolean closed;

  RsyncCarrier(SshConnections connections, CommandRunner programs, SyncRequest request) {
    this.connections = connections;
    this.programs = programs;
    this.request = request;
  }

  /**
   * Sends files. Holes are looked for only where some have any, as rsync then writes by the KiB:
   * 20,162 writes for 20 MB instead of 707.
   *
   * @return how it failed, if it did and the connection is still there
   */
  Optional<CommandResult> send(SortedMap<String, Entry> files) {
    boolean sparse = files.values().stream().anyMatch(Entry::sparse);
    Path names = names(files);
    try (RunningCommand here = programs.start(command(names, sparse))) {
      return failure(new RsyncRelay(here, this::start).run());
    } finally {
      delete(names);
    }
  }

  /**
   * Logs in for it. What an account's shell does first may take as long as both trees are listed,
   * and goes on meanwhile.
   */
  synchronized void prepare() {
    if (waiting != null || closed) {
      return;
    }
    try {
      waiting = RemoteCommand.start(connections.get(), WAITING);
    } catch (RecoveryException e) {
      // Whoever sends tries again, and says why it fails.
    }
  }

  private synchronized RunningCommand start(String line) {
    RunningCommand ready = waiting;
    waiting = null;
    if (ready == null) {
      return RemoteCommand.start(connections.get(), line);
    }
    try {
      ready.stdin().write((line + "\n").getBytes(UTF_8));
      ready.stdin().flush();
    } catch (IOException e) {
      SyncRun.requireUninterrupted(e); // else it has ended, which its output shows
    }
    return ready;
  }

  /** Ends the shell that waits, if one does. */
  @Override
  public synchronized void close() {
    closed = true;
    if (waiting != null) {
      waiting.close();
      waiting = null;
    }
  }

  /**
   * In a file: rsync reads them only once it has heard from the other side, however many they are.
   */
  private static Path names(SortedMap<String, Entry> files) {
    try {
      Path names = Files.createTempFile("drp-names", "");
      try {
        return Files.write(names, SyncRun.list(files.keySet()));
      } catch (IOException e) {
        delete(names);
        throw e;
      }
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "a temporary file cannot be written: " + e,
          "make room where temporary files go, " + System.getProperty("java.io.tmpdir") + ".",
          e);
    }
  }

  private static void delete(Path names) {
    try {
      Files.deleteIfExists(names);
    } catch (IOException e) {
      // it holds names, and no secret: the system removes it some day
    }
  }

  /**
   * Each side has its part of the reason: one says what is full, the other that it hears nothing.
   */
  private static Optional<CommandResult> failure(RsyncRelay.Outcome outcome) {
    CommandResult here = outcome.here();
    Optional<CommandResult> there = outcome.there();
    if (GOOD.contains(here.exitCode())
        && there.filter(it -> GOOD.contains(it.exitCode())).isPresent()) {
      return Optional.empty();
    }
    String said =
        "rsync ended with exit code %d here%s\n%s%s"
            .formatted(
                here.exitCode(),
                there.map(it -> ", with %d there".formatted(it.exitCode())).orElse(""),
                there.map(it -> it.errorOutput().strip() + "\n").orElse(""),
                here.errorOutput());
    return Optional.of(new CommandResult(here.place(), here.arguments(), here.exitCode(), said));
  }

  private Command command(Path names, boolean sparse) {
    String here = request.here() + "/";
    String there = "target:" + request.there() + "/";
    boolean push = request.direction() == SyncRequest.Direction.PUSH;
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "sh",
                "-c",
                RsyncRelay.START,
                "sh",
                names.toString(),
                "--links",
                "--perms",
                "--times",
                "--group",
                "--owner",
                "--hard-links",
                "--numeric-ids",
                "--protect-args",
                "--partial-dir=.drp-partial",
                "--modify-window=-1", // to the nanosecond, as we compare
                "--from0",
                "--files-from=-",
                "--rsh=" + RsyncRelay.SHELL,
                "--blocking-io")); // else cat ends at the first pause of whoever reads
    if (sparse) {
      arguments.add("--sparse");
    }
    request
        .bytesPerSecond()
        .ifPresent(rate -> arguments.add("--bwlimit=" + Math.max(1, rate / 1024)));
    arguments.add("--");
    arguments.add(push ? here : there);
    arguments.add(push ? there : here);
    return Command.of(arguments).within(ThisMachine.LONGEST);
  }
}
