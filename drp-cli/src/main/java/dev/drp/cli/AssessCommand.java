package dev.drp.cli;

import dev.drp.ExitStatus;
import dev.drp.assessment.AssessOutage;
import dev.drp.assessment.DowntimeForecast;
import dev.drp.assessment.OutageAssessment;
import dev.drp.assessment.OutageReport;
import dev.drp.assessment.RecoveryPoint;
import dev.drp.assessment.ServiceState;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drp assess}. */
@Command(
    name = "assess",
    description = {
      "Assess an outage: what is broken, which services are affected, what would be lost from each"
          + " recovery point, how long each recovery plan takes, and which one fits and why.",
      "Prints a report in Markdown, in the plan's language. It changes nothing, and ends within ten"
          + " seconds whatever does not answer.",
      "Exit code 1 unless all is well."
    })
final class AssessCommand extends DrpCommand {
  @Parameters(
      index = "0",
      paramLabel = "ENVIRONMENT",
      description = "Name of the environment in the plan.")
  private String environment = "";

  @Option(
      names = "--impact",
      paramLabel = "TIME",
      converter = InstantArgument.class,
      description = "When the outage began: 2026-11-22T10:15:00Z. Data of later is not relied on.")
  private @Nullable Instant impact;

  @Mixin private PatienceOption patience = new PatienceOption();

  @Override
  ExitStatus run(Session session) {
    OutageAssessment assessment =
        new AssessOutage(
                session.plan(),
                session.surroundings(),
                session.storages().all(),
                session.state(),
                patience.limits(),
                session.clock())
            .assess(environment, Optional.ofNullable(impact));
    OutageReport report = new OutageReport(assessment, session.plan().language());
    session.print(
        () -> json(assessment, report), out -> report.markdown().lines().forEach(out::line));
    return assessment.exitStatus();
  }

  private static Json json(OutageAssessment assessment, OutageReport report) {
    return Json.object()
        .put("application", assessment.application())
        .put("environment", assessment.environment())
        .put("at", assessment.at())
        .put("tookSeconds", assessment.took())
        .put("impact", assessment.impact())
        .put("readings", assessment.readings().stream().map(DiagnoseCommand::json).toList())
        .put("services", assessment.services().stream().map(AssessCommand::json).toList())
        .put("affected", assessment.affected())
        .put("recoveryPoints", assessment.points().stream().map(AssessCommand::json).toList())
        .put("recoveryPointsAsOf", assessment.pointsAsOf())
        .put("forecasts", assessment.forecasts().stream().map(AssessCommand::json).toList())
        .put(
            "recommended",
            Json.object()
                .put("plan", assessment.recommendation().plan())
                .put("kind", assessment.recommendation().kind())
                .put("command", report.command())
                .put("rule", assessment.recommendation().reason())
                .put("reason", report.reason()));
  }

  private static Json json(ServiceState service) {
    return Json.object()
        .put("service", service.service())
        .put("up", service.up())
        .put("value", service.value())
        .put("since", service.since());
  }

  private static Json json(RecoveryPoint point) {
    return Json.object()
        .put("backup", point.by())
        .put("kind", point.kind())
        .put("log", point.isLog())
        .put("storage", point.storage())
        .put("offSite", point.offSite())
        .put("at", point.at())
        .put("lossSeconds", point.loss());
  }

  private static Json json(DowntimeForecast forecast) {
    return Json.object()
        .put("plan", forecast.plan())
        .put("basis", forecast.basis())
        .put("samples", forecast.samples())
        .put("expectedSeconds", forecast.expected())
        .put("longestSeconds", forecast.longest());
  }
}
