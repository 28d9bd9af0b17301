package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Looks at all parts of an environment at the same time, changes none of them, and ends in time
 * whatever does not answer. Safe for concurrent use.
 */
public final class DiagnoseEnvironment {
  private final ContingencyPlan plan;
  private final Surroundings surroundings;
  private final AnswerLimits limits;
  private final Clock clock;

  public DiagnoseEnvironment(
      ContingencyPlan plan, Surroundings surroundings, AnswerLimits limits, Clock clock) {
    this.plan = requireNonNull(plan, "plan");
    this.surroundings = requireNonNull(surroundings, "surroundings");
    this.limits = requireNonNull(limits, "limits");
    this.clock = requireNonNull(clock, "clock");
  }

  /**
   * Diagnoses an environment; what cannot be asked is a reading too.
   *
   * @throws dev.drp.RecoveryException NOT_IN_PLAN for one that there is not
   */
  public Diagnosis diagnose(String name) {
    Environment environment = plan.environment(name);
    long start = System.nanoTime();
    Questions questions = new Questions(limits);
    Asked<SecretsOfPlan> secrets =
        questions.ask("secrets", () -> SecretsOfPlan.of(plan, environment));
    SystemReadings system =
        new SystemReadings(plan, environment, surroundings.machine(), questions);
    NetworkReadings network = new NetworkReadings(plan, environment, surroundings, questions);
    ProxyReadings proxy =
        new ProxyReadings(plan, environment, surroundings, questions, clock.instant());
    ContainerReadings containers =
        new ContainerReadings(plan, environment, surroundings, questions);
    DatabaseReadings database = new DatabaseReadings(plan, environment, surroundings, questions);
    LogReadings logs = new LogReadings(environment, questions);
    Supplier<List<Reading>> loads = containers.askLoads();
    Supplier<List<Reading>> lines = logs.ask(containers.ofProject(), surroundings);

    List<Reading> readings = new ArrayList<>(system.readings());
    readings.addAll(network.readings(containers.configuration()));
    readings.addAll(containers.files());
    readings.addAll(proxy.readings());
    readings.addAll(containers.engine());
    readings.addAll(containers.states());
    readings.addAll(loads.get());
    readings.addAll(containers.usage());
    readings.addAll(database.readings());
    readings.addAll(lines.get());
    return new Diagnosis(
        name,
        clock.instant(),
        Duration.ofNanos(System.nanoTime() - start),
        withoutSecrets(readings, secrets.answer(), containers));
  }

  /** Whoever cannot tell what is secret shows no lines. */
  static List<Reading> withoutSecrets(
      List<Reading> readings, Asked.Answer<SecretsOfPlan> secrets, ContainerReadings containers) {
    SecretsOfPlan hidden =
        secrets
            .value()
            .orElse(SecretsOfPlan.NONE)
            .with(containers.containers().value().orElse(List.of()));
    boolean known = secrets.value().isPresent();
    return readings.stream()
        .map(it -> known ? it : it.withLines(List.of()))
        .map(hidden::hideIn)
        .toList();
  }
}
