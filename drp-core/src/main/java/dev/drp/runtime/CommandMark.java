package dev.drp.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Marks each program that this process starts, so that it and all that it started in turn can be
 * found again and ended: the value of the environment variable {@link #VARIABLE}, unique for each
 * program. It names its owner (this JVM) by boot, process-id namespace, process id and start, so
 * that another run can tell whether the owner is still there.
 */
public final class CommandMark {
  /** The environment variable that holds the mark. */
  public static final String VARIABLE = "DRP_COMMAND_ID";

  private static final Path PROC = Path.of("/proc");
  private static final AtomicLong COUNTER = new AtomicLong();
  private static final Optional<String> NAMESPACE = namespace();

  private CommandMark() {}

  /** A mark that no other program has. It is never the beginning of another one. */
  public static String next() {
    long pid = ProcessHandle.current().pid();
    return "%s.%d.%s.%d."
        .formatted(
            NAMESPACE.orElse("unknown"),
            pid,
            startOf(Long.toString(pid)).orElse("0"),
            COUNTER.incrementAndGet());
  }

  /**
   * Whether the process that gave this mark has ended. False also where that cannot be known: marks
   * of another machine, of another process-id namespace, of a system without {@code /proc}.
   */
  public static boolean ownerHasEnded(String mark) {
    String[] parts = mark.split("\\.", 6);
    return parts.length == 5
        && NAMESPACE.isPresent()
        && parts[0].equals(NAMESPACE.get())
        && parts[1].matches("[0-9]{1,19}")
        && !startOf(parts[1]).equals(Optional.of(parts[2]));
  }

  /** Boot and process-id namespace: within one, a process id means one process. */
  private static Optional<String> namespace() {
    try {
      String boot = Files.readString(PROC.resolve("sys/kernel/random/boot_id")).strip();
      String namespace = Files.readSymbolicLink(PROC.resolve("self/ns/pid")).toString();
      return Optional.of(boot + "-" + namespace.replaceAll("[^0-9]", ""));
    } catch (IOException noProc) {
      return Optional.empty();
    }
  }

  /** When a process started, in the kernel's ticks; empty when there is no such process. */
  private static Optional<String> startOf(String pid) {
    try {
      String stat = Files.readString(PROC.resolve(pid).resolve("stat"));
      // The name, in parentheses, may hold anything; after it come state and 18 more, then start.
      String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      boolean zombie = afterName[0].equals("Z");
      return zombie ? Optional.empty() : Optional.of(afterName[19]);
    } catch (IOException gone) {
      return Optional.empty();
    }
  }
}
