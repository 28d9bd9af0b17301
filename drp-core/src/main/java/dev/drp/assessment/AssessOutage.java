package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.assessment.OutageFacts.Data;
import dev.drp.assessment.OutageFacts.Reach;
import dev.drp.assessment.Reading.Section;
import dev.drp.assessment.Reading.State;
import dev.drp.backup.NamedStorage;
import dev.drp.plan.ComposeSettings;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.EffectiveObjectives.Sourced;
import dev.drp.plan.Environment;
import dev.drp.plan.PlannedRecovery;
import dev.drp.recovery.Execution;
import dev.drp.recovery.Executions;
import dev.drp.recovery.Forecast;
import dev.drp.recovery.Mode;
import dev.drp.runtime.ComposeConfiguration;
import dev.drp.runtime.Volume;
import dev.drp.state.StateDirectory;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Tells in an outage what is broken, what would be lost and how long it would take, and which
 * recovery plan fits. Changes nothing, and ends in time whatever does not answer. Safe for
 * concurrent use.
 */
public final class AssessOutage {
  private static final String SIMULATE = "simulate";

  private final ContingencyPlan plan;
  private final Surroundings surroundings;
  private final List<NamedStorage> storages;
  private final StateDirectory state;
  private final AnswerLimits limits;
  private final Clock clock;

  /**
   * @param storages those of the plan; only local ones are looked at
   */
  public AssessOutage(
      ContingencyPlan plan,
      Surroundings surroundings,
      List<NamedStorage> storages,
      StateDirectory state,
      AnswerLimits limits,
      Clock clock) {
    this.plan = requireNonNull(plan, "plan");
    this.surroundings = requireNonNull(surroundings, "surroundings");
    this.storages = List.copyOf(storages);
    this.state = requireNonNull(state, "state");
    this.limits = requireNonNull(limits, "limits");
    this.clock = requireNonNull(clock, "clock");
  }

  /**
   * Assesses an environment.
   *
   * @param said when the outage began, if somebody knows
   * @throws dev.drp.RecoveryException NOT_IN_PLAN for an environment that there is not
   */
  public OutageAssessment assess(String name, Optional<Instant> said) {
    Environment environment = plan.environment(name);
    long start = System.nanoTime();
    Instant now = clock.instant();
    Questions questions = new Questions(limits);
    Asked<SecretsOfPlan> secrets =
        questions.ask("secrets", () -> SecretsOfPlan.of(plan, environment));
    Asked<List<DowntimeForecast>> forecasts =
        questions.ask("journals", () -> forecasts(environment));
    RecoveryPoints recoveryPoints =
        new RecoveryPoints(plan, environment, storages, state, clock, questions);
    SystemReadings system =
        new SystemReadings(plan, environment, surroundings.machine(), questions);
    NetworkReadings network = new NetworkReadings(plan, environment, surroundings, questions);
    ProxyReadings proxy =
        new ProxyReadings(plan, environment, surroundings, questions, clock.instant());
    ContainerReadings containers =
        new ContainerReadings(plan, environment, surroundings, questions);
    DatabaseReadings database = new DatabaseReadings(plan, environment, surroundings, questions);

    List<ServiceState> services = containers.services();
    Instant impact = said.orElseGet(() -> began(services, now));
    // What is only guessed from containers that ended is shown, but hides no recovery point.
    List<RecoveryPoint> points = recoveryPoints.before(said.orElse(now));
    List<Reading> readings = new ArrayList<>(system.readings());
    readings.addAll(network.readings(containers.configuration()));
    readings.addAll(containers.files());
    readings.addAll(proxy.readings());
    readings.addAll(containers.engine());
    readings.addAll(containers.states());
    List<Reading> volumes = volumes(environment, containers);
    readings.addAll(volumes);
    readings.addAll(database.readings());
    OutageFacts facts =
        facts(environment, services, containers, database, network, readings, points);
    return new OutageAssessment(
        plan.application(),
        name,
        now,
        Duration.ofNanos(System.nanoTime() - start),
        impact,
        said.isPresent(),
        DiagnoseEnvironment.withoutSecrets(readings, secrets.answer(), containers),
        services,
        containers
            .configuration()
            .map(it -> it.withDependents(facts.down()))
            .orElseGet(facts::down),
        points,
        recoveryPoints.asOf(),
        environment.database().isPresent(),
        forecasts.value().orElse(List.of()),
        Recommendation.of(facts));
  }

  private static Instant began(List<ServiceState> services, Instant now) {
    return services.stream()
        .flatMap(it -> it.since().stream())
        .min(Comparator.naturalOrder())
        .filter(it -> it.isBefore(now))
        .orElse(now);
  }

  private OutageFacts facts(
      Environment environment,
      List<ServiceState> services,
      ContainerReadings containers,
      DatabaseReadings database,
      NetworkReadings network,
      List<Reading> readings,
      List<RecoveryPoint> points) {
    boolean needsEngine = environment.compose().isPresent();
    Set<String> lost = lostVolumes(environment, containers);
    Set<String> ofDatabase = volumesOfDatabase(environment, containers);
    boolean noContainers =
        containers.containers().value().isPresent() && containers.ofProject().isEmpty();
    boolean allVolumesLost =
        !lost.isEmpty() && lost.equals(expectedVolumes(environment, containers));
    return new OutageFacts(
        !needsEngine || containers.containers().value().isPresent(),
        needsEngine
            && noContainers
            && (allVolumesLost
                || (containers.configuration().isEmpty() && hasNoVolume(environment, containers))),
        services,
        environment.database().flatMap(DatabaseSettings::service),
        lost.stream().filter(ofDatabase::contains).toList(),
        lost.stream().filter(it -> !ofDatabase.contains(it)).toList(),
        data(database),
        reach(network, true),
        reach(network, false),
        points.stream().findFirst(),
        readings.stream()
            .filter(it -> it.state() == State.UNKNOWN && it.section() != Section.SYSTEM)
            .map(Reading::subject)
            .toList());
  }

