package dev.drp.docker;

import com.github.dockerjava.api.command.InspectExecResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandErrors;
import dev.drp.runtime.CommandResult;
import dev.drp.runtime.OutputTail;
import dev.drp.runtime.RunningCommand;
import dev.drp.runtime.TimeLimit;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A program that runs in a container. */
final class ExecCommand implements RunningCommand {
  private static final Logger LOG = LoggerFactory.getLogger(ExecCommand.class);
  private static final int PIPE_SIZE = 512 * 1024;
  private static final int MESSAGE_SIZE = 1024;

  /** How long the engine may take to start a program, and to notice that one has ended. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Engine engine;
  private final String place;
  private final Command command;
  private final String exec;
  private final DuplexStream stream;
  private final Runnable ender;
  private final OutputStream stdin;
  private final BytePipe stdout = new BytePipe(PIPE_SIZE);
  private final ByteArrayOutputStream firstOutput = new ByteArrayOutputStream(MESSAGE_SIZE);
  private final OutputTail errorOutput = new OutputTail();
  private final CompletableFuture<InspectExecResponse> exit = new CompletableFuture<>();
  private final TimeLimit limit;
  private volatile boolean timedOut;
  private volatile boolean endedByUs;

  /**
   * @param exec the engine's id of it
   * @param stream its input and output
   * @param ender ends it and what it started, inside the container
   */
  ExecCommand(
      Engine engine,
      String place,
      Command command,
      String exec,
      DuplexStream stream,
      Runnable ender) {
    this.engine = engine;
    this.place = place;
    this.command = command;
    this.exec = exec;
    this.stream = stream;
    this.ender = ender;
    this.stdin = new BufferedOutputStream(stream.output());
    Thread reader = new Thread(this::readOutput, "output of " + command.program());
    reader.setDaemon(true);
    reader.start();
    this.limit = TimeLimit.of(command.timeLimit(), this::endForItsTimeLimit);
  }

  @Override
  public OutputStream stdin() {
    return stdin;
  }

  @Override
  public InputStream stdout() {
    return stdout;
  }

  @Override
  public CommandResult await() {
    long longest = command.timeLimit().plus(PATIENCE.multipliedBy(4)).toMillis();
    InspectExecResponse state;
    try {
      state = exit.get(longest, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw CommandErrors.timedOut(place, command, errorOutput.text());
    } catch (ExecutionException e) {
      throw timedOut ? CommandErrors.timedOut(place, command, errorOutput.text()) : failure(e);
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted(
          "waiting for %s in %s".formatted(command.program(), place), e);
    }
    if (timedOut) {
      throw CommandErrors.timedOut(place, command, errorOutput.text());
    }
    return result(state);
  }

  @Override
  public void close() {
    limit.close();
    end();
  }

  private CommandResult result(InspectExecResponse state) {
    int exitCode = state.getExitCodeLong().intValue();
    boolean wasStarted = state.getPidLong() != null && state.getPidLong() != 0;
    if (!wasStarted && (exitCode == 126 || exitCode == 127)) {
      // The engine puts its message where the program's output would be.
      throw CommandErrors.notFound(
          place,
          command.program(),
          firstOutput.toString(StandardCharsets.UTF_8).strip(),
          "check that the container's image has this program and this account.",
          null);
    }
    return new CommandResult(place, command.arguments(), exitCode, errorOutput.text());
  }

  private RecoveryException failure(ExecutionException e) {
    return e.getCause() instanceof RecoveryException known
        ? known
        : new RecoveryException(
            ErrorCode.COMMAND_FAILED,
            "%s: lost %s: %s".formatted(place, command.program(), e.getMessage()),
            "look at the engine's log, then run this again.",
            e);
  }

  private void readOutput() {
    try {
      OutputFrames.readAll(stream.input(), this::writeStdout, errorOutput::append);
      stdout.end();
      exit.complete(awaitExit());
      limit.close();
    } catch (IOException e) {
      stdout.fail(e);
      exit.completeExceptionally(e);
    } catch (InterruptedException | RuntimeException e) {
      stdout.end();
      exit.completeExceptionally(e);
    } finally {
      stream.close();
    }
  }

  private void writeStdout(byte[] bytes, int offset, int length) throws InterruptedException {
    int room = MESSAGE_SIZE - firstOutput.size();
    if (room > 0) {
      firstOutput.write(bytes, offset, Math.min(room, length));
    }
    stdout.write(bytes, offset, length);
  }

  /** A program may close its output long before it ends. */
  private InspectExecResponse awaitExit() throws InterruptedException {
    for (int pause = 1; ; pause = Math.min(200, 2 * pause)) {
      InspectExecResponse state = inspect();
      if (state.getExitCodeLong() != null && !state.isRunning()) {
        return state;
      }
      Thread.sleep(pause);
    }
  }

  private void endForItsTimeLimit() {
    if (!exit.isDone()) {
      timedOut = true;
      end();
    }
  }

  /** To hang up is not enough: the engine would let the program run. */
  private synchronized void end() {
    stdout.close();
    if (exit.isDone() || endedByUs) {
      return;
    }
    endedByUs = true;
    // An interrupted thread must be able to clean up; whoever interrupted it still learns of it.
    boolean interrupted = Thread.interrupted();
    try {
      if (awaitStart()) {
        ender.run();
      }
      exit.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException | RecoveryException e) {
      LOG.warn(
          "{}: {} may still run: {}", place, command.program(), String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      interrupted = true;
    } finally {
      stream.close();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Waits until the engine has started the program; returns whether it runs. */
  private boolean awaitStart() throws InterruptedException {
    long start = System.nanoTime();
    while (true) {
      InspectExecResponse state = inspect();
      boolean started = state.getPidLong() != null && state.getPidLong() != 0;
      if (state.getExitCodeLong() != null) {
        return false;
      }
      if (started || System.nanoTime() - start > PATIENCE.toNanos()) {
        return true;
      }
      Thread.sleep(5);
    }
  }

  private InspectExecResponse inspect() {
    return engine.ask(
        docker -> {
          try {
            return docker.inspectExecCmd(exec).exec();
          } catch (NotFoundException e) {
            throw new RecoveryException(
                ErrorCode.CONTAINER_NOT_FOUND,
                "%s has gone while %s ran in it".formatted(place, command.program()),
                "look at who removed it, and start it again.",
                e);
          }
        });
  }
}
