package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.procedure.DrillRequest;
import dev.drp.procedure.DrillResult;
import dev.drp.recovery.Execution;
import dev.drp.recovery.Mode;
import dev.drp.report.ExecutionReports;
import java.security.SecureRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drp drill}. */
@Command(
    name = "drill",
    description = "Rehearse a recovery plan.",
    subcommands = DrillCommand.Restore.class)
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

    @Override
    ExitStatus run(Session session) {
      Recovery recovery = new Recovery(session);
      Execution execution =
          recovery
              .engine()
              .execute(
                  recovery.drill().plan(environment, request(session)),
                  Mode.DRILL,
                  recovery.listener());
      return report(session, execution);
    }

    private DrillRequest request(Session session) {
      if (!random && seed == null) {
        return backup == null ? DrillRequest.NEWEST : DrillRequest.of(BackupsCommand.id(backup));
      }
      if (backup != null) {
        throw new RecoveryException(
            ErrorCode.USAGE, "--backup names a backup, --random draws one", "give one of them.");
      }
      long drawnWith = seed != null ? seed : new SecureRandom().nextInt(Integer.MAX_VALUE);
      session.progress().message("seed of the draw: " + drawnWith);
      return DrillRequest.random(drawnWith);
    }
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
