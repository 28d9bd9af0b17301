package dev.drp.procedure;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.DatabaseServer;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.recovery.ExecutionId;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Mode;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import dev.drp.runtime.ComposeConfiguration;
import dev.drp.runtime.ComposeProject;
import dev.drp.runtime.Container;
import dev.drp.runtime.HiddenSecrets;
import dev.drp.runtime.Volume;
import dev.drp.state.DurableFile;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The services of one environment, in the steps that recovery plans are made of. Nothing is reached
 * for before a step runs.
 */
final class Stack {
  /** Starting everything, on a machine that is busy. */
  private static final Duration START_LIMIT = Duration.ofMinutes(10);

  private static final Duration GRACE = Duration.ofSeconds(30);
  private static final int LOG_LINES = 50;
  private static final String STOPPED = "stopped";

  /** Ids of the containers that were stopped because they write. */
  private static final String WRITERS = "writers";

  private final Environment environment;
  private final ComposeProject project;
  private final RecoveryPorts ports;
  private final Optional<Instant> impact;
  private final Function<ExecutionId, Path> evidence;

  /**
   * @param impact when the service was first seen to fail
   * @param evidence the folder for what an execution keeps beside its journal
   */
  Stack(
      Environment environment,
      ComposeProject project,
      RecoveryPorts ports,
      Optional<Instant> impact,
      Function<ExecutionId, Path> evidence) {
    this.environment = requireNonNull(environment, "environment");
    this.project = requireNonNull(project, "project");
    this.ports = requireNonNull(ports, "ports");
    this.impact = requireNonNull(impact, "impact");
    this.evidence = requireNonNull(evidence, "evidence");
  }

  /** Whether it answers. */
  AnswerChecks answers() {
    return new AnswerChecks(environment, ports.probe());
  }

  /** That it is not there at all. */
  EmptyHost emptyHost() {
    return new EmptyHost(environment, project, ports.engine(), impact);
  }

  /** The images that it runs. */
  ProvidedImages images(StoredImages stored, Optional<PlannedProgram> fetch) {
    return new ProvidedImages(project, ports.engine(), stored, fetch);
  }

  /** One that the plan names; what it prints may hold secrets of the services. */
  PlannedProgram program(List<String> line, Duration limit) {
    return new PlannedProgram(ports.programs(), line, limit, this::withoutSecrets);
  }

  /** Whether its data fits its images. */
  MigrationSteps migrations() {
    return new MigrationSteps(environment, project, ports, RunningImages::of);
  }

  /** What it must not share. */
  SharedWithProtected sharedWithProtected() {
    return new SharedWithProtected(environment, project, this::volumes, ports.databases());
  }

  /** A drill of what acts on the environment itself. */
  Step requireUnprotected(Mode first, Mode... others) {
    return Step.reading(
            "require-unprotected",
            "Refuses to rehearse this on %s if it is protected: it acts on the environment itself."
                .formatted(environment.name()),
            context -> {
              if (environment.isProtected()) {
                throw new RecoveryException(
                    ErrorCode.REFUSED,
                    "environment %s is protected, and this rehearsal would act on it"
                        .formatted(environment.name()),
                    "nothing was touched. Rehearse it on another environment; or say protected:"
                        + " false of this one, if it may be down.");
              }
            })
        .in(first, others)
        .onFailure(FailurePolicy.ABORT);
  }

  /** Also keeps in mind which images run, for whoever starts them again. */
  Step look() {
    return Step.reading(
            "look-at-services",
            "Has Compose check its files, and says how each service of project %s is."
                .formatted(project.name()),
            context -> {
              impact.ifPresent(at -> context.reached(MeasuringPoint.IMPACT, at));
              ComposeConfiguration configuration = project.configuration();
              Map<String, List<Container>> containers = byService();
              Map<String, String> images = new TreeMap<>();
              for (String service : configuration.inOrder()) {
                List<Container> of = containers.getOrDefault(service, List.of());
                boolean up = !of.isEmpty() && of.stream().allMatch(Container::isUp);
                context.found(
                    Finding.check(
                        "service " + service,
                        "up",
                        of.isEmpty()
                            ? "no container"
                            : of.stream().map(Stack::condition).collect(Collectors.joining(", ")),
                        up));
                of.stream().findFirst().ifPresent(it -> images.put(service, it.image().id()));
              }
              RunningImages.keep(context, images);
            })
        .within(Duration.ofMinutes(2))
        .onFailure(FailurePolicy.ABORT);
  }

