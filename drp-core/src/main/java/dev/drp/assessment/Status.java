package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.ExitStatus;
import dev.drp.plan.PlanFinding;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Where the application stands at one moment.
 *
 * @param at the moment
 * @param refreshed whether storages and databases were asked now, or only what this machine knows
 * @param notices what belongs to no environment
 * @param overdue what concerns the plan as a whole
 * @param contradictions what the plan contradicts by itself, in the plan's language
 */
public record Status(
    String application,
    Instant at,
    boolean refreshed,
    List<EnvironmentStatus> environments,
    List<StorageStatus> storages,
    List<Notice> notices,
    List<Overdue> overdue,
    List<PlanFinding> contradictions) {
  public Status {
    requireNonNull(application, "application");
    requireNonNull(at, "at");
    environments = List.copyOf(environments);
    storages = List.copyOf(storages);
    notices = List.copyOf(notices);
    overdue = List.copyOf(overdue);
    contradictions = List.copyOf(contradictions);
  }

  /** When all storages were last asked, for the environment where that is longest ago. */
  public Optional<Instant> asOf() {
    return environments.stream().flatMap(it -> it.asOf().stream()).min(Comparator.naturalOrder());
  }

  /** OBJECTIVE_MISSED unless every objective of the plan is known to be kept. */
  public ExitStatus exitStatus() {
    return environments.stream().anyMatch(EnvironmentStatus::missesObjective)
        ? ExitStatus.OBJECTIVE_MISSED
        : ExitStatus.OK;
  }
}
