package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.BackupKind;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.ComposeSettings;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.EffectiveObjectives;
import dev.drp.plan.Environment;
import dev.drp.plan.PlannedRecovery;
import dev.drp.plan.Site;
import dev.drp.proxy.ProxyTarget;
import dev.drp.recovery.Execution;
import dev.drp.recovery.RecoveryObjectives;
import dev.drp.recovery.RecoveryPlan;
import dev.drp.runtime.CommandNotifier;
import dev.drp.runtime.ComposeProject;
import dev.drp.runtime.Notifier;
import dev.drp.state.StateDirectory;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The recovery plans that act on a whole environment, by name. Safe for concurrent use. */
public final class RecoveryPlans {
  private final ContingencyPlan plan;
  private final RecoveryPorts ports;
  private final RestoreDatabase restoreDatabase;
  private final RestoreServer restoreServer;
  private final RestoreConfiguration restoreConfiguration;
  private final StateDirectory state;
  private final Map<String, BuiltIn> builtIn = new TreeMap<>();

  /** Builds a plan without reaching for anything. */
  private interface BuiltIn {
    RecoveryPlan plan(
        RecoveryPlan.Builder builder,
        Shares shares,
        Environment environment,
        Stack stack,
        ProxySteps proxy,
        Restore restore);
  }

  /** Of the data, for plans that need it. */
  private record Restore(RecoverRequest request, Supplier<RecoveryPlan> build) {
    BackupKind kind() {
      return request.kind();
    }

    RecoveryPlan plan() {
      return build.get();
    }
  }

  /**
   * @param state where evidence is kept
   */
  public RecoveryPlans(
      ContingencyPlan plan,
      RecoveryPorts ports,
      RestoreDatabase restoreDatabase,
      RestoreServer restoreServer,
      RestoreConfiguration restoreConfiguration,
      StateDirectory state) {
    this.plan = requireNonNull(plan, "plan");
    this.ports = requireNonNull(ports, "ports");
    this.restoreDatabase = requireNonNull(restoreDatabase, "restoreDatabase");
    this.restoreServer = requireNonNull(restoreServer, "restoreServer");
    this.restoreConfiguration = requireNonNull(restoreConfiguration, "restoreConfiguration");
    this.state = requireNonNull(state, "state");
    builtIn.put(
        RestartServices.NAME,
        (builder, shares, environment, stack, proxy, restore) ->
            RestartServices.plan(builder, shares, stack, proxy));
    builtIn.put(
        RecoverApplication.NAME,
        (builder, shares, environment, stack, proxy, restore) ->
            RecoverApplication.plan(builder, shares, stack));
    builtIn.put(
        RecoverDatabase.NAME,
        (builder, shares, environment, stack, proxy, restore) ->
            RecoverDatabase.plan(builder, stack, proxy, stack.migrations(), restore.plan()));
    builtIn.put(
        RecoverNetwork.NAME,
        (builder, shares, environment, stack, proxy, restore) ->
            new RecoverNetwork(
                    environment,
                    Optional.ofNullable(plan.sites().get(environment.site()))
                        .flatMap(Site::address),
                    plan.nameServers(),
                    ports.resolver(),
                    ports.probe())
                .plan(builder, shares, stack, proxy));
    builtIn.put(RebuildEnvironment.NAME, this::rebuild);
    builtIn.put(
        RecoverVolumes.NAME,
        (builder, shares, environment, stack, proxy, restore) ->
            RecoverVolumes.plan(builder, shares, stack, volumes(environment, restore)));
    builtIn.put(
        SimulateDisaster.NAME,
        (builder, shares, environment, stack, proxy, restore) ->
            SimulateDisaster.plan(
                builder,
                stack,
                restore.kind() == BackupKind.PHYSICAL ? stack.stopAll() : stack.stopWriters(),
                stack
                    .sharedWithProtected()
                    .requireUnshared(protectedOthers(environment), this::project),
                stack.migrations(),
                restore.plan()));
  }

