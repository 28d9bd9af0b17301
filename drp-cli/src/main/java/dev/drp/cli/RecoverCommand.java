package dev.drp.cli;

import dev.drp.ExitStatus;
import dev.drp.plan.Environment;
import dev.drp.recovery.Execution;
import dev.drp.recovery.Explanation;
import dev.drp.recovery.Mode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
      "volumes: bring back the files of volumes, but the database's, that are lost or empty.",
      "rebuild: after a total loss, bring back configuration, images, volumes, data, services,"
          + " proxy and firewall on an empty machine with Docker.",
      "network: ask name servers, addresses and the proxy, which is restarted if it does not"
          + " answer; then ask the domains as visitors do.",
      "simulate: a disaster on an environment that is not protected. The data is restored and the"
          + " time taken; then everything is put back as it was, whatever came of it.",
      "Any other: the plan's own of that name, in recovery-plans."
    })
final class RecoverCommand extends DrpCommand {
  @Parameters(index = "0", paramLabel = "NAME", description = "The recovery plan.")
  private String name;

  @Parameters(index = "1", paramLabel = "ENVIRONMENT", description = "The environment.")
  private String environment;

  @Mixin private RecoverOptions options = new RecoverOptions();

  @Override
  ExitStatus run(Session session) {
    return run(session, options, name, session.plan().environment(environment));
  }

  /** Executes a recovery plan on one environment, or explains it. */
  static ExitStatus run(Session session, RecoverOptions options, String name, Environment of) {
    if (options.mode(name) == Mode.PLAN) {
      Explanation explanation = options.explain(session, name, of);
      session.print(
          () -> ExecutionJson.explanation(explanation),
          out -> ExecutionText.print(explanation, out));
      return ExitStatus.OK;
    }
    Execution execution = options.execute(session, name, of, options.confirmed(session, name, of));
    ExitStatus status = RestoreCommand.report(session, execution);
    options.explainRefusal(session, name, of, execution);
    return status;
  }
}
