package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.plan.BackupKind;
import dev.drp.plan.Environment;
import dev.drp.procedure.RecoveryPlans;
import dev.drp.procedure.RestoreConfiguration;
import dev.drp.procedure.RestoreRequest;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionId;
import dev.drp.recovery.Explanation;
import dev.drp.recovery.Mode;
import dev.drp.recovery.RecoveryPlan;
import dev.drp.report.ExecutionReports;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drp restore}. */
@Command(
    name = "restore",
    description = {
      "Restore an environment's database: into a new one beside it, compared with what the backup"
          + " says, then switched. What is replaced is kept until restore-commit; restore-undo goes"
          + " back.",
      "A database with content is replaced only when its name is confirmed; on a terminal you are"
          + " asked.",
      "With --kind physical: all databases of the server, from its files and the archived log,"
          + " recovered beside the live ones and exchanged with them. The server runs in a"
          + " container or on this machine."
    })
final class RestoreCommand extends DrpCommand {
  @Parameters(index = "0", paramLabel = "ENVIRONMENT", description = "The environment.")
  private String environment;

  @Mixin private RestoreOptions options = new RestoreOptions();

  @Option(
      names = "--kind",
      paramLabel = "KIND",
      description = "Of the backup: logical, unless it says physical.")
  private BackupKind kind = BackupKind.LOGICAL;

  @Option(
      names = "--mode",
      paramLabel = "MODE",
      description = {
        "plan: say what would be done; reaches for nothing.",
        "check: look whether it could be done; changes nothing.",
        "recovery: do it. The default."
      })
  private RestoreMode mode = RestoreMode.RECOVERY;

  @Option(
      names = "--into",
      paramLabel = "FOLDER",
      description =
          "With --kind physical: recover the server's files in this folder of this machine, which"
              + " is empty or is made, and touch nothing else. No server is started on them.")
  private @Nullable Path into;

  @Option(
      names = "--delta",
      description =
          "With --into: the folder has files of this server, on which none runs; only what differs"
              + " from the backup by content is rewritten.")
  private boolean delta;

  /** The modes of {@link Mode} that fit a restore. */
  private enum RestoreMode {
    PLAN,
    CHECK,
    RECOVERY
  }

  @Override
  ExitStatus run(Session session) {
    Environment of = session.plan().environment(environment);
    String database = of.requireDatabase().name();
    return switch (mode) {
      case PLAN -> explain(session, plan(session, request(database)));
      case CHECK -> execute(session, plan(session, request(database)), Mode.CHECK);
      case RECOVERY -> {
        if (into != null) {
          yield execute(session, plan(session, request(options.confirmed())), Mode.RECOVERY);
        }
        String confirmed =
            options.confirmation(session).of(consequences(session, database), database);
        yield execute(session, plan(session, request(confirmed)), Mode.RECOVERY);
      }
    };
  }

  private List<String> consequences(Session session, String database) {
    List<String> lines = new ArrayList<>();
    lines.add(consequence().formatted(Format.quote(database), environment));
    lines.add("It is set aside, not dropped: `drp restore-undo` goes back.");
    plan(session, request(database))
        .outlook()
        .forEach((what, text) -> lines.add("%s: %s".formatted(what, text)));
    return lines;
  }

  private String consequence() {
    return kind == BackupKind.PHYSICAL
        ? "The server with database %s of environment %s will be replaced, all databases included."
        : "Database %s of environment %s will be replaced.";
  }

  private RecoveryPlan plan(Session session, RestoreRequest request) {
    Recovery recovery = new Recovery(session);
    return switch (kind) {
      case LOGICAL -> recovery.restore().plan(environment, request);
      case PHYSICAL -> recovery.restoreServer().plan(environment, request);
      case CONFIGURATION, SYSTEM ->
          throw new RecoveryException(
              ErrorCode.USAGE,
              "backups of kind %s are not restored by this command".formatted(Format.word(kind)),
              "drp restore-configuration restores their files; --backup ID the database of a system"
                  + " backup.");
    };
  }

