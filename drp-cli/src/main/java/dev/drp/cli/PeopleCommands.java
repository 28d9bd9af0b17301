package dev.drp.cli;

import dev.drp.ExitStatus;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionState;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What people say to an execution, from wherever they are on its machine. */
final class PeopleCommands {
  private PeopleCommands() {}

  /** What both have. */
  private abstract static class Word extends DrpCommand {
    @Parameters(index = "0", paramLabel = "EXECUTION", description = "The execution.")
    String id;

    @Option(
        names = "--by",
        paramLabel = "NAME",
        description = "Who says so; the account's name unless given.")
    String by = System.getProperty("user.name", "unknown");

    @Option(
        names = "--reason",
        paramLabel = "TEXT",
        required = true,
        description = "Why; the journal and the report keep it.")
    String reason;
  }

  /** {@code drp approve}. */
  @Command(
      name = "approve",
      description = {
        "Approve the step of an execution that waits for a person, or say that it is done.",
        "The process that runs the execution goes on by itself; one that has paused, with"
            + " `drp resume`."
      })
  static final class Approve extends Word {
    @Option(
        names = "--step",
        paramLabel = "STEP",
        description = "The step; the one that waits, or the next that will, unless given.")
    private @Nullable String step;

    @Override
    ExitStatus run(Session session) {
      Recovery recovery = new Recovery(session);
      Execution execution = recovery.execution(ExecutionsCommand.id(id));
      String approved =
          recovery.engine().approve(execution.id(), Optional.ofNullable(step), by, reason);
      boolean runs = execution.state() == ExecutionState.IN_PROGRESS;
      session.print(
          () ->
              Json.object()
                  .put("execution", execution.id().value())
                  .put("step", approved)
                  .put("by", by)
                  .put("running", runs),
          out -> {
            out.line("approved: step %s of execution %s".formatted(approved, execution.id()));
            if (!runs) {
              out.line("  drp resume %s    goes on".formatted(execution.id()));
            }
          });
      return ExitStatus.OK;
    }
  }

  /** {@code drp abort}. */
  @Command(
      name = "abort",
      description = {
        "Give an execution up: its running step is stopped, and what can be undone is undone, last"
            + " first.",
        "One that another process runs does so by itself; this returns once it was asked."
      })
  static final class Abort extends Word {
    @Override
    ExitStatus run(Session session) {
      Recovery recovery = new Recovery(session);
      Execution before = recovery.execution(ExecutionsCommand.id(id));
      Execution after =
          recovery.engine().abort(before.id(), by, reason, recovery::planOf, recovery.listener());
      if (after.state() == ExecutionState.IN_PROGRESS) {
        session.print(
            () ->
                Json.object()
                    .put("execution", after.id().value())
                    .put("state", after.state().name()),
            out ->
                out.line(
                    "asked: the process that runs execution %s stops and undoes what it can"
                        .formatted(after.id())));
        return ExitStatus.OK;
      }
      ExitStatus status = RestoreCommand.report(session, after);
      return after.state() == ExecutionState.ROLLED_BACK ? ExitStatus.OK : status;
    }
  }
}
