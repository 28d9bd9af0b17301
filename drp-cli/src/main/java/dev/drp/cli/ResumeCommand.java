package dev.drp.cli;

import dev.drp.ExitStatus;
import dev.drp.procedure.DrillRestore;
import dev.drp.recovery.Decision;
import dev.drp.recovery.Execution;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drp resume}. */
@Command(
    name = "resume",
    description = {
      "Go on with an execution that was interrupted or paused.",
      "A step whose outcome is not known is looked at, not repeated blindly; where nobody can tell,"
          + " you decide."
    })
final class ResumeCommand extends DrpCommand {
  @Parameters(index = "0", paramLabel = "EXECUTION", description = "The execution.")
  private String id;

  @Option(
      names = "--retry",
      paramLabel = "STEP",
      description = "Do this step again without looking first.")
  private List<String> retry = List.of();

  @Option(names = "--done", paramLabel = "STEP", description = "This step is done: go past it.")
  private List<String> done = List.of();

  @Option(
      names = "--ignore",
      paramLabel = "STEP",
      description = "Go on without this step. The journal and the outcome say so.")
  private List<String> ignore = List.of();

  @Option(
      names = "--reason",
      paramLabel = "TEXT",
      description = "Why you decided so; the journal keeps it.")
  private String reason = "";

  @Override
  ExitStatus run(Session session) {
    Recovery recovery = new Recovery(session);
    Execution before = recovery.execution(ExecutionsCommand.id(id));
    Execution execution =
        recovery.engine().resume(before.id(), decisions(), recovery::planOf, recovery.listener());
    return execution.plan().equals(DrillRestore.NAME)
        ? DrillCommand.report(session, execution)
        : RestoreCommand.report(session, execution);
  }

  private List<Decision> decisions() {
    List<Decision> decisions = new ArrayList<>();
    String who = System.getProperty("user.name", "unknown");
    retry.forEach(it -> decisions.add(new Decision(it, Decision.Kind.RETRY, who, reason)));
    done.forEach(it -> decisions.add(new Decision(it, Decision.Kind.DONE, who, reason)));
    ignore.forEach(it -> decisions.add(new Decision(it, Decision.Kind.IGNORE, who, reason)));
    return decisions;
  }
}
