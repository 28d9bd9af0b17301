package dev.drp.cli;

import dev.drp.ExitStatus;
import dev.drp.assessment.Drift;
import dev.drp.assessment.FindDrift;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.LoadedPlan;
import dev.drp.plan.NotActedOn;
import dev.drp.plan.PlanFinding;
import dev.drp.plan.PlanProblem;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drp plan}: about the plan file. */
@Command(
    name = "plan",
    description = "Check the plan file, and compare it with what there is.",
    subcommands = {PlanCommand.Check.class, PlanCommand.Drifts.class})
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

  /** {@code drp plan drift}. */
  @Command(
      name = "drift",
      description = {
        "Compare the plan with what there is: what it names and does not exist, with the nearest"
            + " name that does, and what exists and nothing in it brings back.",
        "Exit code 1 when something is missing or could not be told, 3 when all that was found is"
            + " unprotected."
      })
  static final class Drifts extends DrpCommand {
    @Parameters(
        index = "0",
        arity = "0..1",
        paramLabel = "ENVIRONMENT",
        description = "Name of the environment in the plan; all of them if left out.")
    private @Nullable String environment;

    @Mixin private PatienceOption patience = new PatienceOption();

    @Override
    ExitStatus run(Session session) {
      List<Drift> drifts =
          new FindDrift(session.plan(), session.surroundings(), patience.limits())
              .find(Optional.ofNullable(environment));
      session.print(() -> json(drifts), out -> print(drifts, session.loadedPlan(), out));
      return Drift.exitStatus(drifts);
    }

    private static Json json(List<Drift> drifts) {
      return Json.object()
          .put(
              "drifts",
              drifts.stream()
                  .map(
                      it ->
                          Json.object()
                              .put("kind", it.kind())
                              .put("path", it.path())
                              .put("name", it.name())
                              .put("nearest", it.nearest())
                              .put("what", it.what()))
                  .toList());
    }

    private static void print(List<Drift> drifts, LoadedPlan loaded, Console out) {
      if (drifts.isEmpty()) {
        out.line(out.good("the plan and what there is agree"));
        return;
      }
      Table table = Table.of("", "", "");
      for (Drift it : drifts) {
        String line =
            loaded.line(it.path()).isPresent()
                ? " (line %d)".formatted(loaded.line(it.path()).getAsInt())
                : "";
        table.row(
            kind(it.kind(), out),
            it.path() + out.dim(line),
            it.what() + it.nearest().map(name -> "; did you mean " + name + "?").orElse(""));
      }
      table.lines().forEach(out::line);
    }

    private static String kind(Drift.Kind kind, Console out) {
      return switch (kind) {
        case MISSING -> out.bad("missing");
        case UNKNOWN -> out.warning("not known");
        case UNPROTECTED -> out.warning("unprotected");
      };
    }
  }
}
