package dev.drp.transfer.sync;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.CommandResult;
import dev.drp.runtime.OutputTail;
import dev.drp.runtime.RunningCommand;
import dev.drp.transfer.ssh.SshConnection;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import net.schmizz.sshj.connection.channel.direct.Session;
import net.schmizz.sshj.connection.channel.direct.Signal;
import org.jspecify.annotations.Nullable;

/**
 * A command on the other machine. Closing it closes its streams, on which each of our scripts ends:
 * they read their input or write their output until their end.
 */
final class RemoteCommand implements RunningCommand {
  private final SshConnection connection;
  private final Session session;
  private final Session.Command command;
  private final OutputStream stdin;
  private final OutputTail errorOutput = new OutputTail();
  private final Thread errorReader;

  /** A disk that hangs there keeps the connection alive and the command from its end. */
  private final SshConnection.Watched longest;

  private RemoteCommand(SshConnection connection, Session session, Session.Command command) {
    this.connection = connection;
    this.session = session;
    this.command = command;
    this.stdin = new CommandInput(session, command.getOutputStream(), connection.roundTrip());
    this.longest = connection.watched(ThisMachine.LONGEST);
    this.errorReader = new Thread(this::readErrorOutput, "stderr over " + connection.target());
    errorReader.setDaemon(true);
    errorReader.start();
  }

  static RunningCommand start(SshConnection connection, String line) {
    try {
      Session session = connection.client().startSession();
      return new RemoteCommand(connection, session, session.exec(line));
    } catch (IOException e) {
      throw lost(connection, e);
    }
  }

  @Override
  public OutputStream stdin() {
    return stdin;
  }

  @Override
  public InputStream stdout() {
    return command.getInputStream();
  }

  @Override
  public CommandResult await() {
    try {
      command.join();
      errorReader.join();
    } catch (IOException e) {
      throw lost(connection, e);
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("waiting for " + connection.target(), e);
    }
    Integer exitStatus = command.getExitStatus();
    Signal signal = command.getExitSignal();
    if (exitStatus == null && signal == null) {
      throw lost(connection, null);
    }
    int code = exitStatus != null ? exitStatus : 128 + (signal == Signal.KILL ? 9 : 15);
    return new CommandResult(
        connection.target().toString(), List.of("sh"), code, errorOutput.text());
  }

  @Override
  public void close() {
    try (SshConnection.Watched within = connection.watched(connection.target().limits().answer())) {
      session.close();
    } catch (IOException e) {
      // the connection is gone, and the command with it
    }
    longest.close();
  }

  private void readErrorOutput() {
    byte[] buffer = new byte[OutputTail.SIZE];
    try (InputStream stderr = command.getErrorStream()) {
      for (int count = stderr.read(buffer); count >= 0; count = stderr.read(buffer)) {
        errorOutput.append(buffer, 0, count);
      }
    } catch (IOException closed) {
      // what was read is what there is
    }
  }

  private static RecoveryException lost(SshConnection connection, @Nullable IOException cause) {
    SyncRun.requireUninterrupted(cause);
    return new RecoveryException(
        ErrorCode.HOST_UNAVAILABLE,
        "the connection to %s broke%s"
            .formatted(connection.target(), cause == null ? "" : ": " + cause.getMessage()),
        "run this again: what has arrived is not sent again.",
        cause);
  }
}
