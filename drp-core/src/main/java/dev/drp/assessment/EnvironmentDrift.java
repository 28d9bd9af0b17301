package dev.drp.assessment;

import dev.drp.assessment.Drift.Kind;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseServer;
import dev.drp.database.DatabaseSummary;
import dev.drp.database.ExpectationResult;
import dev.drp.plan.BackupKind;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.Expectation;
import dev.drp.plan.Nearest;
import dev.drp.probe.NameResolver;
import dev.drp.runtime.ComposeConfiguration;
import dev.drp.runtime.Volume;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The differences of one environment. */
final class EnvironmentDrift {
  /** Every table of users with its schema, one on a line. */
  static final String TABLES =
      "select coalesce(string_agg(table_schema || '.' || table_name, E'\\n'), '')"
          + " from information_schema.tables"
          + " where table_schema not in ('pg_catalog', 'information_schema')";

  private final ContingencyPlan plan;
  private final Environment environment;
  private final String at;
  private final Surroundings surroundings;
  private final Questions questions;
  private final List<Drift> drifts = new ArrayList<>();

  EnvironmentDrift(
      ContingencyPlan plan,
      Environment environment,
      Surroundings surroundings,
      AnswerLimits limits) {
    this.plan = plan;
    this.environment = environment;
    this.at = "environments." + environment.name();
    this.surroundings = surroundings;
    this.questions = new Questions(limits);
  }

  /**
   * What the database shows.
   *
   * @param missingTables by the index of the expectation that names them
   * @param tables those that there are, with their schema
   */
  private record Server(
      List<DatabaseSummary> databases,
      Map<Integer, List<String>> missingTables,
      List<String> tables) {}

  List<Drift> find() {
    ContainerReadings containers =
        new ContainerReadings(plan, environment, surroundings, questions);
    Optional<Asked<Server>> server =
        environment.database().map(it -> questions.ask("database", () -> look(it)));
    Asked<Map<Integer, String>> listening =
        questions.ask("ports", surroundings.machine()::listening);
    Map<Integer, Asked<NameResolver.Resolution>> names = names();
    PathDrift paths = new PathDrift(questions).askAbout(environment);

    if (environment.compose().isPresent()) {
      services(containers);
      volumes(containers);
    }
    server.ifPresent(this::database);
    ports(listening);
    names.forEach(this::name);
    drifts.addAll(paths.found());
    configurationIsKept();
    return drifts;
  }

  private void services(ContainerReadings containers) {
    Asked.Answer<ComposeConfiguration> configuration =
        containers.configurationAnswer().orElseThrow();
    if (configuration.value().isEmpty()) {
      drifts.add(
          configuration.isLate()
              ? unknown(at + ".compose", "Compose files", configuration.problem())
              : missing(
                  at + ".compose",
                  "Compose files",
                  Optional.empty(),
                  "Compose does not accept them: " + configuration.problem()));
      return;
    }
    Set<String> services = configuration.value().get().services().keySet();
    environment
        .database()
        .flatMap(DatabaseSettings::service)
        .ifPresent(it -> service(at + ".database.service", it, services));
    for (int i = 0; i < environment.configuration().size(); i++) {
      String path = at + ".configuration[%d].service".formatted(i);
      environment.configuration().get(i).service().ifPresent(it -> service(path, it, services));
    }
    if (containers.containers().value().isPresent()) {
      for (ServiceState state : containers.services()) {
        if (containers.ofProject().stream()
            .noneMatch(it -> it.composeService().equals(Optional.of(state.service())))) {
          drifts.add(
              missing(
                  at + ".compose",
                  state.service(),
                  Optional.empty(),
                  "service %s has no container".formatted(state.service())));
        }
      }
    }
  }

  private void service(String path, String name, Set<String> services) {
    if (!services.contains(name)) {
      drifts.add(
          missing(
              path, name, Nearest.to(name, services), "the Compose files have no service " + name));
    }
  }

