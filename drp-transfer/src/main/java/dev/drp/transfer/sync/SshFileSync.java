package dev.drp.transfer.sync;

import static java.util.Objects.requireNonNull;

import dev.drp.Progress;
import dev.drp.runtime.CommandRunner;
import dev.drp.sync.FileSync;
import dev.drp.sync.SyncReport;
import dev.drp.sync.SyncRequest;
import dev.drp.transfer.ssh.SshConnections;

/**
 * Trees of this machine and of one that is reached over SSH, whose account needs a POSIX shell, GNU
 * find and GNU tar. What is changed is sent as one tar. Where both have {@code rsync}, that carries
 * the larger files: of those that the target has in another form, what differs, and of one that was
 * interrupted, the rest.
 */
public final class SshFileSync implements FileSync, AutoCloseable {
  private final SshConnections connections;
  private final CommandRunner programs;

  /**
   * @param connections closed with this
   * @param programs runs programs of this machine
   */
  public SshFileSync(SshConnections connections, CommandRunner programs) {
    this.connections = requireNonNull(connections, "connections");
    this.programs = requireNonNull(programs, "programs");
  }

  @Override
  public SyncReport preview(SyncRequest request) {
    try (SyncRun run = new SyncRun(request, connections, programs, Progress.SILENT)) {
      return run.preview();
    }
  }

  @Override
  public SyncReport sync(SyncRequest request, Progress progress) {
    try (SyncRun run = new SyncRun(request, connections, programs, progress)) {
      return run.sync();
    }
  }

  @Override
  public void close() {
    connections.close();
  }
}