  static String condition(Container container) {
    if (container.end().isPresent()) {
      return "%s ended with code %d%s"
          .formatted(
              container.name(),
              container.end().get().exitCode(),
              container.end().get().outOfMemory() ? ", out of memory" : "");
    }
    return container.name()
        + (container.running() ? " runs" : " was not started")
        + container.health().map(it -> ", " + it.name().toLowerCase(Locale.ROOT)).orElse("");
  }

  private Map<String, List<Container>> byService() {
    return project.containers().stream()
        .filter(it -> it.composeService().isPresent())
        .collect(
            Collectors.groupingBy(
                it -> it.composeService().orElseThrow(), TreeMap::new, Collectors.toList()));
  }

  /** Compose would make a volume that is lost anew, and empty. */
  Step checkVolumes() {
    return Step.reading(
            "check-volumes",
            "Looks whether the volumes that the plan and the Compose files name are there: Compose"
                + " would make a lost one anew, empty.",
            context -> {
              Set<String> there =
                  ports.engine().get().volumes().stream()
                      .map(Volume::name)
                      .collect(Collectors.toSet());
              List<String> missing = new ArrayList<>();
              for (String name : volumes()) {
                boolean found = there.contains(name);
                context.found(
                    Finding.check("volume " + name, "there", found ? "there" : "missing", found));
                if (!found) {
                  missing.add(name);
                }
              }
              if (!missing.isEmpty()) {
                throw new RecoveryException(
                    ErrorCode.PRECHECK_FAILED,
                    "of environment %s, these volumes are missing: %s"
                        .formatted(environment.name(), String.join(", ", missing)),
                    "nothing was touched. If they are lost: docker compose up -d with the"
                        + " service makes them anew, empty; then drp recover database brings the"
                        + " data. Those of other services: drp recover volumes. If the plan is"
                        + " wrong, correct it.");
              }
            })
        .within(Duration.ofMinutes(2))
        .onFailure(FailurePolicy.ABORT);
  }

  private Set<String> volumes() {
    Set<String> names =
        environment.volumes().stream()
            .map(Environment.Volume::name)
            .collect(Collectors.toCollection(TreeSet::new));
    project.recentConfiguration().volumes().values().forEach(it -> names.add(it.name()));
    return names;
  }

  /** What is gone after a restart. */
  Step captureLogs() {
    return Step.reading(
            "capture-logs",
            "Keeps the last %d lines of each service's log, secrets removed.".formatted(LOG_LINES),
            context -> {
              List<Container> all = project.containers();
              HiddenSecrets secrets = HiddenSecrets.of(all);
              for (Container container : all) {
                List<String> lines = ports.engine().get().lastLogLines(container, LOG_LINES);
                Path file = evidence.apply(context.execution()).resolve(container.name() + ".log");
                DurableFile.write(
                    file, (String.join("\n", secrets.hideIn(lines)) + "\n").getBytes(UTF_8));
                context.found(
                    Finding.check("log of " + container.name(), "", file.toString(), true));
              }
            })
        .within(Duration.ofMinutes(2))
        .onFailure(FailurePolicy.CONTINUE);
  }

  /** Without the secrets of its containers; nothing where these cannot be told. */
  private String withoutSecrets(String text) {
    try {
      return HiddenSecrets.of(project.containers()).hideIn(text);
    } catch (RecoveryException e) {
      return "not kept: its secrets could not be told (%s)".formatted(e.problem());
    }
  }

  /** All of it; {@link #start} is the other way. */
  Step stop() {
    return stop("stop-services");
  }

  /** The same by another name. */
  Step stop(String name) {
    return Step.changing(
            name,
            "docker compose down: stops and removes the containers and networks of %s. Volumes stay."
                .formatted(project.name()),
            context -> project.down(GRACE))
        .probe(
            context -> project.containers().isEmpty() ? Step.Outcome.DONE : Step.Outcome.NOT_DONE)
        .undo("Starts them again, with the images that ran.", this::startAll)
        .within(START_LIMIT);
  }