  private void volumes(ContainerReadings containers) {
    Asked.Answer<List<Volume>> answer = containers.volumes();
    if (answer.value().isEmpty()) {
      drifts.add(unknown(at + ".compose", "engine", answer.problem()));
      return;
    }
    List<Volume> there = answer.value().get();
    List<String> names = there.stream().map(Volume::name).toList();
    for (int i = 0; i < environment.volumes().size(); i++) {
      String name = environment.volumes().get(i).name();
      if (!names.contains(name)) {
        drifts.add(
            missing(
                at + ".volumes[" + i + "].name",
                name,
                Nearest.to(name, names),
                "the engine has no volume " + name));
      }
    }
    Set<String> named =
        environment.volumes().stream()
            .map(Environment.Volume::name)
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> ofDatabase = AssessOutage.volumesOfDatabase(environment, containers);
    boolean all = isBackedUp(Set.of(BackupKind.SYSTEM));
    String project = environment.compose().orElseThrow().project();
    there.stream()
        .filter(it -> it.composeProject().equals(Optional.of(project)))
        .map(Volume::name)
        .filter(it -> !all && !named.contains(it) && !ofDatabase.contains(it))
        .forEach(
            it ->
                drifts.add(
                    unprotected(
                        at + ".volumes",
                        it,
                        "volume %s of its project is not named, and no system backup keeps it"
                            .formatted(it))));
  }

  private boolean isBackedUp(Set<BackupKind> kinds) {
    return plan.backupsOf(environment.name()).stream().anyMatch(it -> kinds.contains(it.kind()));
  }

  private Server look(DatabaseSettings settings) {
    try (DatabaseServer server = surroundings.databases().connect(environment)) {
      List<DatabaseSummary> databases = server.databases();
      boolean exists = databases.stream().anyMatch(it -> it.name().equals(settings.name()));
      if (!exists) {
        return new Server(databases, Map.of(), List.of());
      }
      try (ConsistentSnapshot snapshot = server.openSnapshot(settings.name())) {
        List<String> tables =
            snapshot.evaluate(DatabaseLook.question(TABLES, "!= ''")).actual().lines().toList();
        Map<Integer, List<String>> missing = new TreeMap<>();
        for (int i = 0; i < settings.expectations().size(); i++) {
          Expectation expectation = settings.expectations().get(i);
          ExpectationResult result = snapshot.evaluate(expectation);
          if (!result.met()) {
            missing.put(i, TablesOfExpectation.missing(expectation.sql(), tables));
          }
        }
        return new Server(databases, missing, tables);
      }
    }
  }

  private void database(Asked<Server> asked) {
    DatabaseSettings settings = environment.requireDatabase();
    Asked.Answer<Server> answer = asked.answer();
    if (answer.value().isEmpty()) {
      drifts.add(unknown(at + ".database", settings.name(), answer.problem()));
      return;
    }
    Server server = answer.value().get();
    List<String> names = server.databases().stream().map(DatabaseSummary::name).toList();
    if (!names.contains(settings.name())) {
      drifts.add(
          missing(
              at + ".database.name",
              settings.name(),
              Nearest.to(settings.name(), names),
              "the server has no database " + settings.name()));
    }
    server
        .missingTables()
        .forEach((index, tables) -> tables.forEach(it -> table(index, it, server.tables())));
    unprotectedDatabases(server, settings);
  }

  private void table(int expectation, String table, List<String> tables) {
    List<String> alike =
        table.contains(".")
            ? tables
            : tables.stream().map(it -> it.substring(it.indexOf('.') + 1)).toList();
    drifts.add(
        missing(
            at + ".database.expectations[" + expectation + "].sql",
            table,
            Nearest.to(table, alike),
            "the database has no table " + table));
  }

