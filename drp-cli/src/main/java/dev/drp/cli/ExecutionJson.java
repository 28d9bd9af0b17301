package dev.drp.cli;

import dev.drp.recovery.Execution;
import dev.drp.recovery.Explanation;
import dev.drp.recovery.Explanation.ExplainedPhase;
import dev.drp.recovery.Explanation.ExplainedStep;
import dev.drp.recovery.Forecast;
import dev.drp.recovery.ObjectiveState;
import dev.drp.recovery.Problem;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Lists of executions, and what would be done, as JSON; see docs/cli.md. */
final class ExecutionJson {
  private ExecutionJson() {}

  /** A line of a list; the fields are those of the report. */
  static Json entry(Execution execution) {
    return Json.object()
        .put("execution", execution.id().value())
        .put("plan", execution.plan())
        .put("environment", execution.environment())
        .put("mode", execution.mode())
        .put("state", execution.state())
        .put("startedAt", execution.startedAt())
        .put("lastAt", execution.lastAt())
        .put("attempts", execution.attempts())
        .put("machineSeconds", execution.machineTime())
        .put("waitingSeconds", execution.waitingTime())
        .put("backup", execution.value("backup"))
        .put(
            "objectives",
            Json.object()
                .put(
                    "recoveryTime",
                    objective(
                        execution.objectives().recoveryTime(),
                        execution.recoveryTimeActual(),
                        execution.recoveryTimeObjective()))
                .put(
                    "recoveryPoint",
                    objective(
                        execution.objectives().recoveryPoint(),
                        execution.recoveryPointActual(),
                        execution.recoveryPointObjective())))
        .put("problem", execution.problem().map(Problem::problem));
  }

  private static Json objective(
      Optional<Duration> objective, Optional<Duration> actual, ObjectiveState state) {
    return Json.object()
        .put("objectiveSeconds", objective)
        .put("actualSeconds", actual)
        .put("state", state);
  }

  /** What would be done, in mode plan. */
  static Json explanation(Explanation explanation) {
    return Json.object()
        .put("plan", explanation.plan())
        .put("environment", explanation.environment())
        .put("mode", "PLAN")
        .put("recoveryTimeObjectiveSeconds", explanation.objectives().recoveryTime())
        .put("recoveryPointObjectiveSeconds", explanation.objectives().recoveryPoint())
        .put("outlook", outlook(explanation.outlook()))
        .put("phases", explanation.phases().stream().map(ExecutionJson::phase).toList());
  }

  private static @Nullable Json outlook(Map<String, String> outlook) {
    return outlook.isEmpty()
        ? null
        : Json.object()
            .put("backup", outlook.get("backup"))
            .put("target", outlook.get("target"))
            .put("logToReplay", outlook.get("log to replay"))
            .put("forecast", outlook.get("forecast"));
  }

  private static Json phase(ExplainedPhase phase) {
    return Json.object()
        .put("name", phase.name())
        .put("commit", phase.commit())
        .put("targetSeconds", phase.target())
        .put("forecast", forecast(phase.forecast()))
        .put("groups", groups(phase.groupForecasts()))
        .put("steps", phase.steps().stream().map(ExecutionJson::step).toList());
  }

  private static @Nullable Json groups(Map<String, Forecast> forecasts) {
    if (forecasts.isEmpty()) {
      return null;
    }
    Json groups = Json.object();
    forecasts.forEach((group, forecast) -> groups.put(group, forecast(Optional.of(forecast))));
    return groups;
  }

  private static Json step(ExplainedStep step) {
    return Json.object()
        .put("name", step.name())
        .put("group", step.group())
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
