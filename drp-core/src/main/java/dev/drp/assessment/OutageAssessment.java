package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.ExitStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What an outage is, and what to do.
 *
 * @param impact when it began: as somebody said, else when the first service ended, else now
 * @param said whether somebody said when it began
 * @param readings what was looked at; no secrets in them
 * @param services those of the environment's Compose project
 * @param affected services that are down, and those that depend on them
 * @param points what the data can be had back from, newest data first
 * @param pointsAsOf when all storages were last asked; empty if never
 * @param forecasts for each recovery plan of the environment
 */
public record OutageAssessment(
    String application,
    String environment,
    Instant at,
    Duration took,
    Instant impact,
    boolean said,
    List<Reading> readings,
    List<ServiceState> services,
    List<String> affected,
    List<RecoveryPoint> points,
    Optional<Instant> pointsAsOf,
    boolean hasDatabase,
    List<DowntimeForecast> forecasts,
    Recommendation recommendation) {
  public OutageAssessment {
    requireNonNull(application, "application");
    requireNonNull(environment, "environment");
    requireNonNull(at, "at");
    requireNonNull(took, "took");
    requireNonNull(impact, "impact");
    readings = List.copyOf(readings);
    services = List.copyOf(services);
    affected = List.copyOf(affected);
    points = List.copyOf(points);
    requireNonNull(pointsAsOf, "pointsAsOf");
    forecasts = List.copyOf(forecasts);
    requireNonNull(recommendation, "recommendation");
  }

  /** The forecast for the recommended plan. */
  public Optional<DowntimeForecast> forecast() {
    return recommendation
        .plan()
        .flatMap(name -> forecasts.stream().filter(it -> it.plan().equals(name)).findFirst());
  }

  /** FAILED unless all is well. */
  public ExitStatus exitStatus() {
    return recommendation.reason() == Recommendation.Reason.ALL_WELL
        ? ExitStatus.OK
        : ExitStatus.FAILED;
  }
}
