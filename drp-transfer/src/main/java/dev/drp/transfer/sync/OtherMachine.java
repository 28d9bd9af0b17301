package dev.drp.transfer.sync;

import dev.drp.runtime.RunningCommand;
import dev.drp.transfer.ssh.SshConnections;

/** The machine at the other end of an SSH connection; its account needs a POSIX shell. */
final class OtherMachine implements Machine {
  private final SshConnections connections;

  OtherMachine(SshConnections connections) {
    this.connections = connections;
  }

  @Override
  public RunningCommand start(String script, String folder) {
    return RemoteCommand.start(
        connections.get(), "sh -c %s sh %s".formatted(quote(script), quote(folder)));
  }

  @Override
  public String place(String folder) {
    return connections.target() + ":" + folder;
  }

  private static String quote(String argument) {
    return "'" + argument.replace("'", "'\\''") + "'";
  }
}
