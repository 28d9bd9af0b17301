package dev.drp.report;

import static dev.drp.report.MarkdownPage.inline;

import dev.drp.procedure.DrillResult;
import dev.drp.procedure.RestoreDatabase;
import dev.drp.procedure.SetAside;
import dev.drp.recovery.Decision;
import dev.drp.recovery.Execution;
import dev.drp.recovery.Finding;
import dev.drp.recovery.Group;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Mode;
import dev.drp.recovery.ObjectiveState;
import dev.drp.recovery.PhaseExecution;
import dev.drp.recovery.Problem;
import dev.drp.recovery.StepExecution;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** A report as a page of Markdown. */
final class MarkdownReport {
  private static final String NONE = "–";

  private final Wording words;
  private final Execution execution;
  private final MarkdownPage page = new MarkdownPage();

  MarkdownReport(Wording words, Execution execution) {
    this.words = words;
    this.execution = execution;
  }

  String text() {
    title();
    objectives();
    problem();
    timeline();
    phases();
    findings(Finding.Kind.FACT);
    findings(Finding.Kind.EXPECTATION);
    findings(Finding.Kind.CHECK);
    warnings();
    exceptions();
    whatIsLeft();
    nextActions();
    evidence();
    return page.toString();
  }

  private void title() {
    String kind = execution.mode() == Mode.DRILL ? "title.drill" : "title.recovery";
    line("# " + words.text(kind, planName(), inline(execution.environment())));
    line("");
    Optional<DrillResult> drill = NextActions.drill(execution);
    String outcome =
        drill.map(result -> words.of(result.outcome())).orElse(words.of(execution.state()));
    line("**" + outcome + "**");
    line("");
    table(words.text("head.fact"), words.text("head.value"));
    row(words.text("application"), inline(execution.application()));
    row(words.text("environment"), inline(execution.environment()));
    row(words.text("execution"), code(execution.id().value()));
    row(words.text("mode"), words.of(execution.mode()));
    row(words.text("state"), words.of(execution.state()));
    drill.ifPresent(result -> row(words.text("cleanup"), words.of(result.cleanup())));
    value("backup", "backup");
    value("storage", "storage");
    value("sandbox", "sandbox");
    Optional.ofNullable(execution.arguments().get("seed"))
        .ifPresent(seed -> row(words.text("seed"), code(seed)));
    row(words.text("started"), words.of(execution.startedAt()));
    row(words.text("attempts"), String.valueOf(execution.attempts()));
    row(words.text("machine-time"), words.of(execution.machineTime()));
    row(words.text("waiting-time"), words.of(execution.waitingTime()));
    line("");
  }

  private String planName() {
    return words.textOr("plan." + execution.plan(), execution.plan());
  }

  private void value(String key, String name) {
    execution.value(name).ifPresent(value -> row(words.text(key), code(value)));
  }

  private void objectives() {
    heading("objectives");
    table(
        words.text("head.objective"),
        words.text("head.wanted"),
        words.text("head.actual"),
        words.text("head.result"));
    objective(
        "recovery-time",
        execution.objectives().recoveryTime(),
        execution.recoveryTimeActual(),
        execution.recoveryTimeObjective());
    objective(
        "recovery-point",
        execution.objectives().recoveryPoint(),
        execution.recoveryPointActual(),
        execution.recoveryPointObjective());
    line("");
    line(words.text(execution.mode() == Mode.DRILL ? "how.drill" : "how.recovery"));
    line("");
  }

  private void objective(
      String key, Optional<Duration> wanted, Optional<Duration> actual, ObjectiveState state) {
    row(
        words.text(key),
        wanted.map(words::of).orElse(NONE),
        actual.map(words::of).orElse(NONE),
        words.of(state));
  }

  private void problem() {
    Optional<Problem> problem = execution.problem();
    if (problem.isEmpty()) {
      return;
    }
    heading("problem");
    line("- " + code(problem.get().code().name()) + ": " + inline(problem.get().problem()));
    line("- " + words.text("hint") + ": " + inline(problem.get().hint()));
    if (!execution.whatStands().isEmpty()) {
      line("- " + words.text("what-stands") + ": " + inline(execution.whatStands()));
    }
    line("");
  }

  private void timeline() {
    heading("timeline");
    table(words.text("head.instant"), words.text("head.point"), "");
    Arrays.stream(MeasuringPoint.values())
        .flatMap(
            point -> execution.reached(point).map(instant -> Map.entry(instant, point)).stream())
        .sorted(Comparator.comparing(Map.Entry<Instant, MeasuringPoint>::getKey))
        .forEach(
            entry ->
                row(
                    words.of(entry.getKey()),
                    code(entry.getValue().symbol()),
                    words.of(entry.getValue())));
    line("");
  }

