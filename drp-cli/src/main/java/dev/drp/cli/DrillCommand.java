package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.database.Lsn;
import dev.drp.plan.BackupKind;
import dev.drp.plan.Storage;
import dev.drp.procedure.DrillRequest;
import dev.drp.procedure.DrillResult;
import dev.drp.procedure.Replay;
import dev.drp.recovery.Execution;
import dev.drp.recovery.Mode;
import dev.drp.report.ExecutionReports;
import java.security.SecureRandom;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drp drill}. */
@Command(
    name = "drill",
    description = "Rehearse a recovery plan.",
    subcommands = {DrillCommand.Restore.class, DrillCommand.PointInTime.class})
final class DrillCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw Drp.noCommand(spec);
  }

  /** {@code drp drill restore}. */
  @Command(
      name = "restore",
      description = {
        "Restore a backup on a throw-away server that nobody outside reaches, compare, measure, and"
            + " leave nothing behind. The environment itself is not touched.",
        "Exit code 0 if the drill passed, 4 if an objective was missed, 1 if it failed or is"
            + " inconclusive."
      })
  static final class Restore extends DrpCommand {
    @Parameters(index = "0", paramLabel = "ENVIRONMENT", description = "The environment.")
    private String environment;

    @Option(
        names = "--backup",
        paramLabel = "ID",
        description = "This backup; the newest good one unless given.")
    private @Nullable String backup;

    @Option(
        names = "--random",
        description = "Any good backup of the last 30 days; the seed of the draw is printed.")
    private boolean random;

    @Option(
        names = "--seed",
        paramLabel = "N",
        description = "With --random: the backup that was drawn with this seed.")
    private @Nullable Long seed;

    @Option(
        names = "--kind",
        paramLabel = "KIND",
        description = "Of backups: logical, unless it says physical.")
    private BackupKind kind = BackupKind.LOGICAL;

    @Mixin private Source source = new Source();

    @Override
    ExitStatus run(Session session) {
      if (kind != BackupKind.LOGICAL && kind != BackupKind.PHYSICAL) {
        throw new RecoveryException(
            ErrorCode.USAGE,
            "a drill restores a database, and no backup of kind %s as such"
                .formatted(Format.word(kind)),
            "leave out the kind, and give --backup ID for the database of a system backup.");
      }
      return drill(session, environment, request(session).ofKind(kind), source);
    }

    private DrillRequest request(Session session) {
      if (!random && seed == null) {
        return backup == null ? DrillRequest.NEWEST : DrillRequest.of(BackupsCommand.id(backup));
      }
      if (backup != null) {
        throw new RecoveryException(
            ErrorCode.USAGE, "--backup names a backup, --random draws one", "give one of them.");
      }
      return DrillRequest.random(seedOfDraw(session, seed));
    }
  }

  /** {@code drp drill pitr}. */
  @Command(
      name = "pitr",
      description = {
        "Rehearse a point-in-time recovery: start a throw-away server from the newest physical"
            + " backup that fits, replay the archived log, look at the data, measure, and leave"
            + " nothing behind. The environment itself is not touched.",
        "Unless a target is given: to any second that can be reached, proven by the canary in the"
            + " data.",
        "Exit codes as those of drill restore."
      })
  static final class PointInTime extends DrpCommand {
    @Parameters(index = "0", paramLabel = "ENVIRONMENT", description = "The environment.")
    private String environment;

    @ArgGroup private @Nullable Target target;
    @Mixin private Source source = new Source();

    /** Where to. */
    private static final class Target {
      @Option(
          names = "--at",
          paramLabel = "TIME",
          converter = InstantArgument.class,
          description = "To this instant, as 2026-11-22T10:15:00+01:00.")
      private @Nullable Instant at;

      @Option(
          names = "--lsn",
          paramLabel = "POSITION",
          description = "To this position of the log, as 0/3000028.")
      private @Nullable String lsn;

      @Option(names = "--latest", description = "To the end of the archived log.")
      private boolean latest;

      @Option(
          names = "--seed",
          paramLabel = "N",
          description = "To the second that is drawn with this seed.")
      private @Nullable Long seed;
    }

    @Override
    ExitStatus run(Session session) {
      return drill(session, environment, DrillRequest.pointInTime(replay(session)), source);
    }

    private Replay replay(Session session) {
      if (target != null && target.at != null) {
        return Replay.until(target.at);
      }
      if (target != null && target.lsn != null) {
        return Replay.until(Lsn.parse(target.lsn));
      }
      if (target != null && target.latest) {
        return Replay.ALL;
      }
      return Replay.anySecond(seedOfDraw(session, target == null ? null : target.seed));
    }
  }

  private static long seedOfDraw(Session session, @Nullable Long given) {
    long seed = given != null ? given : new SecureRandom().nextInt(Integer.MAX_VALUE);
    session.progress().message("seed of the draw: " + seed);
    return seed;
  }

  /** What a drill may use. */
  static final class Source {
    @Option(
        names = "--from",
        paramLabel = "STORAGE",
        description = "Use only sets and log of this storage.")
    private @Nullable String storage;

    @Option(
        names = "--isolated",
        description =
            "With --from: as if the primary site were gone. Nothing is used but that storage, the"
                + " plan file and an identity; journal and report go to a new state directory.")
    private boolean isolated;

    DrillRequest narrow(Session session, DrillRequest request) {
      if (storage == null) {
        if (isolated) {
          throw new RecoveryException(
              ErrorCode.USAGE,
              "--isolated does not say from where",
              "name the storage that is to be enough: --from STORAGE.");
        }
        return request;
      }
      Storage named = session.plan().storage(storage);
      if (isolated) {
        if (!named.offSite()) {
          throw new RecoveryException(
              ErrorCode.USAGE,
              "storage %s is not off-site: it goes with the primary site".formatted(storage),
              "name one that the plan marks `off-site: true`.");
        }
        session.isolate();
      }
      return request.from(new DrillRequest.Source(storage, isolated));
    }
  }

  private static ExitStatus drill(
      Session session, String environment, DrillRequest wanted, Source source) {
    DrillRequest request = source.narrow(session, wanted);
    Recovery recovery = new Recovery(session);
    Execution execution =
        recovery
            .engine()
            .execute(recovery.drill().plan(environment, request), Mode.DRILL, recovery.listener());
    return report(session, execution);
  }

  /** Prints how a drill went, and writes its report. */
  static ExitStatus report(Session session, Execution execution) {
    DrillResult result = DrillResult.of(execution);
    ExecutionReports.Files report = session.reports().write(execution);
    session.printJson(
        () -> session.reports().json(execution),
        out -> {
          out.line("drill " + outcome(result, out) + cleanup(result, out));
          ExecutionText.summary(execution, out);
          out.line();
          out.line("report  " + report.markdown());
        });
    return result.exitStatus();
  }

  private static String outcome(DrillResult result, Console out) {
    String name = result.outcome().name();
    return switch (result.outcome()) {
      case PASSED -> out.good(name);
      case FAILED_OBJECTIVE, INCONCLUSIVE, INTERRUPTED -> out.warning(name);
      case FAILED -> out.bad(name);
    };
  }

  private static String cleanup(DrillResult result, Console out) {
    return switch (result.cleanup()) {
      case DONE -> ", nothing is left of it";
      case INCOMPLETE -> ", " + out.bad("something may be left of it");
    };
  }
}
