package dev.drp.procedure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupFixture;
import dev.drp.database.FakeDatabaseServer;
import dev.drp.files.FilePlaces;
import dev.drp.plan.BackupKind;
import dev.drp.plan.ComposeSettings;
import dev.drp.plan.Consistency;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Criticality;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.LocalHost;
import dev.drp.plan.Migrations;
import dev.drp.plan.Migrations.AfterRestore;
import dev.drp.plan.PlanLoader;
import dev.drp.plan.PlannedRecovery;
import dev.drp.plan.ProxySettings;
import dev.drp.plan.Site;
import dev.drp.plan.SiteAddress;
import dev.drp.probe.HttpProbe;
import dev.drp.probe.NameResolver;
import dev.drp.proxy.FakeProxyServer;
import dev.drp.recovery.DyingClock;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionListener;
import dev.drp.recovery.ExecutionState;
import dev.drp.recovery.Finding;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Mode;
import dev.drp.recovery.RecoveryEngine;
import dev.drp.recovery.StepExecution;
import dev.drp.recovery.StepState;
import dev.drp.runtime.ComposeConfiguration;
import dev.drp.runtime.Container;
import dev.drp.runtime.FakeComposeProject;
import dev.drp.runtime.FakeComposeProject.Behaviour;
import dev.drp.runtime.FakeContainerRuntime;
import dev.drp.runtime.LocalCommandRunner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The recovery plans of a stack of four services, on an engine that is a folder. */
class RecoveryPlansTest {
  private static final URI HEALTH = URI.create("http://localhost:8000");
  private static final String STAGING = "staging";
  private static final String SITE = "shop.example.net";

  @TempDir Path folder;
  private ProcedureFixture fixture;
  private FakeContainerRuntime engine;
  private Map<String, Behaviour> behaviours;
  private boolean answers;
  private FakeProxyServer proxies;
  private AfterRestore afterRestore;
  private Optional<Migrations> history = Optional.empty();
  private Path pending;
  private int migrationsRun;
  private final List<String> migrationsMade = new ArrayList<>();
  private final Map<String, List<String>> resolved = new HashMap<>();

  @BeforeEach
  void aStackThatServes() {
    begin(folder.resolve("first"));
  }

  private void begin(Path at) {
    fixture = new ProcedureFixture(at.resolve("state"));
    engine = new FakeContainerRuntime(at.resolve("engine"));
    behaviours = new HashMap<>();
    answers = true;
    afterRestore = AfterRestore.APPLY;
    pending = at.resolve("pending");
    migrationsRun = 0;
    proxies = new FakeProxyServer();
    proxies.edit(SITE, 200, "the shop");
    proxies.start();
    for (String image : List.of("postgres", "backend", "frontend", "nginx")) {
      engine.addImage(image, "sha256:" + image + "-1");
    }
    project("shop").up(List.of(), Map.of(), Duration.ofSeconds(1));
    fixture.backUp();
    lacks("AddSlug\n");
  }

  private FakeComposeProject project(String name) {
    return new FakeComposeProject(
        name,
        engine,
        new ComposeConfiguration(
            Map.of(
                "db", service("postgres", List.of(), List.of("data")),
                "backend", service("backend", List.of("db"), List.of()),
                "frontend", service("frontend", List.of(), List.of()),
                "nginx", service("nginx", List.of("backend", "frontend"), List.of())),
            Map.of("data", new ComposeConfiguration.Volume(name + "_data", false))),
        behaviours,
        this::inABackend);
  }

