package dev.drp.report;

import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drp.procedure.RestoreDatabase;
import dev.drp.procedure.SetAside;
import dev.drp.recovery.Decision;
import dev.drp.recovery.Execution;
import dev.drp.recovery.Finding;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.ObjectiveState;
import dev.drp.recovery.PhaseExecution;
import dev.drp.recovery.Problem;
import dev.drp.recovery.StepExecution;
import java.time.Duration;
import java.util.Optional;

/**
 * A report as one JSON object. Field names are stable; durations are in seconds, instants in ISO
 * 8601 and UTC; what was not measured is null.
 */
final class JsonReport {
  /** The format that this version writes. */
  static final int FORMAT = 1;

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private JsonReport() {}

  static String of(Execution execution) {
    ObjectNode report = JSON.createObjectNode();
    report.put("format", FORMAT);
    report.put("execution", execution.id().value());
    report.put("plan", execution.plan());
    report.put("application", execution.application());
    report.put("environment", execution.environment());
    report.put("mode", execution.mode().name());
    report.put("state", execution.state().name());
    NextActions.drill(execution)
        .ifPresent(
            drill -> {
              report.put("outcome", drill.outcome().name());
              report.put("cleanup", drill.cleanup().name());
            });
    report.put("startedAt", execution.startedAt().toString());
    report.put("lastAt", execution.lastAt().toString());
    report.put("attempts", execution.attempts());
    report.put("machineSeconds", seconds(execution.machineTime()));
    report.put("waitingSeconds", seconds(execution.waitingTime()));
    ObjectNode arguments = report.putObject("arguments");
    execution.arguments().forEach(arguments::put);
    execution.value("backup").ifPresent(backup -> report.put("backup", backup));
    objectives(report.putObject("objectives"), execution);
    ObjectNode points = report.putObject("timeline");
    for (MeasuringPoint point : MeasuringPoint.values()) {
      execution.reached(point).ifPresent(instant -> points.put(point.symbol(), instant.toString()));
    }
    problem(report, execution.problem());
    report.put("whatStands", execution.whatStands());
    ArrayNode phases = report.putArray("phases");
    execution.phases().forEach(phase -> phase(phases.addObject(), phase));
    ArrayNode decisions = report.putArray("decisions");
    execution.decisions().forEach(decision -> decision(decisions.addObject(), decision));
    report.put(
        "setAside", RestoreDatabase.setAside(execution).map(SetAside::database).orElse(null));
    ObjectNode evidence = report.putObject("evidence");
    evidence.put("journal", "executions/" + execution.id() + ".jsonl");
    evidence.put("sha256", execution.evidence());
    return report.toPrettyString() + "\n";
  }

  private static void objectives(ObjectNode node, Execution execution) {
    objective(
        node.putObject("recoveryTime"),
        execution.objectives().recoveryTime(),
        execution.recoveryTimeActual(),
        execution.recoveryTimeObjective());
    objective(
        node.putObject("recoveryPoint"),
        execution.objectives().recoveryPoint(),
        execution.recoveryPointActual(),
        execution.recoveryPointObjective());
  }

  private static void objective(
      ObjectNode node, Optional<Duration> wanted, Optional<Duration> actual, ObjectiveState state) {
    seconds(node, "objectiveSeconds", wanted);
    seconds(node, "actualSeconds", actual);
    node.put("state", state.name());
  }

  private static void phase(ObjectNode node, PhaseExecution phase) {
    node.put("name", phase.name());
    seconds(node, "targetSeconds", phase.target());
    node.put("seconds", seconds(phase.took()));
    node.put("onCommit", phase.commit());
    ArrayNode steps = node.putArray("steps");
    phase.steps().forEach(step -> step(steps.addObject(), step));
  }

  private static void step(ObjectNode node, StepExecution step) {
    node.put("name", step.name());
    step.group().ifPresent(group -> node.put("group", group));
    node.put("state", step.state().name());
    node.put("startedAt", step.startedAt().map(Object::toString).orElse(null));
    seconds(node, "seconds", step.took());
    problem(node, step.problem());
    ArrayNode findings = node.putArray("findings");
    for (Finding finding : step.findings()) {
      ObjectNode found = findings.addObject();
      found.put("kind", finding.kind().name());
      found.put("subject", finding.subject());
      found.put("expected", finding.expected());
      found.put("actual", finding.actual());
      found.put("met", finding.met());
    }
  }

  private static void problem(ObjectNode node, Optional<Problem> problem) {
    if (problem.isEmpty()) {
      node.putNull("problem");
      return;
    }
    ObjectNode object = node.putObject("problem");
    object.put("code", problem.get().code().name());
    object.put("problem", problem.get().problem());
    object.put("hint", problem.get().hint());
  }

  private static void decision(ObjectNode node, Decision decision) {
    node.put("step", decision.step());
    node.put("kind", decision.kind().name());
    node.put("who", decision.who());
    node.put("reason", decision.reason());
  }

  private static void seconds(ObjectNode node, String name, Optional<Duration> duration) {
    if (duration.isPresent()) {
      node.put(name, seconds(duration.get()));
    } else {
      node.putNull(name);
    }
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1000.0;
  }
}
