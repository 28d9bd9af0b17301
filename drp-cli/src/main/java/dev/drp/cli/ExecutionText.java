package dev.drp.cli;

import dev.drp.recovery.Execution;
import dev.drp.recovery.Explanation;
import dev.drp.recovery.Explanation.ExplainedPhase;
import dev.drp.recovery.Explanation.ExplainedStep;
import dev.drp.recovery.Finding;
import dev.drp.recovery.Forecast;
import dev.drp.recovery.Group;
import dev.drp.recovery.Mode;
import dev.drp.recovery.ObjectiveState;
import dev.drp.recovery.PhaseExecution;
import dev.drp.recovery.Problem;
import dev.drp.recovery.StepExecution;
import dev.drp.recovery.StepState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Executions for people. */
final class ExecutionText {
  private ExecutionText() {}

  /** How it went, step by step, and what to do next. */
  static void print(Execution execution, Console out) {
    facts(execution, out);
    execution.phases().forEach(phase -> print(phase, out));
    outcome(execution, out);
  }

  /** The same without the steps: what was measured, what was not as it should be, what to do. */
  static void summary(Execution execution, Console out) {
    facts(execution, out);
    execution.phases().forEach(phase -> findings(phase, out));
    outcome(execution, out);
  }

  private static void facts(Execution execution, Console out) {
    out.line(
        "execution %s  %s of %s, mode %s: %s"
            .formatted(
                out.bold(execution.id().value()),
                execution.plan(),
                execution.environment(),
                Format.word(execution.mode()),
                state(execution, out)));
    Table facts =
        Table.of("", "", "")
            .row("", "started", Format.instant(execution.startedAt(), out.zone()))
            .row("", "took", took(execution));
    execution.value("backup").ifPresent(it -> facts.row("", "backup", it));
    if (execution.mode() != Mode.CHECK) {
      facts
          .row(
              "",
              "recovery time",
              measured(
                  execution.recoveryTimeActual(),
                  execution.objectives().recoveryTime(),
                  execution.recoveryTimeObjective(),
                  out))
          .row(
              "",
              "recovery point",
              measured(
                  execution.recoveryPointActual(),
                  execution.objectives().recoveryPoint(),
                  execution.recoveryPointObjective(),
                  out));
    }
    facts.lines().forEach(out::line);
  }

  /** What went wrong, what stands, what to do next. */
  private static void outcome(Execution execution, Console out) {
    List<String> lines = new ArrayList<>();
    execution.problem().ifPresent(problem -> lines.addAll(problem(problem, out)));
    if (!execution.whatStands().isEmpty()) {
      execution.whatStands().lines().forEach(lines::add);
    }
    lines.addAll(next(execution));
    if (!lines.isEmpty()) {
      out.line();
      lines.forEach(out::line);
    }
  }

  private static List<String> problem(Problem problem, Console out) {
    List<String> lines = new ArrayList<>();
    (out.bad("problem") + ": " + problem.problem()).lines().forEach(lines::add);
    ("HINT: " + problem.hint()).lines().forEach(lines::add);
    return lines;
  }

  private static List<String> next(Execution execution) {
    return switch (execution.state()) {
      case AWAITING_COMMIT ->
          List.of(
              "It is in place. The way back is kept until it is committed:",
              "  drp restore-undo %s      goes back".formatted(execution.id()),
              "  drp restore-commit %s    gives up the way back".formatted(execution.id()));
      case PAUSED_BY_FAILED_STEP, INTERRUPTED ->
          execution.mode() == Mode.DRILL
              ? List.of(
                  "It waits for you; the next drill removes what it left:",
                  "  drp resume %s    goes on".formatted(execution.id()))
              : List.of(
                  "It waits for you:",
                  "  drp resume %s            goes on".formatted(execution.id()),
                  "  drp abort %s --reason WHY      takes back what it did"
                      .formatted(execution.id()));
      case IN_PROGRESS, COMPLETED, COMPLETED_WITH_EXCEPTIONS, FAILED, ROLLED_BACK -> List.of();
    };
  }

  static String state(Execution execution, Console out) {
    String name = execution.state().name();
    return switch (execution.state()) {
      case COMPLETED, AWAITING_COMMIT -> out.good(name);
      case IN_PROGRESS, ROLLED_BACK -> name;
      case COMPLETED_WITH_EXCEPTIONS, PAUSED_BY_FAILED_STEP, INTERRUPTED -> out.warning(name);
      case FAILED -> out.bad(name);
    };
  }

  private static String took(Execution execution) {
    Duration waited = execution.waitingTime();
    return Format.duration(execution.machineTime())
        + (waited.isZero() ? "" : ", and %s waiting for people".formatted(Format.duration(waited)))
        + (execution.attempts() > 1 ? ", in %d attempts".formatted(execution.attempts()) : "");
  }