  private RestoreRequest request(String confirmed) {
    RestoreRequest request = options.request(confirmed);
    if (into != null) {
      requirePhysical();
      Path folder = into.toAbsolutePath().normalize();
      request = delta ? request.withDeltaInto(folder) : request.withInto(folder);
    } else if (delta) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "--delta repairs files in a folder, and none was named",
          "add --into FOLDER; the live server is restored without a delta, beside its files.");
    }
    return request;
  }

  private void requirePhysical() {
    if (kind != BackupKind.PHYSICAL) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "--into is for the files of a whole server",
          "add --kind physical; or load a logical backup by hand, as its README.md tells.");
    }
  }

  private static ExitStatus explain(Session session, RecoveryPlan plan) {
    Explanation explanation = session.executions().explain(plan, Mode.RECOVERY);
    session.print(
        () -> ExecutionJson.explanation(explanation), out -> ExecutionText.print(explanation, out));
    return ExitStatus.OK;
  }

  private ExitStatus execute(Session session, RecoveryPlan plan, Mode mode) {
    Recovery recovery = new Recovery(session);
    Execution execution = recovery.engine().execute(plan, mode, recovery.listener());
    ExitStatus status = report(session, execution);
    if (status == ExitStatus.REFUSED && (into == null || delta)) {
      options.explainRefusal(
          session,
          execution,
          session.plan().environment(environment).requireDatabase().name(),
          kind == BackupKind.LOGICAL);
    }
    return status;
  }

  /** Prints how an execution of a restore went, and writes its report. */
  static ExitStatus report(Session session, Execution execution) {
    ExecutionReports.Files report = session.reports().write(execution);
    session.printJson(
        () -> session.reports().json(execution),
        out -> {
          ExecutionText.summary(execution, out);
          out.line();
          out.line("report  " + report.markdown());
        });
    return execution.exitStatus();
  }

  /** What is done to a restore that is complete: its database's name has to be confirmed. */
  private abstract static class OnRestored extends DrpCommand {
    @Parameters(index = "0", paramLabel = "EXECUTION", description = "The restore.")
    private String id;

    @Option(
        names = "--confirm",
        paramLabel = "NAME",
        description =
            "The name of the environment's database; of a configuration, the environment's name.")
    private @Nullable String confirm;

    /** What comes of it, for whoever confirms: with %s for the execution. */
    abstract String consequence();

    abstract Execution run(Recovery recovery, ExecutionId restore);

    @Override
    final ExitStatus run(Session session) {
      Recovery recovery = new Recovery(session);
      Execution before = recovery.execution(ExecutionsCommand.id(id));
      new Confirmation(session.console(), confirm)
          .require(List.of(consequence().formatted(id)), target(session, before));
      return report(session, run(recovery, before.id()));
    }
  }

  /** Whose name lets it be taken back or given up. */
  private static String target(Session session, Execution before) {
    return before.plan().equals(RestoreConfiguration.NAME)
        ? before.environment()
        : RecoveryPlans.confirmedBy(session.plan().environment(before.environment()));
  }

  /** {@code drp restore-commit}. */
  @Command(
      name = "restore-commit",
      description =
          "Give up the way back of a restore: drop the database or the files that it replaced, or,"
              + " after restore-undo, what it had restored.")
  static final class Commit extends OnRestored {
    @Override
    String consequence() {
      return "What execution %s set aside will be dropped for good.";
    }

    @Override
    Execution run(Recovery recovery, ExecutionId restore) {
      return recovery.engine().commit(restore, recovery::planOf, recovery.listener());
    }
  }

  /** {@code drp restore-undo}. */
  @Command(
      name = "restore-undo",
      description =
          "Take back what a restore did: the replaced database serves again, replaced files are in"
              + " their places. What was restored, and written since, is set aside until"
              + " restore-commit.")
  static final class Undo extends OnRestored {
    @Override
    String consequence() {
      return "What execution %s put in place serves no longer.";
    }

    @Override
    Execution run(Recovery recovery, ExecutionId restore) {
      return recovery.engine().undo(restore, recovery::planOf, recovery.listener());
    }
  }
}