  /** A physical backup keeps all databases of a server, a logical one a single one. */
  private void unprotectedDatabases(Server server, DatabaseSettings settings) {
    if (isBackedUp(Set.of(BackupKind.PHYSICAL))) {
      return;
    }
    Set<String> kept =
        Stream.concat(
                isBackedUp(Set.of(BackupKind.LOGICAL))
                    ? Stream.of(settings.name())
                    : Stream.<String>empty(),
                plan.environments().values().stream()
                    .filter(it -> isOnTheSameServer(it, settings))
                    .filter(
                        it ->
                            plan.backupsOf(it.name()).stream()
                                .anyMatch(schedule -> schedule.kind() == BackupKind.LOGICAL))
                    .map(it -> it.requireDatabase().name()))
            .collect(Collectors.toSet());
    FindDrift.ofUsers(server.databases(), environment).stream()
        .map(DatabaseSummary::name)
        .filter(it -> !kept.contains(it))
        .forEach(
            it ->
                drifts.add(
                    unprotected(
                        "backups",
                        it,
                        "nothing backs up database %s of the server".formatted(it))));
  }

  private boolean isOnTheSameServer(Environment other, DatabaseSettings settings) {
    return other
        .database()
        .filter(it -> it.host().equals(settings.host()) && it.port() == settings.port())
        .filter(it -> it.service().equals(settings.service()))
        .filter(it -> settings.service().isEmpty() || other.compose().equals(environment.compose()))
        .isPresent();
  }

  private void ports(Asked<Map<Integer, String>> listening) {
    Map<String, Integer> ports = new LinkedHashMap<>();
    for (int i = 0; i < environment.ports().size(); i++) {
      if (NetworkReadings.isOnThisMachine(environment.ports().get(i))) {
        ports.put(at + ".ports[" + i + "].port", environment.ports().get(i).port());
      }
    }
    for (int i = 0; i < environment.domains().size(); i++) {
      String path = at + ".domains[" + i + "].port";
      environment.domains().get(i).port().ifPresent(it -> ports.put(path, it));
    }
    if (ports.isEmpty()) {
      return;
    }
    Asked.Answer<Map<Integer, String>> answer = listening.answer();
    if (answer.value().isEmpty()) {
      drifts.add(unknown(at + ".ports", "ports", answer.problem()));
      return;
    }
    Collection<String> open = answer.value().get().keySet().stream().map(String::valueOf).toList();
    ports.forEach(
        (path, port) -> {
          String name = String.valueOf(port);
          if (!open.contains(name)) {
            drifts.add(
                missing(
                    path,
                    name,
                    Nearest.to(name, open),
                    "nobody listens on port %d".formatted(port)));
          }
        });
  }

  private Map<Integer, Asked<NameResolver.Resolution>> names() {
    Map<Integer, Asked<NameResolver.Resolution>> names = new LinkedHashMap<>();
    for (int i = 0; i < environment.domains().size(); i++) {
      String name = environment.domains().get(i).name();
      names.put(
          i,
          questions.ask(
              name,
              () -> surroundings.names().resolve(name, NameResolver.SYSTEM, questions.each())));
    }
    return names;
  }

  private void name(int index, Asked<NameResolver.Resolution> asked) {
    String path = at + ".domains[" + index + "].name";
    String name = environment.domains().get(index).name();
    Asked.Answer<NameResolver.Resolution> answer = asked.answer();
    if (answer.value().isEmpty()) {
      drifts.add(unknown(path, name, answer.problem()));
    } else if (answer.value().get().addresses().isEmpty()) {
      drifts.add(
          missing(
              path,
              name,
              Optional.empty(),
              "%s does not resolve: %s".formatted(name, answer.value().get().problem())));
    }
  }

  private void configurationIsKept() {
    if (!environment.configuration().isEmpty()
        && !isBackedUp(Set.of(BackupKind.CONFIGURATION, BackupKind.SYSTEM))) {
      drifts.add(
          unprotected("backups", "configuration of " + environment.name(), "nothing backs it up"));
    }
  }

  private static Drift missing(String path, String name, Optional<String> nearest, String what) {
    return new Drift(Kind.MISSING, path, name, nearest, what);
  }

  private static Drift unknown(String path, String name, String what) {
    return new Drift(Kind.UNKNOWN, path, name, Optional.empty(), what);
  }

  private static Drift unprotected(String path, String name, String what) {
    return new Drift(Kind.UNPROTECTED, path, name, Optional.empty(), what);
  }
}