  /** {@code 12m 3s of 4h MET}. */
  static String measured(
      Optional<Duration> actual, Optional<Duration> objective, ObjectiveState state, Console out) {
    String text =
        actual.map(Format::duration).orElse("not measured")
            + objective.map(it -> ", objective " + Format.duration(it)).orElse(", no objective");
    return objective.isEmpty() ? text : text + "  " + state(state, out);
  }

  static String state(ObjectiveState state, Console out) {
    return switch (state) {
      case MET -> out.good("MET");
      case MISSED -> out.bad("MISSED");
      case NOT_MEASURED -> out.warning("NOT MEASURED");
    };
  }

  private static void print(PhaseExecution phase, Console out) {
    out.line();
    String target =
        phase.target().map(it -> ", target " + Format.duration(it)).orElse("")
            + (phase.commit() ? ", when committed" : "");
    out.line("%s  (%s%s)".formatted(out.bold(phase.name()), Format.duration(phase.took()), target));
    Table table = Table.of("", "", "", ">");
    for (Group<StepExecution> group : phase.groups()) {
      group
          .name()
          .ifPresent(
              name -> table.row("", "at once", name, Format.duration(PhaseExecution.took(group))));
      for (StepExecution step : group.steps()) {
        table.row(
            "",
            state(step.state(), out),
            indent(group) + step.name(),
            step.took().map(Format::duration).orElse(""));
      }
    }
    table.lines().forEach(out::line);
    findings(phase, out);
  }

  private static String indent(Group<?> group) {
    return group.name().isPresent() ? "  " : "";
  }

  /** What steps found not to be as it should be. */
  private static void findings(PhaseExecution phase, Console out) {
    for (StepExecution step : phase.steps()) {
      step.findings().stream()
          .filter(finding -> !finding.met())
          .map(finding -> "  %s: %s".formatted(out.warning(step.name()), finding(finding)))
          .forEach(out::line);
    }
  }

  private static String finding(Finding finding) {
    return finding.expected().isEmpty()
        ? finding.subject() + ": " + finding.actual()
        : "%s: expected %s, found %s"
            .formatted(finding.subject(), finding.expected(), finding.actual());
  }

  static String state(StepState state, Console out) {
    String name = Format.word(state);
    return switch (state) {
      case SUCCEEDED, ALREADY_DONE -> out.good(name);
      case NOT_STARTED, RUNNING, SKIPPED, UNDOING, UNDONE -> name;
      case FAILED_IGNORED, UNKNOWN -> out.warning(name);
      case FAILED, TIMED_OUT, UNDO_FAILED -> out.bad(name);
    };
  }

  /** What would be done. */
  static void print(Explanation explanation, Console out) {
    out.line(
        "%s of %s: what would be done, in this order; nothing is changed now"
            .formatted(explanation.plan(), explanation.environment()));
    if (!explanation.outlook().isEmpty()) {
      Table outlook = Table.of("", "", "");
      explanation.outlook().forEach((what, text) -> outlook.row("", what, text));
      outlook.lines().forEach(out::line);
    }
    for (ExplainedPhase phase : explanation.phases()) {
      out.line();
      String target =
          phase.target().map(it -> "  target " + Format.duration(it)).orElse("")
              + phase.forecast().map(it -> "  usually " + Format.duration(it.median())).orElse("")
              + (phase.commit() ? "  only when committed" : "");
      out.line(out.bold(phase.name()) + target);
      for (Group<ExplainedStep> group : phase.groups()) {
        group
            .name()
            .ifPresent(
                name ->
                    out.line(
                        "  %s  %s%s"
                            .formatted(
                                out.bold("at once"),
                                name,
                                usually(Optional.ofNullable(phase.groupForecasts().get(name))))));
        group.steps().forEach(step -> print(step, indent(group), out));
      }
    }
  }

  private static void print(ExplainedStep step, String indent, Console out) {
    out.line(
        "  %s  %s%s"
            .formatted(step.changes() ? out.warning("changes") : "reads  ", indent, step.name()));
    String below = "           " + indent;
    out.line(below + step.explanation());
    step.undo().ifPresent(undo -> out.line(below + "undo: " + undo));
    out.line(
        "%sif it fails: %s; at most %s%s"
            .formatted(
                below,
                step.onFailure().name().toLowerCase(Locale.ROOT),
                Format.duration(step.limit()),
                usually(step.forecast())));
  }

  private static String usually(Optional<Forecast> forecast) {
    return forecast.map(it -> ", usually " + Format.duration(it.median())).orElse("");
  }
}
