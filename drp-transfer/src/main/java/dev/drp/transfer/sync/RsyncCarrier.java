package dev.drp.transfer.sync;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandResult;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.RunningCommand;
import dev.drp.sync.SyncRequest;
import dev.drp.transfer.ssh.SshTarget;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Collectors;

/**
 * The rsync of both sides, over a connection of OpenSSH's that knows no other host keys, login keys
 * and algorithms than ours: all of that is in a configuration that it gets instead of its own.
 */
final class RsyncCarrier implements AutoCloseable {
  /** Some files could not be read, or have vanished: comparing shows which. */
  private static final Set<Integer> OF_SOME_FILES = Set.of(23, 24);

  /** The protocol, the connection or the remote shell broke. */
  private static final Set<Integer> OF_THE_CONNECTION = Set.of(5, 10, 12, 30, 35, 255);

  private final CommandRunner programs;
  private final SyncRequest request;
  private final Path configuration;

  RsyncCarrier(SshTarget target, CommandRunner programs, SyncRequest request) {
    this.programs = programs;
    this.request = request;
    try {
      this.configuration = Files.createTempFile("drp-ssh", ".config");
      Files.writeString(configuration, configuration(target));
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "a temporary file cannot be written: " + e,
          "make room where temporary files go, " + System.getProperty("java.io.tmpdir") + ".",
          e);
    }
  }

  static boolean isPossible(CommandRunner programs) {
    try {
      programs.run(Command.of("ssh", "-V"));
      return true;
    } catch (RecoveryException e) {
      return false;
    }
  }

  /**
   * Sends files. Holes are looked for only where some have any, as rsync then writes by the KiB:
   * 20,162 writes for 20 MB instead of 707.
   *
   * @return how it failed, if the target did
   */
  Optional<CommandResult> send(SortedMap<String, Entry> files) {
    boolean sparse = files.values().stream().anyMatch(Entry::sparse);
    try (RunningCommand rsync = programs.start(command(sparse))) {
      try (OutputStream stdin = rsync.stdin()) {
        stdin.write(SyncRun.list(files.keySet()));
      } catch (IOException ended) {
        // its exit code says why
      }
      rsync.stdout().readAllBytes();
      CommandResult result = rsync.await();
      boolean good = result.succeeded() || OF_SOME_FILES.contains(result.exitCode());
      return good ? Optional.empty() : Optional.of(result);
    } catch (IOException e) {
      throw SyncRun.broken("reading from rsync", e);
    }
  }

  /** What it means that rsync ended so: the code of a full disk may also be that of its line. */
  static ErrorCode meaning(CommandResult failed) {
    return OF_THE_CONNECTION.contains(failed.exitCode())
        ? ErrorCode.HOST_UNAVAILABLE
        : ErrorCode.COMMAND_FAILED;
  }

  private Command command(boolean sparse) {
    String here = request.here() + "/";
    String there = "target:" + request.there() + "/";
    boolean push = request.direction() == SyncRequest.Direction.PUSH;
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "rsync",
                "--links",
                "--perms",
                "--times",
                "--group",
                "--owner",
                "--hard-links",
                "--numeric-ids",
                "--protect-args",
                "--partial-dir=.drp-partial",
                "--from0",
                "--files-from=-",
                "--rsh=ssh -F '" + configuration + "'"));
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

  private static String configuration(SshTarget target) {
    String keys =
        target.keys().stream()
            .map(key -> "  IdentityFile " + quoted(key) + "\n")
            .collect(Collectors.joining());
    return """
    Host target
      HostName %s
      Port %d
      User %s
      UserKnownHostsFile %s
      GlobalKnownHostsFile /dev/null
      StrictHostKeyChecking yes
      UpdateHostKeys no
      IdentitiesOnly yes
      IdentityAgent none
    %s  BatchMode yes
      PreferredAuthentications publickey
      ClearAllForwardings yes
      ConnectTimeout %d
      ServerAliveInterval 10
      ServerAliveCountMax 3
      Ciphers aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes256-ctr,aes128-ctr
      LogLevel ERROR
    """
        .formatted(
            target.host(),
            target.port(),
            target.user(),
            quoted(target.knownHosts()),
            keys,
            Math.max(1, target.limits().connect().toSeconds()));
  }

  private static String quoted(Path file) {
    return "\"" + file.toAbsolutePath().toString().replace("%", "%%") + "\"";
  }

  @Override
  public void close() {
    try {
      Files.deleteIfExists(configuration);
    } catch (IOException e) {
      // it names hosts and files, and no secret: the system removes it some day
    }
  }
}
