package dev.drp.cli;

import static dev.drp.plan.PlannedRecovery.REBUILD;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.plan.Environment;
import dev.drp.procedure.RecoveryPlans;
import dev.drp.recovery.Execution;
import dev.drp.recovery.Explanation;
import dev.drp.recovery.Mode;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drp rebuild}. */
@Command(
    name = REBUILD,
    description = {
      "After a total loss, bring an environment back on an empty machine with Docker, from the"
          + " storages alone: configuration, images, volumes, data, services, proxy,"
          + " firewall, validation.",
      "The short name of `drp recover rebuild ENVIRONMENT`."
    })
final class RebuildCommand extends DrpCommand {
  @ArgGroup(multiplicity = "1")
  private Which which = new Which();

  @Mixin private RecoverOptions options = new RecoverOptions();

  /** Which environments. */
  private static final class Which {
    @Parameters(paramLabel = "ENVIRONMENT", description = "The environment.")
    private String environment = "";

    @Option(
        names = "--all",
        description =
            "All environments of the plan that have a Compose project, in its order, one after the"
                + " other, until one fails. What is confirmed is the application's name.")
    private boolean all;
  }

  @Override
  ExitStatus run(Session session) {
    if (!which.all) {
      return RecoverCommand.run(
          session, options, REBUILD, session.plan().environment(which.environment));
    }
    options.requireNoBackup();
    List<Environment> environments =
        session.plan().environments().values().stream()
            .filter(it -> it.compose().isPresent())
            .toList();
    if (environments.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.NOT_IN_PLAN,
          "no environment of the plan has a Compose project",
          "add environments.NAME.compose to the plan.");
    }
    return options.mode(REBUILD) == Mode.PLAN
        ? explain(session, environments)
        : execute(session, environments);
  }

  private ExitStatus explain(Session session, List<Environment> environments) {
    List<Explanation> explanations =
        environments.stream().map(of -> options.explain(session, REBUILD, of)).toList();
    session.print(
        () ->
            Json.object()
                .put("plans", explanations.stream().map(ExecutionJson::explanation).toList()),
        out -> explanations.forEach(it -> ExecutionText.print(it, out)));
    return ExitStatus.OK;
  }

  private ExitStatus execute(Session session, List<Environment> environments) {
    if (options.mode(REBUILD) == Mode.RECOVERY) {
      options
          .confirmation(session)
          .require(
              List.of(
                  "Files and data of these environments will be replaced: %s."
                      .formatted(names(environments)),
                  "They are set aside, not removed."),
              session.plan().application());
    }
    List<Execution> executions = new ArrayList<>();
    ExitStatus status = ExitStatus.OK;
    for (Environment of : environments) {
      Execution execution = options.execute(session, REBUILD, of, RecoveryPlans.confirmedBy(of));
      executions.add(execution);
      session.reports().write(execution);
      status = execution.exitStatus();
      if (status != ExitStatus.OK) {
        break;
      }
    }
    report(session, executions, environments.subList(executions.size(), environments.size()));
    return status;
  }

  private static void report(
      Session session, List<Execution> executions, List<Environment> notBegun) {
    session.print(
        () ->
            Json.object()
                .put(
                    "executions",
                    executions.stream()
                        .map(
                            it ->
                                Json.object()
                                    .put("environment", it.environment())
                                    .put("execution", it.id().value())
                                    .put("state", it.state()))
                        .toList())
                .put("notBegun", notBegun.stream().map(Environment::name).toList()),
        out -> {
          for (Execution execution : executions) {
            ExecutionText.summary(execution, out);
            out.line();
          }
          if (!notBegun.isEmpty()) {
            out.line("not begun: " + names(notBegun));
          }
        });
  }

  private static String names(List<Environment> environments) {
    return String.join(", ", environments.stream().map(Environment::name).toList());
  }
}