  /** All of it, and the containers stay. */
  Step stopAll() {
    return Step.changing(
            "stop-all",
            "Stops all services, the database too; containers and volumes stay.",
            context -> {
              List<String> services = new ArrayList<>(project.recentConfiguration().inOrder());
              Collections.reverse(services);
              stopRunning(services);
            })
        .probe(
            context ->
                project.containers().stream().anyMatch(Container::running)
                    ? Step.Outcome.NOT_DONE
                    : Step.Outcome.DONE)
        .undo("Starts them again.", this::startAll)
        .within(START_LIMIT)
        .onFailure(FailurePolicy.ABORT);
  }

  /** Returns those that ran. */
  private List<Container> stopRunning(List<String> services) {
    Map<String, List<Container>> containers = byService();
    List<Container> stopped = new ArrayList<>();
    for (String service : services) {
      for (Container container : containers.getOrDefault(service, List.of())) {
        if (container.running()) {
          ports.engine().get().stop(container, GRACE);
          stopped.add(container);
        }
      }
    }
    return stopped;
  }

  Step start() {
    return start("start-services");
  }

  /** The same by another name. */
  Step start(String name) {
    return Step.changing(
            name,
            "docker compose up, with the images that ran: services start in the order of their"
                + " dependencies and are awaited until they are healthy.",
            this::startAll)
        .probe(DatabaseRestore::repeatable)
        .within(START_LIMIT.plusMinutes(1));
  }

  private void startAll(StepContext context) {
    project.up(List.of(), RunningImages.of(context), START_LIMIT);
  }

  /**
   * Restarts every service but the database's, one after the other. A restart leaves no trace in a
   * service, so it is written down which were.
   */
  Step restartEach() {
    return restartEach("restart-services");
  }

  /** The same by another name. */
  Step restartEach(String name) {
    return Step.changing(
            name,
            "Restarts every service but the database, each after those that it depends on, and"
                + " awaits each until it is healthy.",
            context -> {
              for (String service : project.recentConfiguration().inOrder()) {
                if (!isDatabase(service)) {
                  restart(context, service);
                }
              }
            })
        .probe(DatabaseRestore::repeatable)
        .within(START_LIMIT.plusMinutes(1));
  }

  private void restart(StepContext context, String service) {
    for (Container container : byService().getOrDefault(service, List.of())) {
      ports.engine().get().restart(container, GRACE);
    }
    project.up(List.of(service), RunningImages.of(context), START_LIMIT);
    context.found(Finding.check("service " + service, "up", "restarted, and up", true));
  }

  private boolean isDatabase(String service) {
    return environment.database().flatMap(DatabaseSettings::service).equals(Optional.of(service));
  }

  /** The services that depend on the database: while it is replaced, none writes to it. */
  Step stopWriters() {
    return stopWriters("stop-writers");
  }

  /** The same by another name. */
  Step stopWriters(String name) {
    return Step.changing(
            name,
            "Stops the services that depend on the database, and those that depend on them.",
            context -> {
              List<String> writers = new ArrayList<>(writers());
              Collections.reverse(writers);
              List<Container> stopped = stopRunning(writers);
              context.record(
                  WRITERS, stopped.stream().map(Container::id).collect(Collectors.joining(" ")));
              context.found(
                  Finding.check(
                      STOPPED,
                      "",
                      stopped.isEmpty()
                          ? "none ran"
                          : stopped.stream()
                              .flatMap(it -> it.composeService().stream())
                              .collect(Collectors.joining(", ")),
                      true));
            })
        .probe(context -> writersRun() ? Step.Outcome.NOT_DONE : Step.Outcome.DONE)
        .undo("Starts them again.", this::startAll)
        .within(START_LIMIT)
        .onFailure(FailurePolicy.ABORT);
  }

  /** All of them where the database's server is none of the project's: each may write to it. */
  private List<String> writers() {
    ComposeConfiguration all = project.recentConfiguration();
    Optional<String> database = environment.database().flatMap(DatabaseSettings::service);
    if (database.isEmpty()) {
      return all.inOrder();
    }
    if (!all.services().containsKey(database.get())) {
      throw new RecoveryException(
          ErrorCode.NOT_IN_PLAN,
          "the Compose files of %s have no service %s, which the plan says is the database's"
              .formatted(project.name(), database.get()),
          "correct environments.%s.database.service; they have %s."
              .formatted(environment.name(), String.join(", ", all.inOrder())));
    }
    return all.withDependents(Set.of(database.get())).stream()
        .filter(service -> !isDatabase(service))
        .toList();
  }