  /** As far as can be told without the Compose files: by the plan, and by Compose's own label. */
  private static boolean hasNoVolume(Environment environment, ContainerReadings containers) {
    Optional<String> project = environment.compose().map(ComposeSettings::project);
    Set<String> planned = expectedVolumes(environment, containers);
    return containers
        .volumes()
        .value()
        .filter(
            all ->
                all.stream()
                    .noneMatch(
                        it -> it.composeProject().equals(project) || planned.contains(it.name())))
        .isPresent();
  }

  private static Data data(DatabaseReadings database) {
    Optional<Asked.Answer<DatabaseLook>> answer = database.answer();
    if (answer.isEmpty()) {
      return Data.NONE;
    }
    if (answer.get().isLate()) {
      return Data.UNKNOWN;
    }
    if (answer.get().failedWith(ErrorCode.DATABASE_NOT_FOUND)) {
      return Data.GONE;
    }
    return answer
        .get()
        .value()
        .map(it -> it.isEmpty() ? Data.GONE : it.isWell() ? Data.WELL : Data.WRONG)
        .orElse(Data.UNREACHABLE);
  }

  private static Reach reach(NetworkReadings network, boolean local) {
    List<Addresses.Result> results =
        network.addresses().stream().filter(it -> it.isLocal() == local).toList();
    return results.isEmpty()
        ? Reach.NONE
        : results.stream().allMatch(Addresses.Result::well) ? Reach.WELL : Reach.BAD;
  }

  private static Set<String> expectedVolumes(
      Environment environment, ContainerReadings containers) {
    Set<String> expected =
        environment.volumes().stream()
            .map(Environment.Volume::name)
            .collect(Collectors.toCollection(TreeSet::new));
    containers
        .configuration()
        .ifPresent(
            it ->
                it.volumes().values().stream()
                    .map(ComposeConfiguration.Volume::name)
                    .forEach(expected::add));
    return expected;
  }

  /** None where the engine does not answer: nobody knows. */
  private static Set<String> lostVolumes(Environment environment, ContainerReadings containers) {
    Optional<List<Volume>> there = containers.volumes().value();
    if (there.isEmpty()) {
      return Set.of();
    }
    Set<String> lost = expectedVolumes(environment, containers);
    there.get().forEach(it -> lost.remove(it.name()));
    return lost;
  }

  /** Those that the service of the database mounts. */
  static Set<String> volumesOfDatabase(Environment environment, ContainerReadings containers) {
    Set<String> names = new TreeSet<>();
    Optional<String> service = environment.database().flatMap(DatabaseSettings::service);
    containers.ofProject().stream()
        .filter(it -> service.isPresent() && it.composeService().equals(service))
        .forEach(it -> it.volumes().forEach(mount -> names.add(mount.volume())));
    containers
        .configuration()
        .ifPresent(
            it ->
                service
                    .map(it.services()::get)
                    .ifPresent(
                        written ->
                            written.volumes().stream()
                                .map(it.volumes()::get)
                                .filter(volume -> volume != null)
                                .forEach(volume -> names.add(volume.name()))));
    return names;
  }

  private static List<Reading> volumes(Environment environment, ContainerReadings containers) {
    Set<String> lost = lostVolumes(environment, containers);
    return expectedVolumes(environment, containers).stream()
        .filter(any -> containers.volumes().value().isPresent())
        .map(
            it ->
                lost.contains(it)
                    ? Reading.bad(
                        Section.CONTAINERS,
                        "volume " + it,
                        "is gone",
                        "its data is in backups only.")
                    : Reading.good(Section.CONTAINERS, "volume " + it, "is there"))
        .toList();
  }

  /** For all recovery plans that are for the environment, those of the team after the others. */
  private List<DowntimeForecast> forecasts(Environment environment) {
    List<String> names = new ArrayList<>(List.of("restart", "application"));
    if (environment.database().isPresent()) {
      names.add("database");
    }
    names.addAll(List.of("volumes", "network", "rebuild"));
    plan.recoveryPlans().values().stream()
        .filter(it -> it.isFor(environment.name()) && !it.phases().isEmpty())
        .map(PlannedRecovery::name)
        .forEach(names::add);
    Executions executions = new Executions(state);
    return names.stream().map(it -> forecast(it, environment.name(), executions)).toList();
  }

  /** From recoveries; from drills where there was none; else what is to be reached. */
  private DowntimeForecast forecast(String name, String environment, Executions executions) {
    List<Predicate<Execution>> ways =
        List.of(it -> it.mode() == Mode.RECOVERY, it -> it.mode() == Mode.DRILL);
    for (Predicate<Execution> way : ways) {
      Optional<Forecast> past = executions.untilReady(name, plan.application(), environment, way);
      // A simulation is a drill of the recovery of the database.
      if (past.isEmpty() && name.equals("database")) {
        past = executions.untilReady(SIMULATE, plan.application(), environment, way);
      }
      if (past.isPresent()) {
        return new DowntimeForecast(
            name,
            DowntimeForecast.Basis.MEASURED,
            past.get().samples(),
            Optional.of(past.get().median()),
            Optional.of(past.get().percentile95()));
      }
    }
    Optional<Duration> objective =
        plan.objectivesOf(environment, name).recoveryTime().map(Sourced::value);
    return new DowntimeForecast(
        name,
        objective.isPresent() ? DowntimeForecast.Basis.OBJECTIVE : DowntimeForecast.Basis.NONE,
        0,
        objective,
        Optional.empty());
  }
}
