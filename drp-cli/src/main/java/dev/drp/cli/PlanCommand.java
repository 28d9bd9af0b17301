package dev.drp.cli;

import dev.drp.ExitStatus;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.LoadedPlan;
import dev.drp.plan.NotActedOn;
import dev.drp.plan.PlanFinding;
import dev.drp.plan.PlanProblem;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code drp plan}: about the plan file. */
@Command(name = "plan", description = "Check the plan file.", subcommands = PlanCommand.Check.class)
final class PlanCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw Drp.noCommand(spec);
  }

  /** {@code drp plan check}. */
  @Command(
      name = "check",
      description = {
        "Report everything that is wrong with the plan file, what it contradicts, and what it says"
            + " that nothing acts on yet.",
        "Exit code 2 if it has errors. Contradictions are reported, but fail nothing."
      })
  static final class Check extends DrpCommand {
    @Override
    ExitStatus run(Session session) {
      LoadedPlan loaded = session.loadedPlan();
      List<PlanFinding> findings = session.planFindings();
      session.print(() -> json(loaded, findings), out -> print(loaded, findings, out));
      return loaded.plan().isPresent() ? ExitStatus.OK : ExitStatus.USAGE;
    }

    private static Json json(LoadedPlan loaded, List<PlanFinding> findings) {
      return Json.object()
          .put("file", loaded.file().toString())
          .put("valid", loaded.plan().isPresent())
          .put("application", loaded.plan().map(ContingencyPlan::application))
          .put("problems", loaded.problems().stream().map(Check::json).toList())
          .put("findings", findings.stream().map(Check::json).toList())
          .put(
              "notActedOn",
              loaded.notActedOn().stream()
                  .map(
                      it ->
                          Json.object()
                              .put("path", it.path())
                              .put("line", it.line())
                              .put("value", it.value().isEmpty() ? null : it.value()))
                  .toList());
    }

    private static Json json(PlanProblem problem) {
      return Json.object()
          .put("severity", problem.severity())
          .put("line", problem.line())
          .put("column", problem.column())
          .put("path", problem.path())
          .put("found", problem.found())
          .put("expected", problem.expected())
          .put("nearest", problem.nearest().isEmpty() ? null : problem.nearest())
          .put("hint", problem.hint().isEmpty() ? null : problem.hint());
    }

    static Json json(PlanFinding finding) {
      return Json.object()
          .put("rule", finding.rule().id())
          .put("path", finding.path())
          .put("line", finding.line())
          .put("message", finding.message());
    }

    private static void print(LoadedPlan loaded, List<PlanFinding> findings, Console out) {
      for (PlanProblem problem : loaded.problems()) {
        out.line(
            switch (problem.severity()) {
                  case ERROR -> out.bad("error");
                  case WARNING -> out.warning("warning");
                }
                + "  "
                + problem);
      }
      if (!findings.isEmpty()) {
        section(out, loaded.problems().isEmpty(), "Contradictions and gaps:");
        Table table = Table.of("", ">", "", "");
        findings.forEach(
            it -> table.row("", line(it.line().orElse(0)), it.rule().id(), it.message()));
        table.lines().forEach(out::line);
      }
      List<NotActedOn> idle = loaded.notActedOn();
      if (!idle.isEmpty()) {
        section(
            out,
            loaded.problems().isEmpty() && findings.isEmpty(),
            "Not acted on yet: drp checks the shape of these and does nothing with them.");
        Table table = Table.of("", ">", "");
        idle.forEach(
            it ->
                table.row(
                    "",
                    line(it.line()),
                    it.path() + (it.value().isEmpty() ? "" : ": " + it.value())));
        table.lines().forEach(out::line);
      }
      section(
          out,
          loaded.problems().isEmpty() && findings.isEmpty() && idle.isEmpty(),
          loaded
              .plan()
              .map(plan -> out.good("valid") + ": " + summary(plan))
              .orElseGet(
                  () ->
                      out.bad("invalid")
                          + ": "
                          + Format.count(errors(loaded), "error", "errors")
                          + " in "
                          + loaded.file()));
    }

    private static void section(Console out, boolean first, String heading) {
      if (!first) {
        out.line();
      }
      out.line(heading);
    }

    private static String line(int line) {
      return line == 0 ? "" : "line " + line;
    }

    private static long errors(LoadedPlan loaded) {
      return loaded.problems().stream()
          .filter(it -> it.severity() == PlanProblem.Severity.ERROR)
          .count();
    }

    private static String summary(ContingencyPlan plan) {
      return "%s, %s, %s, %s, %s"
          .formatted(
              plan.application(),
              Format.count(plan.environments().size(), "environment", "environments"),
              Format.count(plan.storages().size(), "storage", "storages"),
              Format.count(plan.backups().size(), "backup schedule", "backup schedules"),
              Format.count(plan.drills().size(), "drill", "drills"));
    }
  }
}