  private boolean writersRun() {
    Map<String, List<Container>> containers = byService();
    return writers().stream()
        .flatMap(service -> containers.getOrDefault(service, List.of()).stream())
        .anyMatch(Container::running);
  }

  /** After {@link #stopWriters}. */
  Step startWriters() {
    return Step.changing(
            "start-writers",
            "Starts what was stopped again, in the order of dependencies, and awaits it until it is"
                + " healthy; by docker compose up, with the images that ran, where other containers"
                + " are missing or do not run.",
            context ->
                allAsTheyWere(context)
                    .ifPresentOrElse(
                        all -> project.start(all, START_LIMIT), () -> startAll(context)))
        .probe(DatabaseRestore::repeatable)
        .undo(
            "Stops what writes, so that the way back can be taken.",
            context -> {
              List<String> writers = new ArrayList<>(writers());
              Collections.reverse(writers);
              stopRunning(writers);
            })
        .within(START_LIMIT.plusMinutes(1));
  }

  /**
   * All containers, where none is missing, or down but those that wrote. To start them is the way
   * back of stopping them then; Compose, which makes what is missing and has jobs run again, takes
   * longer.
   */
  private Optional<List<Container>> allAsTheyWere(StepContext context) {
    Set<String> writers =
        context.find(WRITERS).map(ids -> Set.of(ids.split(" ", -1))).orElse(Set.of());
    Map<String, String> images = RunningImages.of(context);
    List<Container> all = project.containers();
    Set<String> there =
        all.stream().flatMap(it -> it.composeService().stream()).collect(Collectors.toSet());
    boolean asTheyWere =
        all.stream()
            .allMatch(
                it ->
                    (it.running() || writers.contains(it.id()))
                        && it.composeService()
                            .map(images::get)
                            .equals(Optional.of(it.image().id())));
    return asTheyWere && there.containsAll(project.recentConfiguration().services().keySet())
        ? Optional.of(all)
        : Optional.empty();
  }

  /** The files say what to start; without them there is nothing to rebuild from. */
  void requireFiles(StepContext context) {
    List<String> services = project.configuration().inOrder();
    context.found(Finding.check("Compose files", "", String.join(", ", services), true));
  }

  /** The server that the data is restored into. */
  Step startDatabase() {
    Optional<String> service = environment.database().flatMap(DatabaseSettings::service);
    return Step.changing(
            "start-database",
            service
                .map(
                    "docker compose up %s: the server of the data, empty, until it is healthy."
                        ::formatted)
                .orElse("The server of the data is not one of the services: it has to be there."),
            context -> {
              if (service.isPresent()) {
                project.up(List.of(service.get()), RunningImages.of(context), START_LIMIT);
              }
            })
        .probe(DatabaseRestore::repeatable)
        .undo(
            "Stops it; container and volume stay.",
            context -> {
              if (service.isPresent()) {
                stopRunning(List.of(service.get()));
              }
            })
        .within(START_LIMIT.plusMinutes(1))
        .onFailure(FailurePolicy.ABORT);
  }

  /** After {@link #startDatabase}. */
  Step startRest() {
    return start("start-services")
        .undo(
            "Stops all services but the database.",
            context -> {
              List<String> services = new ArrayList<>(project.recentConfiguration().inOrder());
              Collections.reverse(services);
              services.removeIf(this::isDatabase);
              stopRunning(services);
            });
  }

  /** What the plan expects of the live data. */
  Step checkDatabase() {
    return Step.reading(
            "check-database",
            "Connects to the database, and runs the plan's expectations on it.",
            context -> {
              if (environment.database().isEmpty()) {
                context.found(Finding.warning("database", "the environment has none"));
                return;
              }
              String name = environment.database().get().name();
              try (DatabaseServer server = ports.databases().connect(environment)) {
                context.found(Finding.check("database " + name, "", server.facts().place(), true));
                Expectations.run(context, environment, server, name, "the database");
              }
            })
        .in(Mode.DRILL, Mode.RECOVERY)
        .within(Duration.ofMinutes(10));
  }
}
