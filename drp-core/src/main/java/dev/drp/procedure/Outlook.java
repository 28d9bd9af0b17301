package dev.drp.procedure;

import dev.drp.database.Lsn;
import dev.drp.recovery.Finding;
import dev.drp.recovery.Forecast;
import dev.drp.recovery.StepContext;
import dev.drp.wal.WalCoverage;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a recovery from files is going to do, in words: told before it acts.
 *
 * @param base the backup that it begins with
 * @param target to where
 * @param replay how much of the log lies between
 * @param forecast how long it is likely to take
 */
record Outlook(String base, String target, String replay, String forecast) {
  /** What a machine of two processors did, with disks that were not in its way. */
  private static final long FILES_PER_SECOND = 100_000_000;

  private static final long LOG_PER_SECOND = 25_000_000;

  static String target(Replay replay) {
    return replay
        .at()
        .map(Text::both)
        .or(() -> replay.lsn().map("position %s of the log"::formatted))
        .or(() -> replay.seed().map(any -> "any second that can be reached"))
        .orElse("the end of the archived log");
  }

  /** How much is replayed from where on; to an instant, at most. */
  static String distance(Optional<Replay> replay, Optional<LogToReplay> log, Lsn end) {
    if (replay.isEmpty() || log.isEmpty()) {
      return "none but the backup's own";
    }
    WalCoverage.Reach reach = log.get().reach();
    Lsn to = replay.get().lsn().orElse(reach.to());
    return "%s%d bytes, from %s to %s, timeline %d"
        .formatted(
            replay.get().at().isPresent() || replay.get().seed().isPresent() ? "at most " : "",
            to.minus(end),
            end,
            to,
            reach.timeline());
  }

  static String asItIs(Instant recoveryPoint) {
    return "the backup as it is, of " + Text.both(recoveryPoint);
  }

  /**
   * How long it is likely to take until what was recovered is ready.
   *
   * @param past how long it took before; else it is told from the sizes
   */
  static String forecast(Optional<Forecast> past, long fileBytes, long logBytes) {
    if (past.isPresent()) {
      return "about %s, the median of %d before (95 of 100 took at most %s)"
          .formatted(
              Text.duration(past.get().median()),
              past.get().samples(),
              Text.duration(past.get().percentile95()));
    }
    Duration bySize =
        Duration.ofSeconds(1 + fileBytes / FILES_PER_SECOND + logBytes / LOG_PER_SECOND);
    return "about %s by its size: files at %d MB/s, log at %d MB/s; none was measured here yet"
        .formatted(Text.duration(bySize), FILES_PER_SECOND / 1_000_000, LOG_PER_SECOND / 1_000_000);
  }

  Map<String, String> lines() {
    Map<String, String> lines = new LinkedHashMap<>();
    lines.put("backup", base);
    lines.put("target", target);
    lines.put("log to replay", replay);
    lines.put("forecast", forecast);
    return lines;
  }

  /** Tells whoever watches, and keeps it as evidence. */
  void tell(StepContext context) {
    lines()
        .forEach(
            (what, text) -> {
              context.progress().message("  %s: %s".formatted(what, text));
              if (!what.equals("backup")) { // that one was found already
                context.found(Finding.check(what, "", text, true));
              }
            });
  }
}
