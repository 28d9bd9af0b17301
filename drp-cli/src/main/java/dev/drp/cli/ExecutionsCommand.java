package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionId;
import dev.drp.recovery.Executions;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code drp executions}. */
@Command(
    name = "executions",
    description = "List the restores and drills that this machine has run.",
    subcommands = ExecutionsCommand.Show.class)
final class ExecutionsCommand extends DrpCommand {
  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "ENVIRONMENT",
      description = "The environment; all unless given.")
  private @Nullable String environment;

  @Override
  ExitStatus run(Session session) {
    String application = session.plan().application();
    String only = environment == null ? null : session.plan().environment(environment).name();
    Executions.Listing listing = session.executions().list();
    List<Execution> executions =
        listing.executions().stream()
            .filter(it -> it.application().equals(application))
            .filter(it -> only == null || it.environment().equals(only))
            .toList();
    List<String> damaged = listing.damaged().stream().map(RecoveryException::problem).toList();
    session.print(
        () ->
            Json.object()
                .put("executions", executions.stream().map(ExecutionJson::entry).toList())
                .put("problems", damaged),
        out -> print(executions, damaged, session, out));
    return damaged.isEmpty() ? ExitStatus.OK : ExitStatus.PARTIAL;
  }

  private static void print(
      List<Execution> executions, List<String> damaged, Session session, Console out) {
    if (executions.isEmpty()) {
      out.line("no executions");
    } else {
      Table table =
          Table.of(
              "ID", "PLAN", "ENVIRONMENT", "MODE", "STATE", ">STARTED", ">TOOK", ">RECOVERY TIME");
      for (Execution it : executions) {
        table.row(
            it.id().value(),
            it.plan(),
            it.environment(),
            Format.word(it.mode()),
            ExecutionText.state(it, out),
            Format.relative(it.startedAt(), session.now()),
            Format.duration(it.machineTime()),
            it.recoveryTimeActual().map(Format::duration).orElse(""));
      }
      table.lines().forEach(out::line);
    }
    damaged.forEach(it -> out.line(out.bad("damaged") + ": " + it));
  }

  static ExecutionId id(String text) {
    if (!ExecutionId.isOne(text)) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "%s is not the id of an execution".formatted(Format.quote(text)),
          "an id looks like 20261122T101500Z-3f9a1c; `drp executions` lists them.");
    }
    return new ExecutionId(text);
  }

  /** {@code drp executions show}. */
  @Command(name = "show", description = "Show everything that the journal of an execution tells.")
  static final class Show extends DrpCommand {
    @Parameters(index = "0", paramLabel = "ID", description = "The execution.")
    private String id;

    @Override
    ExitStatus run(Session session) {
      Execution execution = session.executions().show(id(id));
      session.printJson(
          () -> session.reports().json(execution), out -> ExecutionText.print(execution, out));
      return ExitStatus.OK;
    }
  }
}
