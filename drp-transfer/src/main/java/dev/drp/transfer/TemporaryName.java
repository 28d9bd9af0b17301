package dev.drp.transfer;

import dev.drp.state.FileName;
import dev.drp.state.StateDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a temporary file: it tells who writes it, so that a later run knows whether the
 * writer still lives. No object's name starts with a dot, so none is taken for one.
 *
 * @param host the writer's machine
 * @param boot that machine's run since it was started
 * @param processIds the space that its process ids count in: another one in each container
 * @param pid the writer's process
 * @param started when that was started, in the kernel's ticks: setting a clock does not change them
 * @param random tells its files from one another
 */
record TemporaryName(
    String host, String boot, String processIds, long pid, long started, String random) {
  /** How long a writer that cannot be looked at may be silent until it is taken for dead. */
  static final Duration LONGEST_SILENCE = Duration.ofHours(24);

  private static final Pattern FORM =
      Pattern.compile(
          "\\.drp~([^~]+)~([0-9a-f-]*)~(\\d*)~(\\d{1,18})-(\\d{1,18})~([0-9a-f]{12})\\.tmp");
  private static final int START_AFTER_NAME = 19;
  private static final SecureRandom RANDOM = new SecureRandom();

  static TemporaryName next() {
    byte[] random = new byte[6];
    RANDOM.nextBytes(random);
    long pid = ProcessHandle.current().pid();
    return new TemporaryName(
        thisHost(),
        thisBoot(),
        theseProcessIds(),
        pid,
        startOf(pid).orElseThrow(),
        HexFormat.of().formatHex(random));
  }

  static boolean isOne(String fileName) {
    return FORM.matcher(fileName).matches();
  }

  static Optional<TemporaryName> parse(String fileName) {
    Matcher matcher = FORM.matcher(fileName);
    return matcher.matches()
        ? Optional.of(
            new TemporaryName(
                matcher.group(1),
                matcher.group(2),
                matcher.group(3),
                Long.parseLong(matcher.group(4)),
                Long.parseLong(matcher.group(5)),
                matcher.group(6)))
        : Optional.empty();
  }

  /** Whether its writer no longer lives. */
  boolean isAbandoned(FileTime lastWritten) {
    if (host.equals(thisHost()) && !boot.equals(thisBoot())) {
      return true;
    }
    if (host.equals(thisHost()) && processIds.equals(theseProcessIds())) {
      return startOf(pid).filter(start -> start == started).isEmpty();
    }
    return lastWritten.toInstant().isBefore(Instant.now().minus(LONGEST_SILENCE));
  }

  private static String thisHost() {
    return FileName.encode(StateDirectory.host());
  }

  private static String thisBoot() {
    return read("/proc/sys/kernel/random/boot_id");
  }

  private static String theseProcessIds() {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString().replaceAll("\\D", "");
    } catch (IOException e) {
      return ""; // not Linux
    }
  }

  /** When a process was started; empty for one that does not live. */
  private static Optional<Long> startOf(long pid) {
    String status = read("/proc/" + pid + "/stat");
    if (status.isEmpty()) { // not Linux, or no such process
      return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).map(process -> 0L);
    }
    // the second field is the program's name in parentheses and may hold anything
    String afterName = status.substring(status.lastIndexOf(')') + 2);
    return Optional.of(Long.parseLong(afterName.split(" ", -1)[START_AFTER_NAME]));
  }

  private static String read(String file) {
    try {
      return Files.readString(Path.of(file)).strip();
    } catch (IOException e) {
      return "";
    }
  }

  @Override
  public String toString() {
    return ".drp~%s~%s~%s~%d-%d~%s.tmp".formatted(host, boot, processIds, pid, started, random);
  }
}
