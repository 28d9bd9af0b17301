package dev.drp.runtime;

import static java.util.stream.Collectors.toSet;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * The programs on this machine that carry one {@link CommandMark}, and what they started. Those in
 * containers are among them for root on the engine's own machine.
 */
public final class MarkedPrograms {
  /** How long a program has to end by itself once it was asked to, before it is killed. */
  private static final Duration GRACE = Duration.ofSeconds(3);

  /** How long a killed program may take to be gone. */
  private static final Duration KILLED = Duration.ofSeconds(5);

  /** How long {@link #end} takes at most. */
  static final Duration LONGEST_END = GRACE.plus(KILLED);

  private static final Path PROC = Path.of("/proc");

  private static final Comparator<ProcessHandle> BY_START =
      Comparator.comparing(
              (ProcessHandle process) -> process.info().startInstant().orElse(Instant.MAX))
          .thenComparing(ProcessHandle::pid);

  /** How the database server's first process is called. */
  private static final String SERVER = "postgres";

  private final String variable;

  public MarkedPrograms(String mark) {
    variable = CommandMark.VARIABLE + "=" + mark;
  }

  /**
   * Asks them to end, kills those that are still there after a while, and returns once they are
   * gone, or after 8 seconds. Does its work also for a thread that is interrupted.
   *
   * @param known processes that belong to them whether they carry the mark or not
   */
  public void end(ProcessHandle... known) {
    // An interrupted thread must be able to clean up; whoever interrupted it still learns of it.
    boolean interrupted = Thread.interrupted();
    Set<ProcessHandle> family = new HashSet<>(List.of(known));
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
      whoseTurn(family).stream().filter(signalled::add).forEach(signal);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
  }

  /**
   * A program whose parent has ended is nobody's descendant any more, so those that carry the mark
   * belong to the family too.
   */
  private void addRelatives(Set<ProcessHandle> family) {
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

  /**
   * The first process of a container may be a database server. It takes every orphan that ends by a
   * signal, or with an exit code above 1, for one of its own processes that crashed, and restarts
   * in the middle of production. So in there nobody may become an orphan who is ending, and
   * programs are signalled one after another, the next once the last has gone and its parent knows:
   * what was started first goes first, each after all that it started itself. For a program that
   * waits for another waits for the one that it started last. An orphan of the server is left
   * alone.
   */
  private static Set<ProcessHandle> whoseTurn(Set<ProcessHandle> family) {
    Set<ProcessHandle> turn = new HashSet<>(family);
    Set<ProcessHandle> besideServer =
        family.stream().filter(MarkedPrograms::isInContainerOfServer).collect(toSet());
    turn.removeAll(besideServer);
    besideServer.stream()
        .filter(member -> member.parent().filter(besideServer::contains).isEmpty())
        .filter(top -> top.parent().map(MarkedPrograms::name).filter(SERVER::equals).isEmpty())
        .min(BY_START)
        .map(MarkedPrograms::firstToEnd)
        .ifPresent(turn::add);
    return turn;
  }

  /**
   * One that has ended, but was not asked for by its parent, is a child too: signalling it does
   * nothing, and its parent's turn does not come.
   */
  private static ProcessHandle firstToEnd(ProcessHandle top) {
    return top.children().min(BY_START).map(MarkedPrograms::firstToEnd).orElse(top);
  }

  private static boolean isInContainerOfServer(ProcessHandle member) {
    try {
      Path own = Files.readSymbolicLink(PROC.resolve("self/ns/pid"));
      return !own.equals(Files.readSymbolicLink(folder(member).resolve("ns/pid")))
          && name(folder(member).resolve("root/proc/1")).equals(SERVER);
    } catch (IOException goneOrForeign) {
      return false;
    }
  }

  private static String name(ProcessHandle process) {
    return name(folder(process));
  }

  private static String name(Path process) {
    try {
      return Files.readString(process.resolve("comm")).strip();
    } catch (IOException gone) {
      return "";
    }
  }

  private static Path folder(ProcessHandle process) {
    return PROC.resolve(Long.toString(process.pid()));
  }

  private boolean isMarked(Path folder) {
    try {
      // Each byte becomes one character, whatever it means.
      String environment =
          new String(Files.readAllBytes(folder.resolve("environ")), StandardCharsets.ISO_8859_1);
      return environment.contains(variable);
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
      String stat = Files.readString(folder(member).resolve("stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2) != 'Z';
    } catch (IOException noProc) {
      return member.isAlive();
    }
  }
}