  private RecoveryPlan rebuild(
      RecoveryPlan.Builder builder,
      Shares shares,
      Environment environment,
      Stack stack,
      ProxySteps proxy,
      Restore restore) {
    String token = confirmedBy(environment);
    boolean confirmed = restore.request().restore().confirm().equals(token);
    Optional<PlannedRecovery> planned =
        Optional.ofNullable(plan.recoveryPlans().get(RebuildEnvironment.NAME))
            .filter(it -> it.isFor(environment.name()));
    return new RebuildEnvironment(
            stack,
            stack.images(
                restoreConfiguration.images(environment.name()),
                planned
                    .map(PlannedRecovery::images)
                    .filter(line -> !line.isEmpty())
                    .map(line -> stack.program(line, ProvidedImages.FETCH_LIMIT))),
            planned
                .map(PlannedRecovery::firewall)
                .filter(line -> !line.isEmpty())
                .map(line -> stack.program(line, RebuildEnvironment.FIREWALL_LIMIT)),
            plan.thresholds().responseTime())
        .plan(
            builder,
            shares,
            stack.emptyHost().require(confirmed, token),
            restoreConfiguration.part(
                environment.name(),
                restore.request().configuration(),
                confirmed ? environment.name() : "",
                RebuildEnvironment.CONFIGURATION,
                stack::requireFiles),
            volumes(environment, restore),
            environment.database().map(any -> restore.plan()),
            stack.migrations(),
            environment.proxy().map(any -> proxy.apply("apply-proxy")));
  }

  private VolumeSteps volumes(Environment environment, Restore restore) {
    return new VolumeSteps(
        environment,
        project(environment),
        restoreConfiguration.volumes(environment.name()),
        restore.request().configuration(),
        ports.engine());
  }

  /**
   * The name that has to be confirmed where data is replaced: that of the database; of an
   * environment without one, its own.
   */
  public static String confirmedBy(Environment environment) {
    return environment.database().map(DatabaseSettings::name).orElse(environment.name());
  }

  /** Their names: those that there always are, then those of the team. */
  public List<String> names() {
    return Stream.concat(
            builtIn.keySet().stream(),
            plan.recoveryPlans().keySet().stream().filter(name -> own(name).isPresent()))
        .toList();
  }

  /** Whether executions of that name are of such a plan. */
  public boolean has(String name) {
    return builtIn.containsKey(name) || own(name).isPresent();
  }

  private Optional<PlannedRecovery> own(String name) {
    return Optional.ofNullable(plan.recoveryPlans().get(name))
        .filter(planned -> !planned.phases().isEmpty());
  }

  private Optional<Notifier> notifier() {
    return plan.notifier().isEmpty()
        ? Optional.empty()
        : Optional.of(new CommandNotifier(ports.programs(), plan.notifier()));
  }

  /** The kind of backup that a plan restores data from, where it says so itself. */
  public Optional<BackupKind> kindOf(String name) {
    return own(name).stream()
        .flatMap(planned -> planned.phases().stream())
        .flatMap(phase -> phase.allSteps().stream())
        .flatMap(step -> step.restore().stream())
        .findFirst();
  }

  /** Whether it is only ever a drill, whoever executes it. */
  public static boolean isOnlyDrill(String name) {
    return name.equals(SimulateDisaster.NAME);
  }

  /** Whether it replaces data, and so needs a {@linkplain #confirmedBy name} to be confirmed. */
  public boolean replacesData(String name) {
    return name.equals(RecoverDatabase.NAME)
        || name.equals(SimulateDisaster.NAME)
        || name.equals(RebuildEnvironment.NAME)
        || kindOf(name).isPresent();
  }

  /** What data is restored from unless it is said: files and log where the plan backs them up. */
  public BackupKind usualKind(String environment) {
    boolean physical =
        plan.backupsOf(environment).stream()
            .map(BackupSchedule::kind)
            .anyMatch(BackupKind.PHYSICAL::equals);
    return physical ? BackupKind.PHYSICAL : BackupKind.LOGICAL;
  }

