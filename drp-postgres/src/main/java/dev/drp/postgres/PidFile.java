package dev.drp.postgres;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a server writes about itself into its data directory, {@code postmaster.pid}, by lines as in
 * PostgreSQL's {@code pidfile.h}. A new server writes a new file, and its last line changes while
 * it runs.
 *
 * @param started second since 1970
 * @param sharedMemory key and id of its segment; empty if it is not written yet
 * @param status starting, stopping, ready or standby
 */
record PidFile(long pid, long started, String sharedMemory, String status) {
  static final String NAME = "postmaster.pid";

  /** That of a data directory; empty if there is none, or it is only just being written. */
  static Optional<PidFile> in(Path data) {
    List<String> lines = LocalServer.lines(data.resolve(NAME));
    try {
      return Optional.of(
          new PidFile(
              Long.parseLong(line(lines, 0)),
              Long.parseLong(line(lines, 2)),
              line(lines, 6),
              line(lines, 7)));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static String line(List<String> lines, int number) {
    return number < lines.size() ? lines.get(number).strip() : "";
  }

  boolean isReady() {
    return status.equals("ready");
  }

  /**
   * Whether this is another server than the one before, and runs; two seconds of grace, as in
   * pg_ctl, for clocks that are set.
   *
   * @param asked the second since 1970 in which the start was asked for
   */
  boolean isStarted(long asked, Optional<PidFile> before) {
    return (isReady() || status.equals("standby"))
        && started >= asked - 2
        && before.filter(other -> other.pid == pid).isEmpty()
        && isAlive();
  }

  boolean isAlive() {
    return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent();
  }
}