  private void phases() {
    heading("steps");
    table(
        words.text("head.step"),
        words.text("head.state"),
        words.text("head.began"),
        words.text("head.took"));
    for (PhaseExecution phase : execution.phases()) {
      row(
          "**" + words.textOr("phase." + phase.name(), inline(phase.name())) + "**",
          "",
          phase.target().map(target -> "≤ " + words.of(target)).orElse(""),
          "**" + words.of(phase.took()) + "**");
      for (Group<StepExecution> group : phase.groups()) {
        group
            .name()
            .ifPresent(
                name ->
                    row(
                        "*" + inline(name) + "*",
                        words.text("at-once"),
                        "",
                        "*" + words.of(PhaseExecution.took(group)) + "*"));
        group.steps().forEach(this::step);
      }
    }
    line("");
    String notDone =
        execution.steps().stream()
            .filter(step -> step.begun() == 0)
            .map(step -> words.textOr("step." + step.name(), inline(step.name())))
            .collect(Collectors.joining(", "));
    if (!notDone.isEmpty()) {
      line(words.text("not-executed") + ": " + notDone + ".");
      line("");
    }
  }

  private void step(StepExecution step) {
    row(
        words.textOr("step." + step.name(), inline(step.name())),
        words.of(step.state()),
        step.startedAt().map(words::of).orElse(NONE),
        step.took().map(words::of).orElse(NONE));
  }

  private List<Finding> all(Finding.Kind kind) {
    return execution.steps().stream()
        .flatMap(step -> step.findings().stream())
        .filter(finding -> finding.kind() == kind)
        .toList();
  }

  private void findings(Finding.Kind kind) {
    List<Finding> findings = all(kind);
    if (findings.isEmpty()) {
      return;
    }
    heading("kind." + kind.name());
    table(
        words.text("head.subject"),
        words.text("head.expected"),
        words.text("head.actual"),
        words.text("head.result"));
    for (Finding finding : findings) {
      row(
          inline(finding.subject()),
          finding.expected().isEmpty() ? NONE : inline(finding.expected()),
          inline(finding.actual()),
          words.text(finding.met() ? "met" : "not-met"));
    }
    line("");
  }

  private void warnings() {
    List<Finding> warnings = all(Finding.Kind.WARNING);
    if (warnings.isEmpty()) {
      return;
    }
    heading("kind.WARNING");
    warnings.forEach(
        warning -> line("- " + inline(warning.subject()) + ": " + inline(warning.actual())));
    line("");
  }

  private void exceptions() {
    if (execution.exceptions().isEmpty() && execution.decisions().isEmpty()) {
      return;
    }
    heading("exceptions");
    for (StepExecution step : execution.exceptions()) {
      line(
          "- %s: %s"
              .formatted(
                  words.textOr("step." + step.name(), inline(step.name())),
                  step.problem().map(problem -> inline(problem.problem())).orElse(NONE)));
    }
    for (Decision decision : execution.decisions()) {
      line(
          "- "
              + words.text(
                  "decision",
                  inline(decision.who()),
                  decision.kind().name(),
                  inline(decision.step()),
                  inline(decision.reason())));
    }
    line("");
  }

  private void whatIsLeft() {
    heading("left");
    Optional<String> aside = RestoreDatabase.setAside(execution).map(SetAside::database);
    Optional<DrillResult> drill = NextActions.drill(execution);
    if (aside.isPresent()) {
      line("- " + words.text("left.aside", code(aside.get())));
    } else if (drill.isPresent()) {
      line(
          "- "
              + words.text(
                  drill.get().cleanup() == DrillResult.Cleanup.DONE
                      ? "left.nothing-proven"
                      : "left.something"));
    } else if (execution.whatStands().isEmpty()) {
      line("- " + words.text("left.nothing"));
    } else {
      line("- " + inline(execution.whatStands()));
    }
    line("");
  }

  private void nextActions() {
    heading("next");
    List<String> actions = NextActions.of(execution);
    if (actions.isEmpty()) {
      line("- " + words.text("action.none"));
    }
    actions.forEach(action -> line("- " + words.text(action, execution.id().value())));
    line("");
  }

  private void evidence() {
    heading("evidence");
    line(
        words.text(
            "evidence.text",
            code("executions/" + execution.id() + ".jsonl"),
            code(execution.evidence())));
  }

  private void heading(String key) {
    line("## " + words.text(key));
    line("");
  }

  private void table(String... heads) {
    page.table(heads);
  }

  private void row(String... cells) {
    page.row(cells);
  }

  private void line(String text) {
    page.line(text);
  }

  /** For text of ours without backticks, such as ids and hashes; anything else is escaped. */
  private static String code(String text) {
    return text.matches("[\\w .,:;/@()+-]*") ? "`" + text + "`" : inline(text);
  }
}
