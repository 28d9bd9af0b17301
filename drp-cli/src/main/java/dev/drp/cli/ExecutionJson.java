package dev.drp.cli;

import dev.drp.recovery.Execution;
import dev.drp.recovery.Explanation;
import dev.drp.recovery.Explanation.ExplainedPhase;
import dev.drp.recovery.Explanation.ExplainedStep;
import dev.drp.recovery.Finding;
import dev.drp.recovery.Forecast;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.PhaseExecution;
import dev.drp.recovery.Problem;
import dev.drp.recovery.StepExecution;
import java.util.Optional;
import java.util.TreeMap;

/** Executions as JSON; see docs/cli.md. */
final class ExecutionJson {
  private ExecutionJson() {}

  /** A line of a list. */
  static Json entry(Execution execution) {
    return Json.object()
        .put("id", execution.id().value())
        .put("plan", execution.plan())
        .put("environment", execution.environment())
        .put("mode", execution.mode())
        .put("state", execution.state())
        .put("startedAt", execution.startedAt())
        .put("lastAt", execution.lastAt())
        .put("attempts", execution.attempts())
        .put("machineSeconds", execution.machineTime())
        .put("waitingSeconds", execution.waitingTime())
        .put("recoveryTime", objectives(execution, true))
        .put("recoveryPoint", objectives(execution, false))
        .put("problem", problem(execution.problem()))
        .put("whatStands", execution.whatStands())
        .put("exitCode", execution.exitStatus().code());
  }

  private static Json objectives(Execution execution, boolean time) {
    return time
        ? Json.object()
            .put("state", execution.recoveryTimeObjective())
            .put("objectiveSeconds", execution.objectives().recoveryTime())
            .put("actualSeconds", execution.recoveryTimeActual())
        : Json.object()
            .put("state", execution.recoveryPointObjective())
            .put("objectiveSeconds", execution.objectives().recoveryPoint())
            .put("actualSeconds", execution.recoveryPointActual());
  }

  /** Everything that its journal tells. */
  static Json full(Execution execution) {
    Json arguments = Json.object();
    new TreeMap<>(execution.arguments()).forEach(arguments::put);
    Json points = Json.object();
    for (MeasuringPoint point : MeasuringPoint.values()) {
      points.put(point.symbol(), execution.reached(point));
    }
    return entry(execution)
        .put("arguments", arguments)
        .put("measuringPoints", points)
        .put("phases", execution.phases().stream().map(ExecutionJson::phase).toList())
        .put(
            "decisions",
            execution.decisions().stream()
                .map(
                    it ->
                        Json.object()
                            .put("step", it.step())
                            .put("decision", it.kind())
                            .put("who", it.who())
                            .put("reason", it.reason()))
                .toList())
        .put("evidence", execution.evidence())
        .put("tornBytes", execution.tornBytes());
  }

  private static Json phase(PhaseExecution phase) {
    return Json.object()
        .put("name", phase.name())
        .put("commit", phase.commit())
        .put("targetSeconds", phase.target())
        .put("tookSeconds", phase.took())
        .put("steps", phase.steps().stream().map(ExecutionJson::step).toList());
  }

  private static Json step(StepExecution step) {
    return Json.object()
        .put("name", step.name())
        .put("explanation", step.explanation())
        .put("state", step.state())
        .put("begun", step.begun())
        .put("startedAt", step.startedAt())
        .put("tookSeconds", step.took())
        .put("findings", step.findings().stream().map(ExecutionJson::finding).toList())
        .put("problem", problem(step.problem()));
  }

  private static Json finding(Finding finding) {
    return Json.object()
        .put("kind", finding.kind())
        .put("subject", finding.subject())
        .put("expected", finding.expected())
        .put("actual", finding.actual())
        .put("met", finding.met());
  }

  private static Optional<Json> problem(Optional<Problem> problem) {
    return problem.map(
        it ->
            Json.object()
                .put("code", it.code())
                .put("problem", it.problem())
                .put("hint", it.hint()));
  }

  /** What would be done, in mode plan. */
  static Json explanation(Explanation explanation) {
    return Json.object()
        .put("plan", explanation.plan())
        .put("environment", explanation.environment())
        .put("mode", "PLAN")
        .put("recoveryTimeObjectiveSeconds", explanation.objectives().recoveryTime())
        .put("recoveryPointObjectiveSeconds", explanation.objectives().recoveryPoint())
        .put("phases", explanation.phases().stream().map(ExecutionJson::phase).toList());
  }

  private static Json phase(ExplainedPhase phase) {
    return Json.object()
        .put("name", phase.name())
        .put("commit", phase.commit())
        .put("targetSeconds", phase.target())
        .put("forecast", forecast(phase.forecast()))
        .put("steps", phase.steps().stream().map(ExecutionJson::step).toList());
  }

  private static Json step(ExplainedStep step) {
    return Json.object()
        .put("name", step.name())
        .put("explanation", step.explanation())
        .put("changes", step.changes())
        .put("limitSeconds", step.limit())
        .put("onFailure", step.onFailure())
        .put("modes", step.modes())
        .put("undo", step.undo())
        .put("always", step.always())
        .put("forecast", forecast(step.forecast()));
  }

  private static Optional<Json> forecast(Optional<Forecast> forecast) {
    return forecast.map(
        it ->
            Json.object()
                .put("samples", it.samples())
                .put("medianSeconds", it.median())
                .put("percentile95Seconds", it.percentile95()));
  }
}
