package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.plan.BackupKind;
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
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What commands ask that execute a recovery plan on an environment, and the execution of it. */
final class RecoverOptions {
  @Option(
      names = "--mode",
      paramLabel = "MODE",
      description = {
        "plan: say what would be done; reaches for nothing.",
        "check: look whether it could be done; changes nothing.",
        "drill: do it on an environment that is not protected, and put its data back; of a rebuild,"
            + " on a machine on which nothing of the environment is.",
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

  @Option(
      names = "--configuration-backup",
      paramLabel = "ID",
      description =
          "Of a rebuild: the backup that files are restored from; the newest good one that holds"
              + " them unless given.")
  private @Nullable String configuration;

  @Mixin private RestoreOptions options = new RestoreOptions();

  /** As the plan is executed unless another mode is asked for. */
  private static Mode executedAs(String name) {
    return RecoveryPlans.isOnlyDrill(name) ? Mode.DRILL : Mode.RECOVERY;
  }

  Mode mode(String name) {
    if (mode == null) {
      return executedAs(name);
    }
    if (mode == Mode.RECOVERY && RecoveryPlans.isOnlyDrill(name)) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "recovery plan %s is a rehearsal, whatever it is executed as".formatted(name),
          "leave --mode out, or say drill; to recover in earnest, use recovery plan database.");
    }
    return mode;
  }

  /** USAGE where one backup is named and several environments are meant. */
  void requireNoBackup() {
    if (options.namesBackup() || configuration != null) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "a backup is of one environment, and all of them are meant",
          "leave it out, or name the environment.");
    }
  }

  Confirmation confirmation(Session session) {
    return options.confirmation(session);
  }

  /** What was confirmed, of a plan that replaces data; else nothing has to be. */
  String confirmed(Session session, String name, Environment of) {
    RecoveryPlans plans = new Recovery(session).plans();
    if (mode(name) != Mode.RECOVERY) {
      return RecoveryPlans.confirmedBy(of);
    }
    if (!plans.replacesData(name)) {
      return "";
    }
    return options
        .confirmation(session)
        .of(
            List.of(
                of.database()
                    .map(
                        database ->
                            "The data of database %s of environment %s will be replaced."
                                .formatted(Format.quote(database.name()), of.name()))
                    .orElse("Files of environment %s will be replaced.".formatted(of.name())),
                "It is set aside, not dropped: `drp restore-undo` goes back."),
            RecoveryPlans.confirmedBy(of));
  }

  /** The plan as it would be executed. */
  Explanation explain(Session session, String name, Environment of) {
    RecoveryPlans plans = new Recovery(session).plans();
    return session
        .executions()
        .explain(
            plans.plan(name, of.name(), request(plans, name, of, RecoveryPlans.confirmedBy(of))),
            executedAs(name));
  }

  /**
   * Executes it, in another mode than PLAN.
   *
   * @param confirmed the name that was confirmed
   */
  Execution execute(Session session, String name, Environment of, String confirmed) {
    Recovery recovery = new Recovery(session);
    RecoveryPlans plans = recovery.plans();
    RecoveryPlan plan = plans.plan(name, of.name(), request(plans, name, of, confirmed));
    Mode asked = mode(name);
    return recovery.engine().execute(plan, asked, recovery.listener(plan, asked));
  }

  /** Says which options lift a refusal of what was executed. */
  void explainRefusal(Session session, String name, Environment of, Execution execution) {
    RecoveryPlans plans = new Recovery(session).plans();
    if (execution.exitStatus() == ExitStatus.REFUSED
        && mode(name) == Mode.RECOVERY
        && plans.replacesData(name)) {
      boolean logical = kind(plans, name, of) == BackupKind.LOGICAL;
      options.explainRefusal(session, execution, RecoveryPlans.confirmedBy(of), logical);
    }
  }

  private RecoverRequest request(
      RecoveryPlans plans, String name, Environment of, String confirmed) {
    BackupKind from = kind(plans, name, of);
    if (from != BackupKind.LOGICAL && from != BackupKind.PHYSICAL) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "no data is restored from backups of kind " + Format.word(from),
          "logical and physical are the kinds with data.");
    }
    return new RecoverRequest(
        options.request(confirmed),
        from,
        Optional.ofNullable(configuration).map(BackupsCommand::id));
  }

  private BackupKind kind(RecoveryPlans plans, String name, Environment of) {
    return kind == null ? plans.kindOf(name).orElseGet(() -> plans.usualKind(of.name())) : kind;
  }
}
