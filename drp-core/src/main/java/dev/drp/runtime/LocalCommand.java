package dev.drp.runtime;

import dev.drp.RecoveryException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.TimeUnit;

/** A program that runs on this machine. */
final class LocalCommand implements RunningCommand {
  private final String place;
  private final Command command;
  private final MarkedPrograms family;
  private final Process process;
  private final InputStream stdout;
  private final OutputTail errorOutput = new OutputTail();
  private final Thread errorReader;
  private final TimeLimit limit;
  private volatile boolean timedOut;

  LocalCommand(String place, Command command, String mark, Process process) {
    this.place = place;
    this.command = command;
    this.family = new MarkedPrograms(mark);
    this.process = process;
    this.stdout =
        new InterruptibleOutput(
            process.getInputStream(), command.program(), () -> family.end(process.toHandle()));
    this.errorReader = new Thread(this::readErrorOutput, "stderr of " + command.program());
    errorReader.setDaemon(true);
    errorReader.start();
    this.limit = TimeLimit.of(command.timeLimit(), this::endForItsTimeLimit);
  }

  @Override
  public OutputStream stdin() {
    return process.getOutputStream();
  }

  @Override
  public InputStream stdout() {
    return stdout;
  }

  @Override
  public CommandResult await() {
    try {
      long atMost = command.timeLimit().plus(MarkedPrograms.LONGEST_END).toMillis();
      boolean ended = process.waitFor(atMost, TimeUnit.MILLISECONDS);
      // What it left running may hold its standard error open: take what there is by now.
      errorReader.join(ended && !timedOut ? 1000 : 100);
      if (timedOut || !ended) {
        throw CommandErrors.timedOut(place, command, errorOutput.text());
      }
      limit.close();
      return new CommandResult(place, command.arguments(), process.exitValue(), errorOutput.text());
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted(
          "waiting for %s on %s".formatted(command.program(), place), e);
    }
  }

  @Override
  public void close() {
    limit.close();
    if (process.isAlive()) {
      family.end(process.toHandle());
    }
    closeQuietly(process.getOutputStream());
    closeQuietly(stdout);
    closeQuietly(process.getErrorStream());
  }

  private void endForItsTimeLimit() {
    if (process.isAlive()) {
      timedOut = true;
      family.end(process.toHandle());
    }
  }

  private void readErrorOutput() {
    byte[] buffer = new byte[OutputTail.SIZE];
    try (InputStream stderr = process.getErrorStream()) {
      for (int count = stderr.read(buffer); count >= 0; count = stderr.read(buffer)) {
        errorOutput.append(buffer, 0, count);
      }
    } catch (IOException closed) {
      // Closed under us: what was read is what there is.
    }
  }

  private static void closeQuietly(Closeable stream) {
    try {
      stream.close();
    } catch (IOException broken) {
      // The program has ended; nobody is left to miss what was not written.
    }
  }
}
