package dev.drp.transfer.sync;

import dev.drp.Progress;
import dev.drp.runtime.LocalCommandRunner;
import dev.drp.sync.DeletionLimit;
import dev.drp.sync.SyncRequest;
import dev.drp.sync.SyncRequest.Direction;
import dev.drp.transfer.ssh.SshConnections;
import dev.drp.transfer.ssh.SshTarget;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/** A program that synchronises slowly, for its parent to kill it meanwhile. */
final class KilledSync {
  private KilledSync() {}

  /** Takes port, known_hosts, key, direction, the folder here and the one there. */
  public static void main(String[] arguments) {
    SshTarget there =
        new SshTarget(
            "127.0.0.1",
            Integer.parseInt(arguments[0]),
            System.getProperty("user.name"),
            Path.of(arguments[1]),
            List.of(Path.of(arguments[2])),
            SshTarget.Limits.USUAL);
    SyncRequest request =
        new SyncRequest(
            Path.of(arguments[4]),
            arguments[5],
            Direction.valueOf(arguments[3]),
            DeletionLimit.USUAL,
            OptionalLong.of(1 << 20));
    try (SshFileSync sync = new SshFileSync(new SshConnections(there), new LocalCommandRunner())) {
      sync.sync(request, Progress.SILENT);
    }
  }
}