  /**
   * A plan by its name. Building it reaches for nothing.
   *
   * @throws RecoveryException NOT_IN_PLAN for a name or an environment that there is not, and for
   *     an environment without what the plan needs
   */
  public RecoveryPlan plan(String name, String environment, RecoverRequest request) {
    Environment of = plan.environment(environment);
    RestoreRequest restore = request.restore();
    return plan(
        name,
        of,
        request.toArguments(),
        restore.impact(),
        new Restore(
            request,
            () ->
                request.kind() == BackupKind.PHYSICAL
                    ? restoreServer.plan(environment, restore)
                    : restoreDatabase.plan(environment, restore)));
  }

  /** The plan of an execution that is to be resumed, undone or committed. */
  public RecoveryPlan plan(Execution before) {
    RecoverRequest request = RecoverRequest.fromArguments(before.arguments());
    return plan(
        before.plan(),
        plan.environment(before.environment()),
        before.arguments(),
        request.restore().impact(),
        new Restore(
            request,
            () ->
                request.kind() == BackupKind.PHYSICAL
                    ? restoreServer.plan(before)
                    : restoreDatabase.plan(before)));
  }

  private RecoveryPlan plan(
      String name,
      Environment environment,
      Map<String, String> arguments,
      Optional<Instant> impact,
      Restore restore) {
    BuiltIn found = builtIn.get(name);
    Optional<PlannedRecovery> own = own(name);
    if (found == null && own.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.NOT_IN_PLAN,
          "there is no recovery plan '%s'".formatted(name),
          "these are there: " + String.join(", ", names()));
    }
    if (own.isPresent() && !own.get().isFor(environment.name())) {
      throw new RecoveryException(
          ErrorCode.NOT_IN_PLAN,
          "recovery plan %s is not for environment %s".formatted(name, environment.name()),
          "it is for %s.".formatted(String.join(", ", own.get().environments())));
    }
    RecoveryObjectives objectives = objectives(environment.name(), name);
    RecoveryPlan.Builder builder =
        RecoveryPlan.named(name, plan.application(), environment.name()).objectives(objectives);
    arguments.forEach(builder::argument);
    Stack stack =
        new Stack(
            environment,
            project(environment),
            ports,
            impact,
            id -> state.executions().resolve(id + ".evidence"));
    ProxySteps proxy = proxy(environment);
    if (found == null) {
      return new TeamRecovery(
              own.orElseThrow(), stack, proxy, ports.programs(), notifier(), restore.build())
          .plan(builder);
    }
    return found.plan(builder, new Shares(objectives), environment, stack, proxy, restore);
  }

  private ProxySteps proxy(Environment environment) {
    return new ProxySteps(
        environment
            .proxy()
            .map(any -> () -> ports.proxies().of(ProxyTarget.of(plan, environment.name()))),
        environment.proxy().filter(it -> !it.restart().isEmpty()).isPresent());
  }

  private ComposeProject project(Environment environment) {
    ComposeSettings compose =
        environment
            .compose()
            .orElseThrow(
                () ->
                    new RecoveryException(
                        ErrorCode.NOT_IN_PLAN,
                        "environment %s has no Compose project".formatted(environment.name()),
                        "add environments.%s.compose to the plan, or name another environment."
                            .formatted(environment.name())));
    return ports.projects().open(compose.project(), compose.directory(), compose.files());
  }

  private List<Environment> protectedOthers(Environment environment) {
    return plan.environments().values().stream()
        .filter(other -> other.isProtected() && !other.name().equals(environment.name()))
        .toList();
  }

  private RecoveryObjectives objectives(String environment, String name) {
    EffectiveObjectives objectives = plan.objectivesOf(environment, name);
    return new RecoveryObjectives(
        objectives.recoveryTime().map(EffectiveObjectives.Sourced::value),
        objectives.recoveryPoint().map(EffectiveObjectives.Sourced::value));
  }
}
