package dev.drp.runtime;

import dev.drp.RecoveryException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/** A program that runs on this machine. */
final class LocalCommand implements RunningCommand {
  /** How long a program has to end by itself once it was asked to, before it is killed. */
  private static final Duration GRACE = Duration.ofSeconds(3);

  /** How long a killed program may take to be gone. */
  private static final Duration KILLED = Duration.ofSeconds(5);

  private static final Path PROC = Path.of("/proc");

  private final String place;
  private final Command command;
  private final String mark;
  private final Process process;
  private final OutputTail errorOutput = new OutputTail();
  private final Thread errorReader;
  private final TimeLimit limit;
  private volatile boolean timedOut;

  LocalCommand(String place, Command command, String mark, Process process) {
    this.place = place;
    this.command = command;
    this.mark = CommandMark.VARIABLE + "=" + mark;
    this.process = process;
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
    return process.getInputStream();
  }

  @Override
  public CommandResult await() {
    try {
      long atMost = command.timeLimit().plus(GRACE).plus(KILLED).toMillis();
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
      end();
    }
    closeQuietly(process.getOutputStream());
    closeQuietly(process.getInputStream());
    closeQuietly(process.getErrorStream());
  }

  private void endForItsTimeLimit() {
    if (process.isAlive()) {
      timedOut = true;
      end();
    }
  }

  /** Asks the program and all that it started to end; kills what is still there after a while. */
  private void end() {
    // An interrupted thread must be able to clean up; whoever interrupted it still learns of it.
    boolean interrupted = Thread.interrupted();
    Set<ProcessHandle> family = new HashSet<>();
    if (!goneWithin(GRACE, family, ProcessHandle::destroy)) {
      goneWithin(KILLED, family, ProcessHandle::destroyForcibly);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Signals each member once, also those that appear meanwhile, until nobody is left. */
  private boolean goneWithin(
      Duration time, Set<ProcessHandle> family, Consumer<ProcessHandle> signal) {
    Set<ProcessHandle> signalled = new HashSet<>();
    long start = System.nanoTime();
    while (true) {
      addRelatives(family);
      family.removeIf(member -> !isRunning(member));
      if (family.isEmpty()) {
        return true;
      }
      if (System.nanoTime() - start > time.toNanos()) {
        return false;
      }
      family.stream().filter(signalled::add).forEach(signal);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
  }

  /**
   * A program whose parent has ended is nobody's descendant any more, so those that carry our mark
   * belong to the family too.
   */
  private void addRelatives(Set<ProcessHandle> family) {
    family.add(process.toHandle());
    for (ProcessHandle member : List.copyOf(family)) {
      member.descendants().forEach(family::add);
    }
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path folder : processes) {
        if (isMarked(folder)) {
          ProcessHandle.of(Long.parseLong(folder.getFileName().toString())).ifPresent(family::add);
        }
      }
    } catch (IOException | DirectoryIteratorException noProc) {
      // Not Linux: the descendants are all that can be known.
    }
  }

  private boolean isMarked(Path folder) {
    try {
      // Each byte becomes one character, whatever it means.
      String environment =
          new String(Files.readAllBytes(folder.resolve("environ")), StandardCharsets.ISO_8859_1);
      return environment.contains(mark);
    } catch (IOException goneOrForeign) {
      return false;
    }
  }

  /** A zombie has ended; that nobody has asked for its exit code does not matter here. */
  private static boolean isRunning(ProcessHandle member) {
    if (!member.isAlive()) {
      return false;
    }
    try {
      String stat = Files.readString(PROC.resolve(Long.toString(member.pid())).resolve("stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2) != 'Z';
    } catch (IOException noProc) {
      return member.isAlive();
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
