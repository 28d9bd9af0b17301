package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.RecoveryException;
import dev.drp.assessment.Drift.Kind;
import dev.drp.database.DatabaseSummary;
import dev.drp.plan.ComposeSettings;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import dev.drp.runtime.Container;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Compares the plan with what there is: what it names and does not exist, and what exists and
 * nothing in it brings back. Changes nothing, and ends in time whatever does not answer. Safe for
 * concurrent use.
 */
public final class FindDrift {
  private final ContingencyPlan plan;
  private final Surroundings surroundings;
  private final AnswerLimits limits;

  /**
   * @param limits of one environment; several are looked at one after the other
   */
  public FindDrift(ContingencyPlan plan, Surroundings surroundings, AnswerLimits limits) {
    this.plan = requireNonNull(plan, "plan");
    this.surroundings = requireNonNull(surroundings, "surroundings");
    this.limits = requireNonNull(limits, "limits");
  }

  /**
   * Looks at one environment, or at all of them and at what the plan says besides.
   *
   * @throws RecoveryException NOT_IN_PLAN for an environment that there is not
   */
  public List<Drift> find(Optional<String> only) {
    List<Drift> drifts = new ArrayList<>();
    only.map(plan::environment)
        .map(List::of)
        .orElseGet(() -> List.copyOf(plan.environments().values()))
        .forEach(it -> drifts.addAll(new EnvironmentDrift(plan, it, surroundings, limits).find()));
    if (only.isEmpty()) {
      drifts.addAll(new PathDrift(new Questions(limits)).ofPlan(plan));
      drifts.addAll(foreignProjects());
    }
    return drifts;
  }

  /** Projects that run on the engine and that no environment has. */
  private List<Drift> foreignProjects() {
    Set<String> known =
        plan.environments().values().stream()
            .flatMap(it -> it.compose().stream())
            .map(ComposeSettings::project)
            .collect(Collectors.toSet());
    if (known.isEmpty()) {
      return List.of(); // a plan without Compose says nothing about engines
    }
    Asked<List<Container>> containers =
        new Questions(limits).ask("containers", () -> surroundings.engine().get().containers());
    // That the engine does not answer is said with each environment.
    return containers.value().orElse(List.of()).stream()
        .flatMap(it -> it.composeProject().stream())
        .filter(it -> !known.contains(it))
        .collect(Collectors.toCollection(TreeSet::new))
        .stream()
        .map(
            it ->
                new Drift(
                    Kind.UNPROTECTED,
                    "environments",
                    it,
                    Optional.empty(),
                    "the engine has Compose project %s, which no environment of the plan has"
                        .formatted(it)))
        .toList();
  }

  /** Databases that somebody made, and not this tool or the server itself. */
  static List<DatabaseSummary> ofUsers(List<DatabaseSummary> databases, Environment environment) {
    return databases.stream()
        .filter(it -> it.mark().isEmpty() && it.allowsConnections())
        .filter(it -> !it.name().equals("postgres"))
        .filter(it -> !it.name().equals(environment.requireDatabase().maintenanceDatabase()))
        .toList();
  }
}
