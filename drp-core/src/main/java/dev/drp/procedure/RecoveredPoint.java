package dev.drp.procedure;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.Canary;
import dev.drp.database.DatabaseServer;
import dev.drp.plan.BackupKind;
import dev.drp.plan.Quantities;
import dev.drp.recovery.ExecutionId;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Mode;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The step that measures on recovered data how far it goes: by the canary that survived in it, and
 * by the newest commit that was replayed.
 */
final class RecoveredPoint {
  static final String MEASURE = "measure-recovery-point";

  /** Whether the data itself proves that the target was reached: true or false. */
  static final String PROVEN = "targetProven";

  /** How late a canary may come beyond its interval, on a server with much to do. */
  private static final Duration TOLERANCE = Duration.ofSeconds(5);

  /** How often something is to be expected where no canary tells. */
  private static final Duration EXPECTED_EVERY = Duration.ofSeconds(5);

  private final ChosenBackup backup;
  private final Supplier<DatabaseServer> server;
  private final Function<ExecutionId, String> database;
  private final Function<StepContext, Optional<Replay>> replay;

  /**
   * @param server that holds the data; asked when a step needs it
   * @param database the environment's, by its name there
   * @param replay how far the log was replayed; empty where none was but the backup's own
   */
  RecoveredPoint(
      ChosenBackup backup,
      Supplier<DatabaseServer> server,
      Function<ExecutionId, String> database,
      Function<StepContext, Optional<Replay>> replay) {
    this.backup = backup;
    this.server = server;
    this.database = database;
    this.replay = replay;
  }

  /** What the data tells. */
  private record Measured(Optional<Canary> canary, Optional<Instant> newestCommit) {
    private Optional<Instant> newest() {
      return Stream.of(canary.map(Canary::writtenAt), newestCommit)
          .flatMap(Optional::stream)
          .max(Comparator.naturalOrder());
    }

    private String by() {
      return newestCommit.isPresent() && newest().equals(newestCommit)
          ? "the newest commit that was replayed"
          : "the canary";
    }
  }

  /**
   * Measures, and compares with an instant that was aimed at. The execution's recovery point is
   * what was measured, unless the backup or the target is known to lie behind that: then it is
   * those.
   *
   * @param counts whether this is the execution's recovery point; a drill to some earlier moment
   *     has another
   */
  Step measure(Predicate<StepContext> counts) {
    return Step.reading(
            MEASURE,
            "Looks how far the recovered data goes: by the canary in it, and by the newest commit"
                + " that was replayed.",
            context -> measure(context, counts.test(context)))
        .in(Mode.DRILL, Mode.RECOVERY)
        .within(Duration.ofMinutes(5))
        .onFailure(FailurePolicy.ABORT);
  }

  private void measure(StepContext context, boolean counts) {
    // A server that a dump was loaded into may have replayed a log of its own.
    boolean replayed = backup.manifest(context).kind() == BackupKind.PHYSICAL;
    Measured measured =
        new Measured(
            canary(context), replayed ? server.get().newestReplayedCommit() : Optional.empty());
    measured
        .newestCommit()
        .ifPresent(at -> context.found(Finding.check("newest commit replayed", "", "" + at, true)));
    Optional<Instant> target = replay.apply(context).flatMap(Replay::at);
    target.ifPresent(at -> compare(context, measured, at));
    Instant known = target.orElseGet(() -> backup.manifest(context).recoveryPoint());
    Optional<Instant> newer = measured.newest().filter(known::isBefore);
    context.found(
        Finding.check(
            "recovery point of the data",
            "",
            newer
                .map(at -> "%s, by %s".formatted(Text.both(at), measured.by()))
                .orElseGet(
                    () ->
                        "%s, by %s"
                            .formatted(
                                Text.both(known),
                                target.isPresent() ? "the target" : "the backup")),
            true));
    if (counts) {
      context.reached(MeasuringPoint.RECOVERY_POINT, newer.orElse(known));
    }
  }

  private Optional<Canary> canary(StepContext context) {
    try {
      Optional<Canary> canary = server.get().canary(database.apply(context.execution()));
      context.found(
          Finding.check(
              "canary",
              "",
              canary
                  .map(
                      it ->
                          "written at %s, every %s by %s"
                              .formatted(it.writtenAt(), Quantities.text(it.every()), it.writer()))
                  .orElse("none in the data"),
              true));
      return canary;
    } catch (RecoveryException e) {
      context.found(Finding.warning("canary", e.problem()));
      return Optional.empty();
    }
  }

  /** The server stopped before the first commit after the target: the data is to show that. */
  private static void compare(StepContext context, Measured measured, Instant target) {
    Optional<Instant> newest = measured.newest();
    if (newest.filter(target::isBefore).isPresent()) {
      throw new RecoveryException(
          ErrorCode.VERIFICATION_FAILED,
          "the recovered data is of %s by %s, later than the target %s"
              .formatted(newest.get(), measured.by(), target),
          "was the server's clock set back around then? Name the target by its position in the"
              + " log.");
    }
    Duration every = measured.canary().map(Canary::every).orElse(EXPECTED_EVERY);
    Instant earliest = target.minus(every).minus(TOLERANCE);
    boolean byCanary =
        measured.canary().filter(it -> !it.writtenAt().isBefore(earliest)).isPresent();
    boolean byCommit = measured.newestCommit().filter(it -> !it.isBefore(earliest)).isPresent();
    context.record(PROVEN, String.valueOf(byCanary || byCommit));
    if (byCanary || byCommit) {
      context.found(
          Finding.check(
              "target reached",
              "from %s to %s".formatted(earliest, target),
              "%s, by %s".formatted(newest.orElseThrow(), measured.by()),
              true));
    }
    if (!byCanary) {
      context.found(
          Finding.warning(
              "canary",
              "was not being written at the target: %s"
                  .formatted(
                      measured
                          .canary()
                          .map(it -> "the newest is of " + it.writtenAt())
                          .orElse("there is none"))));
    }
    if (!byCanary && !byCommit) {
      context.found(
          Finding.warning(
              "target reached",
              "nothing in the data is of the %s before it: the server says so, the data does not"
                      .formatted(Text.duration(Duration.between(earliest, target)))
                  + " prove it"));
    }
  }
}