  /** A backend's programs; which migrations the data lacks is a file of the engine. */
  private String inABackend(List<String> program) {
    try {
      if (program.equals(List.of("migrate"))) {
        migrationsRun++;
        Files.writeString(pending, "");
        migrationsMade.forEach(
            name -> fixture.server.insert(ProcedureFixture.LIVE, "app", "done", name));
      }
      return program.equals(List.of("pending")) ? Files.readString(pending) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ComposeConfiguration.Service service(
      String image, List<String> dependsOn, List<String> volumes) {
    return new ComposeConfiguration.Service(
        Optional.of(image), dependsOn, dependsOn, volumes, List.of(), false);
  }

  private Environment environment(String name, String project, boolean isProtected) {
    Environment like = fixture.backups.environment;
    Environment.Builder builder =
        Environment.builder(name, "primary")
            .compose(new ComposeSettings(project, Path.of("/srv/shop"), List.of()))
            .database(
                DatabaseSettings.builder(
                        like.requireDatabase().name(), like.requireDatabase().user())
                    .service("db")
                    .migrations(
                        history.orElseGet(
                            () ->
                                Migrations.by(
                                    "backend",
                                    List.of("pending"),
                                    List.of("migrate"),
                                    afterRestore)))
                    .expectation(like.requireDatabase().expectations().get(0))
                    .build())
            .health(HEALTH)
            .domain(new Environment.Domain(SITE, Optional.of(8000)))
            .proxy(
                ProxySettings.of(
                        Path.of("/etc/caddy/Caddyfile"),
                        ProxySettings.DEFAULT_ADMIN,
                        List.of(SiteAddress.parse(SITE)))
                    .withRestart("true"));
    return isProtected ? builder.build() : builder.unprotected().build();
  }

  private ContingencyPlan plan(Environment... environments) {
    ContingencyPlan.Builder builder =
        ContingencyPlan.builder(BackupFixture.APPLICATION)
            .objectives(fixture.objectives)
            .site(
                new Site(
                    "primary",
                    LocalHost.LOCAL,
                    Optional.empty(),
                    Site.Role.PRIMARY,
                    Optional.of("primary.example.net"),
                    Optional.empty(),
                    Optional.empty()))
            .nameServer("192.0.2.53");
    Stream.of(environments).forEach(builder::environment);
    return builder.build();
  }

  private RecoveryPlans plans(ContingencyPlan plan) {
    return new RecoveryPlans(
        plan,
        new RecoveryPorts(
            (name, at, files) -> project(name),
            () -> engine,
            any -> fixture.reached,
            target -> proxies.of(target),
            (address, limit) ->
                new HttpProbe.Answer(
                    address,
                    Optional.of(answers ? 200 : 502),
                    Duration.ofMillis(3),
                    answers ? "" : "status 502"),
            (name, server, limit) ->
                new NameResolver.Resolution(
                    name, server, resolved.getOrDefault(server, List.of("192.0.2.7")), ""),
            new LocalCommandRunner()),
        fixture.restoreDatabase(),
        fixture.restoreServer(),
        new RestoreConfiguration(
            plan,
            fixture.backups.catalog(),
            fixture.backups.reader,
            new FilePlaces(new LocalCommandRunner(), () -> engine, List.of())),
        fixture.backups.state);
  }

  private RecoveryPlans plans() {
    return plans(plan(environment(ProcedureFixture.PRODUCTION, "shop", false)));
  }

  private static RecoverRequest request() {
    return new RecoverRequest(
        RestoreRequest.NEWEST.confirming(ProcedureFixture.LIVE), BackupKind.LOGICAL);
  }

  private Execution execute(String name, Mode mode) {
    return execute(plans(), name, mode, fixture.backups.clock);
  }

  private Execution execute(RecoveryPlans plans, String name, Mode mode, Clock clock) {
    return new RecoveryEngine(fixture.executions, clock)
        .execute(
            plans.plan(name, ProcedureFixture.PRODUCTION, request()),
            mode,
            ExecutionListener.SILENT);
  }

  private Execution resume(Execution left) {
    return new RecoveryEngine(fixture.executions, fixture.backups.clock)
        .resume(left.id(), List.of(), plans()::plan, ExecutionListener.SILENT);
  }

  private void assertAllUp() {
    assertThat(project("shop").containers()).hasSize(4).allMatch(Container::isUp);
  }

  private List<String> calls(int since) {
    return engine.calls().subList(since, engine.calls().size());
  }

  @Test
  void restartStopsAndStartsEverythingWithTheImagesThatRan() {
    engine.addImage("backend", "sha256:backend-2"); // the name means another one by now
    engine.addImage("kept", "sha256:backend-1");
    int before = engine.calls().size();

    Execution execution = execute("restart", Mode.RECOVERY);

    assertThat(execution.state()).as("%s", execution.problem()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(calls(before)).startsWith("down").contains("up");
    assertAllUp();
    assertThat(engine.container("shop-backend-1").image().id()).isEqualTo("sha256:backend-1");
    assertThat(execution.reached(MeasuringPoint.READY)).isPresent();
  }

  @Test
  void restartKeepsTheLogsWithoutSecrets() throws IOException {
    Execution execution = execute("restart", Mode.RECOVERY);

    Path kept = fixture.backups.state.executions().resolve(execution.id() + ".evidence");
    try (Stream<Path> files = Files.list(kept)) {
      Set<String> names =
          files
              .map(file -> file.getFileName().toString())
              .collect(Collectors.toCollection(TreeSet::new));
      assertThat(names)
          .containsExactly(
              "shop-backend-1.log", "shop-db-1.log", "shop-frontend-1.log", "shop-nginx-1.log");
    }
    assertThat(Files.readString(kept.resolve("shop-db-1.log")))
        .contains("the password is ***")
        .doesNotContain(FakeComposeProject.SECRET);
  }

  @Test
  void restartTouchesNothingWhenAVolumeIsLost() {
    engine.removeVolume("shop_data");
    int before = engine.calls().size();

    Execution execution = execute("restart", Mode.RECOVERY);

    assertThat(execution.state()).isEqualTo(ExecutionState.FAILED);
    assertThat(execution.problem().orElseThrow().problem()).contains("shop_data");
    assertThat(calls(before)).isEmpty();
  }

  @Test
  void restartPausesWithTheLogOfAServiceThatDoesNotComeUp() {
    behaviours.put("backend", Behaviour.ENDS_BADLY);

    Execution paused = execute("restart", Mode.RECOVERY);

    assertThat(paused.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(paused.problem().orElseThrow().problem())
        .contains("backend", "this is ENDS_BADLY")
        .doesNotContain(FakeComposeProject.SECRET);

    behaviours.remove("backend");
    project("shop").down(Duration.ZERO); // mended by hand
    assertThat(resume(paused).state()).isEqualTo(ExecutionState.COMPLETED);
    assertAllUp();
  }

  @Test
  void applicationRestartsAllButTheDatabaseInTheOrderOfTheirDependencies() {
    engine.crash("shop-backend-1", 1);
    int before = engine.calls().size();

    Execution execution = execute("application", Mode.RECOVERY);

    assertThat(execution.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(calls(before).stream().filter(it -> it.startsWith("start")))
        .containsExactly("start shop-backend-1", "start shop-frontend-1", "start shop-nginx-1");
    assertThat(calls(before)).noneMatch(it -> it.contains("shop-db-1"));
    assertAllUp();
  }

  @Test
  void databaseStopsWhatWritesRestoresAndStartsItAgain() {
    fixture.server.insert(ProcedureFixture.LIVE, "public", "customers", "Mallory");
    int before = engine.calls().size();

    Execution execution = execute("database", Mode.RECOVERY);

    assertThat(execution.state())
        .as("%s", execution.problem())
        .isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(fixture.customers(ProcedureFixture.LIVE)).containsExactly("Ada", "Grace");
    assertThat(calls(before))
        .startsWith("stop shop-nginx-1", "stop shop-backend-1")
        .doesNotContain("stop shop-db-1");
    assertAllUp();
    assertThat(RestoreDatabase.setAside(execution)).isPresent();

    Execution undone =
        new RecoveryEngine(fixture.executions, fixture.backups.clock)
            .undo(execution.id(), plans()::plan, ExecutionListener.SILENT);
    assertThat(undone.state()).isEqualTo(ExecutionState.ROLLED_BACK);
    assertThat(fixture.customers(ProcedureFixture.LIVE)).contains("Mallory");
    assertAllUp();
  }

  @Test
  void databaseHasTheEngineStartWhatItStoppedAndComposeWhatElseIsDown() {
    int before = engine.calls().size();
    execute("database", Mode.RECOVERY);
    assertThat(calls(before)).contains("start backend nginx").doesNotContain("up");

    engine.stop(engine.container("shop-frontend-1"), Duration.ZERO);
    before = engine.calls().size();
    execute("database", Mode.RECOVERY);
    assertThat(calls(before)).contains("up").doesNotContain("start backend nginx");
    assertAllUp();

    engine.remove(engine.container("shop-frontend-1"));
    before = engine.calls().size();
    execute("database", Mode.RECOVERY);
    assertThat(calls(before)).contains("up").doesNotContain("start backend nginx");
    assertAllUp();
  }

  private void lacks(String migrations) {
    try {
      Files.writeString(pending, migrations);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void migrationsThatTheRestoredDataLacksAreAppliedBeforeWhatWritesStarts() {
    lacks("AddSlug\nAddIndex\n");
    int before = engine.calls().size();

    Execution execution = execute("database", Mode.RECOVERY);

    assertThat(execution.stepExecution("check-migrations").findings())
        .extracting(Finding::actual)
        .containsExactly("AddSlug, AddIndex");
    assertThat(execution.stepExecution("apply-migrations").state()).isEqualTo(StepState.SUCCEEDED);
    assertThat(calls(before))
        .containsSubsequence(
            "run backend migrate",
            "run backend pending",
            "start backend nginx",
            "start shop-backend-1");
    assertThat(migrationsRun).isEqualTo(1);
  }

  @Test
  void nothingIsAppliedWhereTheRestoredDataLacksNothing() {
    lacks("");
    int before = engine.calls().size();

    Execution execution = execute("database", Mode.RECOVERY);

    assertThat(execution.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(calls(before).stream().filter(it -> it.startsWith("run ")))
        .containsExactly("run backend pending");
  }

  @Test
  void migrationsAreOnlyNamedWhereThePlanLeavesThemToAPerson() {
    afterRestore = AfterRestore.REPORT;

    Execution execution = execute("database", Mode.RECOVERY);

    assertThat(execution.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(execution.stepExecution("check-migrations").findings())
        .extracting(Finding::kind, Finding::actual)
        .contains(tuple(Finding.Kind.CHECK, "AddSlug"))
        .anyMatch(it -> it.toList().contains(Finding.Kind.WARNING));
    assertThat(migrationsRun).isZero();
  }

  /** The table app.done of the data, and files of the backend. */
  private void migrationsByTable(List<String> expected, String... files) throws IOException {
    String name = "app.done";
    history =
        Optional.of(
            new Migrations(
                "backend",
                List.of(),
                Optional.of(name),
                Optional.of(FakeDatabaseServer.COLUMN),
                expected.isEmpty() ? Optional.of("/srv/migrations/") : Optional.empty(),
                Optional.of("\\d+-(\\w+)\\.sql"),
                expected,
                List.of("migrate"),
                AfterRestore.APPLY));
    Path folder = engine.filesOf("shop-backend-1").resolve("srv/migrations");
    Files.createDirectories(folder.resolve("9-Folder.sql"));
    for (String file : files) {
      Files.writeString(folder.resolve(file), "");
    }
    Files.writeString(folder.resolve("9-Folder.sql/1-Inside.sql"), "");
  }

  @Test
  void aTableOfTheDataIsComparedWithTheFilesOfTheService() throws IOException {
    fixture.server.insert(ProcedureFixture.LIVE, "app", "done", "Init", "Later");
    fixture.backUp();
    migrationsByTable(List.of(), "1-Init.sql", "2-Index.sql", "README.md");
    migrationsMade.addAll(List.of("Index", "Folder"));

    Execution execution = execute("database", Mode.RECOVERY);

    assertThat(execution.state())
        .as("%s", execution.problem())
        .isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(execution.stepExecution("check-migrations").findings())
        .extracting(Finding::kind, Finding::actual)
        .containsExactly(
            tuple(
                Finding.Kind.WARNING,
                "the data has some that the image does not know, so it may be newer than the image:"
                    + " Later"),
            tuple(Finding.Kind.CHECK, "Index, Folder"));
    assertThat(migrationsRun).isEqualTo(1);
  }

  @Test
  void aTableOfTheDataIsComparedWithWhatAProgramExpects() throws IOException {
    fixture.server.insert(ProcedureFixture.LIVE, "app", "done", "AddSlug");
    fixture.backUp();
    migrationsByTable(List.of("pending"));

    Execution execution = execute("database", Mode.RECOVERY);

    assertThat(execution.stepExecution("check-migrations").findings())
        .extracting(Finding::actual)
        .containsExactly("none");
    assertThat(migrationsRun).isZero();
  }

  @Test
  void aTableOrFilesThatAreNotThereAreSaidAndNothingIsApplied() throws IOException {
    migrationsByTable(List.of(), "1-Init.sql");
    Execution noTable = execute("database", Mode.RECOVERY);
    assertThat(noTable.problem().orElseThrow().problem())
        .contains("no table app.done with a column value");

    begin(folder.resolve("second"));
    migrationsByTable(List.of());
    Files.delete(
        engine.filesOf("shop-backend-1").resolve("srv/migrations/9-Folder.sql/1-Inside.sql"));
    Files.delete(engine.filesOf("shop-backend-1").resolve("srv/migrations/9-Folder.sql"));
    Execution noFiles = execute("database", Mode.RECOVERY);
    assertThat(noFiles.problem().orElseThrow().problem()).contains("none of the 0 names in");
    assertThat(migrationsRun).isZero();
  }

  @Test
  void visitorsGetTheMaintenancePageWhileTheDatabaseIsReplaced() {
    List<String> seen = new ArrayList<>();
    Execution execution =
        new RecoveryEngine(fixture.executions, fixture.backups.clock)
            .execute(
                plans().plan("database", ProcedureFixture.PRODUCTION, request()),
                Mode.RECOVERY,
                new ExecutionListener() {
                  @Override
                  public void stepStarted(Execution so, StepExecution step) {
                    if (step.name().equals("switch")) {
                      seen.add(proxies.visit(SITE));
                    }
                  }
                });

    assertThat(execution.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(seen).containsExactly("503 maintenance");
    assertThat(proxies.visit(SITE)).isEqualTo("200 the shop");
  }

  @Test
  void aDeadProxyKeepsNobodyFromRecoveringTheDatabase() {
    proxies.kill();

    Execution execution = execute("database", Mode.RECOVERY);

    assertThat(execution.stepExecution("maintenance-on").state())
        .isEqualTo(StepState.FAILED_IGNORED);
    assertThat(execution.stepExecution("switch").state()).isEqualTo(StepState.SUCCEEDED);
    assertThat(execution.stepExecution("start-writers").state()).isEqualTo(StepState.SUCCEEDED);
  }

  @Test
  void restartLeavesAProxyAloneThatIsWellAndRestartsOneThatIsNot() {
    Execution well = execute("restart", Mode.RECOVERY);
    assertThat(well.stepExecution("restart-proxy").findings())
        .anyMatch(it -> it.actual().contains("left alone"));

    proxies.kill();
    Execution restarted = execute("restart", Mode.RECOVERY);
    assertThat(restarted.state()).as("%s", restarted.problem()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(proxies.visit(SITE)).isEqualTo("200 the shop");
  }

  @Test
  void networkAsksSeveralNameServersAndRestartsTheProxy() {
    proxies.kill();
    resolved.put("192.0.2.53", List.of("198.51.100.1"));

    Execution execution = execute("network", Mode.RECOVERY);

    assertThat(execution.state()).as("%s", execution.problem()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(execution.stepExecution("resolve-names").findings())
        .extracting(Finding::subject, Finding::actual, Finding::met)
        .containsExactly(
            tuple(SITE + ", asked of system", "192.0.2.7", true),
            tuple(SITE + ", asked of 192.0.2.53", "198.51.100.1", false));
    assertThat(proxies.visit(SITE)).isEqualTo("200 the shop");
    assertThat(execution.reached(MeasuringPoint.READY)).isPresent();
  }

  @Test
  void databaseStopsNothingWhenItIsNotConfirmed() {
    int before = engine.calls().size();
    Execution execution =
        new RecoveryEngine(fixture.executions, fixture.backups.clock)
            .execute(
                plans()
                    .plan(
                        "database",
                        ProcedureFixture.PRODUCTION,
                        new RecoverRequest(RestoreRequest.NEWEST, BackupKind.LOGICAL)),
                Mode.RECOVERY,
                ExecutionListener.SILENT);

    assertThat(execution.exitStatus()).isEqualTo(ExitStatus.REFUSED);
    assertThat(calls(before)).isEmpty();
  }

  @Test
  void aFailedRestoreStartsWhatWasStopped() {
    fixture.server.answer("select count(*) from orders", database -> "0");

    Execution execution = execute("database", Mode.RECOVERY);

    assertThat(execution.state()).isEqualTo(ExecutionState.FAILED);
    assertThat(execution.stepExecution("stop-writers").state()).isEqualTo(StepState.UNDONE);
    assertAllUp();
  }

  @Test
  void aSimulationMeasuresAndPutsEverythingBack() {
    fixture.server.insert(ProcedureFixture.LIVE, "public", "customers", "Today");

    Execution execution = execute("simulate", Mode.DRILL);

    assertThat(execution.state()).as("%s", execution.problem()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(execution.recoveryTimeActual()).isPresent();
    assertThat(fixture.customers(ProcedureFixture.LIVE)).contains("Today");
    assertThat(fixture.databases()).noneMatch(name -> name.startsWith("drp_"));
    assertAllUp();
  }

  @Test
  void aSimulationThatFailsPutsEverythingBack() {
    fixture.server.answer("select count(*) from orders", database -> "0");

    Execution execution = execute("simulate", Mode.DRILL);

    assertThat(execution.state()).isEqualTo(ExecutionState.FAILED);
    assertThat(fixture.databases()).noneMatch(name -> name.startsWith("drp_"));
    assertAllUp();
  }

  @Test
  void refusesToSimulateOnWhatIsProtectedOrSharesWithIt() {
    int before = engine.calls().size();
    Environment ours = environment(ProcedureFixture.PRODUCTION, "shop", true);
    assertRefused(plan(ours), "is protected");

    Environment open = environment(ProcedureFixture.PRODUCTION, "shop", false);
    assertRefused(plan(open, environment(STAGING, "shop", true)), "Compose project shop");

    assertRefused(plan(open, environment(STAGING, "other", true)), "database server");

    Environment sharing =
        Environment.builder(STAGING, "primary")
            .volume(
                new Environment.Volume(
                    "shop_data", Optional.empty(), Criticality.CRITICAL, Consistency.LIVE))
            .build();
    assertRefused(plan(open, sharing), "volume shop_data");
    assertThat(calls(before)).isEmpty();
  }

  private void assertRefused(ContingencyPlan plan, String problem) {
    Execution execution = execute(plans(plan), "simulate", Mode.DRILL, fixture.backups.clock);
    assertThat(execution.exitStatus()).as(problem).isEqualTo(ExitStatus.REFUSED);
    assertThat(execution.problem().orElseThrow().problem()).contains(problem);
  }

  @Test
  void aDrillOfWhatActsInPlaceRefusesAProtectedEnvironment() {
    RecoveryPlans plans = plans(plan(environment(ProcedureFixture.PRODUCTION, "shop", true)));
    for (String name : List.of("restart", "application", "database")) {
      assertThat(execute(plans, name, Mode.DRILL, fixture.backups.clock).exitStatus())
          .as(name)
          .isEqualTo(ExitStatus.REFUSED);
    }
    assertThat(execute(plans, "restart", Mode.RECOVERY, fixture.backups.clock).exitStatus())
        .isEqualTo(ExitStatus.OK);
  }

  @Test
  void checksChangeNothing() {
    int before = engine.calls().size();
    for (String name : plans().names()) {
      if (name.equals("rebuild")) {
        assertThat(execute(name, Mode.CHECK).exitStatus()).isEqualTo(ExitStatus.REFUSED);
        continue; // it runs
      }
      assertThat(execute(name, Mode.CHECK).state()).as(name).isEqualTo(ExecutionState.COMPLETED);
    }
    assertThat(calls(before)).isEmpty();
  }

  @Test
  void namesThePlansThatThereAre() {
    assertThatThrownBy(() -> plans().plan("restrat", ProcedureFixture.PRODUCTION, request()))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.NOT_IN_PLAN);
              assertThat(e).hasMessageContaining("restrat").hasMessageContaining("restart");
            });
  }

  /** A plan of the team's own, with these phases. */
  private RecoveryPlans plansWithOwn(boolean isProtected, String phases) {
    String file =
        """
        format: 1
        application: Shop
        sites: { primary: { host: local } }
        environments: { production: { site: primary } }
        recovery-plans:
          own:
            phases:
        """;
    PlannedRecovery own =
        PlanLoader.load(file + phases.indent(6), folder.resolve("drp.yaml"))
            .orThrow()
            .recoveryPlans()
            .get("own");
    return plans(
        ContingencyPlan.builder(BackupFixture.APPLICATION)
            .objectives(fixture.objectives)
            .site(Site.local("primary"))
            .environment(environment(ProcedureFixture.PRODUCTION, "shop", isProtected))
            .recoveryPlan(Objects.requireNonNull(own))
            .notifier("sh", "-c", "cat > '%s'".formatted(folder.resolve("told")))
            .build());
  }

  /** One that restores, and then waits a moment. */
  private RecoveryPlans plansWithARestore(String lastStep) {
    return plansWithOwn(
        false,
        """
        - name: all
          steps:
            - { name: data, restore: logical }
            - { name: '%s', wait: 1ms }
        """
            .formatted(lastStep));
  }

  @Test
  void aDrillOfATeamsPlanWithARestorePutsTheDataBack() {
    fixture.server.insert(ProcedureFixture.LIVE, "public", "customers", "Today");
    RecoveryPlans plans = plansWithARestore("breathe");

    Execution drill = execute(plans, "own", Mode.DRILL, fixture.backups.clock);

    assertThat(drill.state()).as("%s", drill.problem()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(fixture.customers(ProcedureFixture.LIVE)).contains("Today");
    assertThat(fixture.databases()).noneMatch(name -> name.startsWith("drp_"));

    Execution recovery = execute(plans, "own", Mode.RECOVERY, fixture.backups.clock);
    assertThat(recovery.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(RestoreDatabase.setAside(recovery)).isPresent();
  }

  @Test
  void aStepOfATeamCannotHaveTheNameOfOneOfOurs() {
    RecoveryPlans plans = plansWithARestore("look-at-services");

    assertThatThrownBy(() -> plans.plan("own", ProcedureFixture.PRODUCTION, request()))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PLAN_INVALID))
        .hasMessageContaining("look-at-services");
  }

  @Test
  void theTeamsOwnPlanRunsAsItIsWritten() throws IOException {
    fixture.server.insert(ProcedureFixture.LIVE, "public", "customers", "Mallory");
    RecoveryEngine engineOf = new RecoveryEngine(fixture.executions, fixture.backups.clock);
    RecoveryPlans plans =
        plansWithOwn(
            true,
            """
            - name: contain
              within: 10m
              steps:
                - { name: stop, compose: stop-writers }
                - { name: mark, run: [touch, %1$s/mark], done-when: [test, -e, %1$s/mark], undo: [rm, %1$s/mark] }
                - { name: tell, notify: it began }
                - { name: shall we, approval: restore yesterday }
                - { name: get it back, restore: logical }
                - { name: only in drills, run: [touch, %1$s/drill], modes: [drill] }
            - name: resume
              within: 15m
              steps:
                - { name: breathe, wait: 10ms }
                - { name: start, compose: up }
                - { name: answers, probe: 'http://localhost:8000' }
            """
                .formatted(folder));
    assertThat(plans.names()).endsWith("own");
    assertThat(plans.kindOf("own")).contains(BackupKind.LOGICAL);

    Execution execution =
        engineOf.execute(
            plans.plan("own", ProcedureFixture.PRODUCTION, request()),
            Mode.RECOVERY,
            new ExecutionListener() {
              @Override
              public void stepStarted(Execution so, StepExecution step) {
                if (step.forPerson()) {
                  engineOf.approve(so.id(), Optional.of(step.name()), "Ada", "");
                }
              }
            });

    assertThat(execution.state())
        .as("%s", execution.problem())
        .isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(fixture.customers(ProcedureFixture.LIVE)).doesNotContain("Mallory");
    assertThat(Files.readString(folder.resolve("told"))).isEqualTo("it began\n");
    assertThat(folder.resolve("mark")).exists();
    assertThat(folder.resolve("drill")).doesNotExist();
    assertThat(execution.stepExecution("only in drills").state()).isEqualTo(StepState.SKIPPED);
    assertThat(execution.phases().stream().filter(it -> it.name().equals("resume")).findFirst())
        .hasValueSatisfying(it -> assertThat(it.target()).contains(Duration.ofMinutes(5)));
    assertAllUp();

    engineOf.undo(execution.id(), plans::plan, ExecutionListener.SILENT);
    assertThat(folder.resolve("mark")).doesNotExist();
    assertThat(fixture.customers(ProcedureFixture.LIVE)).contains("Mallory");
  }

  /** The group says what its steps do not say themselves. */
  private RecoveryPlans plansWithAGroup() {
    return plansWithOwn(
        false,
        """
        - name: all
          steps:
            - { name: stop, compose: stop-writers }
            - group: save and look
              modes: [recovery]
              on-failure: continue
              within: 30s
              steps:
                - { name: save, run: [sh, -c, 'echo saved >> %1$s/saved'], done-when: [test, -s, %1$s/saved] }
                - { name: mark, run: [sh, -c, 'echo marked >> %1$s/mark'], done-when: [test, -s, %1$s/mark], undo: [rm, -f, %1$s/mark] }
                - { name: fail, run: ['false'], done-when: ['false'] }
                - { name: rehearse, run: ['false'], modes: [drill], on-failure: abort }
            - { name: start, compose: up }
        """
            .formatted(folder));
  }

  @Test
  void aGroupOfATeamSaysWhatItsStepsDoNotSay() {
    RecoveryPlans plans = plansWithAGroup();

    Execution recovery = execute(plans, "own", Mode.RECOVERY, fixture.backups.clock);

    assertThat(recovery.state()).isEqualTo(ExecutionState.COMPLETED_WITH_EXCEPTIONS);
    assertThat(recovery.stepExecution("fail").state()).isEqualTo(StepState.FAILED_IGNORED);
    assertThat(recovery.stepExecution("rehearse").state()).isEqualTo(StepState.SKIPPED);
    assertThat(recovery.phases().get(1).groups())
        .extracting(it -> it.name().orElse(""))
        .containsExactly("", "save and look", "");
    assertThat(plans.plan("own", ProcedureFixture.PRODUCTION, request()).phases().get(1).steps())
        .filteredOn(it -> it.name().equals("save"))
        .singleElement()
        .satisfies(it -> assertThat(it.limit()).isEqualTo(Duration.ofSeconds(30)));

    Execution drill = execute(plans, "own", Mode.DRILL, fixture.backups.clock);
    assertThat(drill.stepExecution("save").state()).isEqualTo(StepState.SKIPPED);
    assertThat(drill.state()).isEqualTo(ExecutionState.FAILED);
  }

  @Test
  void aGroupEndsInTheSameStateWhereverTheProcessDiedAndRepeatsNothing() throws IOException {
    int died = 0;
    for (int line = 2; ; line++) {
      begin(folder.resolve("group" + line));
      for (String made : List.of("saved", "mark")) {
        Files.deleteIfExists(folder.resolve(made));
      }
      RecoveryPlans plans = plansWithAGroup();
      try {
        execute(plans, "own", Mode.RECOVERY, new DyingClock(fixture.backups.clock, line));
        break;
      } catch (DyingClock.Died e) {
        died++;
      }
      Execution left = fixture.executions.list().executions().get(0);
      Execution done =
          new RecoveryEngine(fixture.executions, fixture.backups.clock)
              .resume(left.id(), List.of(), plans::plan, ExecutionListener.SILENT);
      assertThat(done.state())
          .as("dead at line %d: %s", line, done.problem())
          .isEqualTo(ExecutionState.COMPLETED_WITH_EXCEPTIONS);
      assertThat(folder.resolve("saved")).as("dead at line %d", line).hasContent("saved");
      assertThat(folder.resolve("mark")).as("dead at line %d", line).hasContent("marked");
      assertAllUp();
    }
    assertThat(died).isGreaterThan(15);
  }

  /** The process dies before each line of the journal; what is on disk is all that it leaves. */
  @Test
  void endsInTheSameStateWhereverTheProcessDied() {
    for (String name : List.of("restart", "application", "database", "simulate")) {
      Mode mode = RecoveryPlans.isOnlyDrill(name) ? Mode.DRILL : Mode.RECOVERY;
      int died = 0;
      for (int line = 2; ; line++) {
        begin(folder.resolve(name + line));
        fixture.server.insert(ProcedureFixture.LIVE, "public", "customers", "Today");
        try {
          execute(plans(), name, mode, new DyingClock(fixture.backups.clock, line));
          break;
        } catch (DyingClock.Died e) {
          died++;
        }
        Execution left = fixture.executions.list().executions().get(0);
        Execution done = resume(left);
        while (done.state() == ExecutionState.INTERRUPTED) {
          done = resume(done);
        }
        assertThat(done.state())
            .as("%s, dead at line %d: %s", name, line, done.problem())
            .isEqualTo(
                name.equals("database")
                    ? ExecutionState.AWAITING_COMMIT
                    : ExecutionState.COMPLETED);
        boolean restored = name.equals("database");
        assertThat(fixture.customers(ProcedureFixture.LIVE).contains("Today"))
            .as("%s, dead at line %d", name, line)
            .isEqualTo(!restored);
        assertAllUp();
      }
      assertThat(died).as(name).isGreaterThan(10);
    }
  }
}
