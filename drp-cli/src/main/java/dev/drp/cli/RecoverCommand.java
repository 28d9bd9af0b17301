package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.plan.BackupKind;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.procedure.RecoverRequest;
import dev.drp.procedure.RecoveryPlans;
import dev.drp.recovery.Execution;
import dev.drp.recovery.Explanation;
import dev.drp.recovery.Mode;
import dev.drp.recovery.RecoveryPlan;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drp recover}. */
@Command(
    name = "recover",
    description = {
      "Execute a recovery plan on an environment:",
      "restart: stop everything and start it again, with the same images and data.",
      "application: keep the logs, restart every service but the database, one after the other.",
      "database: stop what writes, restore the data beside the damaged one, exchange both, start"
          + " again. What is replaced is kept until restore-commit; restore-undo goes back.",
      "simulate: a disaster on an environment that is not protected. The data is restored and the"
          + " time taken; then everything is put back as it was, whatever came of it.",
      "Any other: the plan's own of that name, in recovery-plans."
    })
final class RecoverCommand extends DrpCommand {
  @Parameters(index = "0", paramLabel = "NAME", description = "The recovery plan.")
  private String name;

  @Parameters(index = "1", paramLabel = "ENVIRONMENT", description = "The environment.")
  private String environment;

  @Option(
      names = "--mode",
      paramLabel = "MODE",
      description = {
        "plan: say what would be done; reaches for nothing.",
        "check: look whether it could be done; changes nothing.",
        "drill: do it on an environment that is not protected, and put its data back.",
        "recovery: do it. The default."
      })
  private @Nullable Mode mode;

  @Option(
      names = "--kind",
      paramLabel = "KIND",
      description =
          "Of the backup that data is restored from: physical where the plan takes such backups,"
              + " else logical.")
  private @Nullable BackupKind kind;

  @Mixin private RestoreOptions options = new RestoreOptions();

  @Override
  ExitStatus run(Session session) {
    Recovery recovery = new Recovery(session);
    RecoveryPlans plans = recovery.plans();
    Environment of = session.plan().environment(environment);
    Mode asked = mode();
    String confirmed =
        switch (asked) {
          case PLAN, CHECK, DRILL -> database(of).orElse("");
          case RECOVERY -> confirmed(session, plans, of);
        };
    RecoveryPlan plan = plans.plan(name, environment, request(plans, confirmed));
    if (asked == Mode.PLAN) {
      Explanation explanation = session.executions().explain(plan, executedAs());
      session.print(
          () -> ExecutionJson.explanation(explanation),
          out -> ExecutionText.print(explanation, out));
      return ExitStatus.OK;
    }
    Execution execution = recovery.engine().execute(plan, asked, recovery.listener(plan, asked));
    ExitStatus status = RestoreCommand.report(session, execution);
    if (status == ExitStatus.REFUSED && asked == Mode.RECOVERY && database(of).isPresent()) {
      options.explainRefusal(session, database(of).get(), kind(plans) == BackupKind.LOGICAL);
    }
    return status;
  }

  private Mode mode() {
    if (mode == null) {
      return executedAs();
    }
    if (mode == Mode.RECOVERY && RecoveryPlans.isOnlyDrill(name)) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "recovery plan %s is a rehearsal, whatever it is executed as".formatted(name),
          "leave --mode out, or say drill; to recover in earnest, use recovery plan database.");
    }
    return mode;
  }

  private Mode executedAs() {
    return RecoveryPlans.isOnlyDrill(name) ? Mode.DRILL : Mode.RECOVERY;
  }

  private String confirmed(Session session, RecoveryPlans plans, Environment of) {
    if (!plans.replacesData(name) || database(of).isEmpty()) {
      return "";
    }
    String database = database(of).get();
    return options
        .confirmation(session)
        .of(
            List.of(
                "The data of database %s of environment %s will be replaced."
                    .formatted(Format.quote(database), environment),
                "It is set aside, not dropped: `drp restore-undo` goes back."),
            database);
  }

  private static Optional<String> database(Environment of) {
    return of.database().map(DatabaseSettings::name);
  }

  private RecoverRequest request(RecoveryPlans plans, String confirmed) {
    BackupKind from = kind(plans);
    if (from != BackupKind.LOGICAL && from != BackupKind.PHYSICAL) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "no data is restored from backups of kind " + Format.word(from),
          "logical and physical are the kinds with data.");
    }
    return new RecoverRequest(options.request(confirmed), from);
  }

  private BackupKind kind(RecoveryPlans plans) {
    return kind == null ? plans.kindOf(name).orElseGet(() -> plans.usualKind(environment)) : kind;
  }
}
