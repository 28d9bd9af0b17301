package dev.drp.procedure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.drp.ExitStatus;
import dev.drp.Progress;
import dev.drp.backup.BackupFixture;
import dev.drp.backup.BackupRequest;
import dev.drp.backup.Coding;
import dev.drp.backup.GzipCompression;
import dev.drp.backup.TakeBackup;
import dev.drp.database.FakeDatabaseServer;
import dev.drp.database.FakeDatabaseServer.TableName;
import dev.drp.files.FilePlaces;
import dev.drp.plan.BackupKind;
import dev.drp.plan.ComposeSettings;
import dev.drp.plan.Consistency;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Criticality;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.Objectives;
import dev.drp.plan.PlannedRecovery;
import dev.drp.plan.Site;
import dev.drp.plan.Thresholds;
import dev.drp.probe.HttpProbe;
import dev.drp.recovery.DyingClock;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionListener;
import dev.drp.recovery.ExecutionState;
import dev.drp.recovery.Finding;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Mode;
import dev.drp.recovery.RecoveryEngine;
import dev.drp.recovery.StepState;
import dev.drp.runtime.ComposeConfiguration;
import dev.drp.runtime.Container;
import dev.drp.runtime.FakeComposeProject;
import dev.drp.runtime.FakeContainerRuntime;
import dev.drp.runtime.LocalCommandRunner;
import dev.drp.runtime.Volume;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stack of two services, on a machine that was lost and is empty. */
class RebuildEnvironmentTest {
  private static final URI HEALTH = URI.create("http://localhost:8000");
  private static final String NAME = "rebuild";
  private static final String UPLOADS = "shop_uploads";

  @TempDir private Path folder;
  private ProcedureFixture fixture;
  private FakeContainerRuntime engine;
  private Path apps;
  private Path firewall;
  private Duration took;
  private Optional<Duration> limit;

  @BeforeEach
  void loseEverything() throws IOException {
    lose(folder.resolve("first"), true);
  }

  private void lose(Path at, boolean withImages) throws IOException {
    fixture = new ProcedureFixture(at.resolve("state"));
    engine = new FakeContainerRuntime(at.resolve("engine"));
    firewall = at.resolve("firewall");
    took = Duration.ofMillis(3);
    limit = Optional.empty();
    apps = Files.createDirectories(at.resolve("srv/apps"));
    Files.writeString(apps.resolve("compose.yaml"), "services: {}\n");
    engine.addImage("postgres", "sha256:postgres-1");
    engine.addImage("backend", "sha256:backend-1");
    project().up(List.of(), Map.of(), Duration.ofSeconds(1));
    upload(engine.files(UPLOADS));
    new TakeBackup(
            any -> fixture.server,
            Coding.plain(new GzipCompression()),
            fixture.backups.state,
            fixture.backups.clock,
            Progress.SILENT,
            "1.0",
            places())
        .take(
            new BackupRequest(
                BackupFixture.APPLICATION,
                environment(),
                BackupKind.SYSTEM,
                Optional.empty(),
                List.of(fixture.backups.localStorage),
                false,
                Optional.empty(),
                false,
                withImages));
    project().down(Duration.ZERO);
    engine.removeVolume("shop_data");
    engine.removeVolume(UPLOADS);
    engine.removeImage("postgres");
    engine.removeImage("backend");
    Files.delete(apps.resolve("compose.yaml"));
    Files.delete(apps);
    Files.delete(at.resolve("srv"));
    fixture.reached = emptyServer();
    Files.writeString(at.resolve("engine/calls"), "");
  }

  private static void upload(Path uploads) throws IOException {
    Path picture = Files.createDirectories(uploads.resolve("a/b")).resolve("picture");
    Files.write(picture, new byte[100_000]);
    Files.setPosixFilePermissions(picture, PosixFilePermissions.fromString("rw-r-----"));
    Files.createLink(uploads.resolve("same"), picture);
    Files.createSymbolicLink(uploads.resolve("outside"), Path.of("../../elsewhere"));
    Files.writeString(uploads.resolve("z"), "the last one");
  }

  private void assertUploads() throws IOException {
    Path uploads = engine.files(UPLOADS);
    assertThat(uploads.resolve("a/b/picture")).hasBinaryContent(new byte[100_000]);
    assertThat(Files.getPosixFilePermissions(uploads.resolve("a/b/picture")))
        .isEqualTo(PosixFilePermissions.fromString("rw-r-----"));
    assertThat(Files.isSameFile(uploads.resolve("a/b/picture"), uploads.resolve("same"))).isTrue();
    assertThat(Files.readSymbolicLink(uploads.resolve("outside"))).hasToString("../../elsewhere");
    assertThat(uploads.resolve("z")).hasContent("the last one");
    assertThat(volume(UPLOADS).composeKey()).contains("uploads");
    assertThat(engine.containers())
        .extracting(Container::name)
        .noneMatch(name -> name.startsWith("drp-"));
  }

  private Volume volume(String name) {
    return engine.volumes().stream().filter(it -> it.name().equals(name)).findFirst().orElseThrow();
  }

  /** As its image makes it in an empty volume. */
  private FakeDatabaseServer emptyServer() {
    FakeDatabaseServer server = new FakeDatabaseServer(fixture.backups.clock);
    server.createDatabase(ProcedureFixture.LIVE);
    server.answer(
        "select count(*) from orders",
        database ->
            String.valueOf(
                database
                    .tables()
                    .getOrDefault(new TableName("public", "orders"), List.of())
                    .size()));
    return server;
  }

  private FilePlaces places() {
    return new FilePlaces(new LocalCommandRunner(), () -> engine, List.of());
  }

  private FakeComposeProject project() {
    return new FakeComposeProject(
        "shop",
        engine,
        new ComposeConfiguration(
            Map.of(
                "db",
                new ComposeConfiguration.Service(
                    Optional.of("postgres"),
                    List.of(),
                    List.of(),
                    List.of("data"),
                    List.of(),
                    false),
                "backend",
                new ComposeConfiguration.Service(
                    Optional.of("backend"),
                    List.of("db"),
                    List.of("db"),
                    List.of("uploads"),
                    List.of(),
                    false)),
            Map.of(
                "data",
                new ComposeConfiguration.Volume("shop_data", false),
                "uploads",
                new ComposeConfiguration.Volume(UPLOADS, false))),
        Map.of());
  }

  private Environment environment() {
    Environment like = fixture.backups.environment;
    return Environment.builder(ProcedureFixture.PRODUCTION, "primary")
        .compose(new ComposeSettings("shop", apps, List.of()))
        .configuration(apps)
        .database(
            DatabaseSettings.builder(like.requireDatabase().name(), like.requireDatabase().user())
                .service("db")
                .expectation(like.requireDatabase().expectations().get(0))
                .build())
        .health(HEALTH)
        .volume(planned("shop_data"))
        .volume(planned(UPLOADS))
        .volume(planned("shop_certificates"))
        .build();
  }

  private static Environment.Volume planned(String name) {
    return new Environment.Volume(name, Optional.empty(), Criticality.IMPORTANT, Consistency.LIVE);
  }

  private RecoveryPlans plans() {
    ContingencyPlan plan =
        ContingencyPlan.builder(BackupFixture.APPLICATION)
            .objectives(fixture.objectives)
            .site(Site.local("primary"))
            .environment(environment())
            .recoveryPlan(
                new PlannedRecovery(
                    NAME,
                    Optional.empty(),
                    List.of(),
                    Objectives.of(Duration.ofHours(8), Duration.ofHours(6)),
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of("sh", "-c", "echo closed > '%s'".formatted(firewall))))
            .thresholds(
                new Thresholds(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    limit,
                    Optional.empty(),
                    Optional.empty()))
            .build();
    return new RecoveryPlans(
        plan,
        new RecoveryPorts(
            (name, at, files) -> project(),
            () -> engine,
            any -> fixture.reached,
            target -> {
              throw new AssertionError("there is no proxy");
            },
            (address, within) -> new HttpProbe.Answer(address, Optional.of(200), took, ""),
            (name, server, within) -> {
              throw new AssertionError("no name is asked for");
            },
            new LocalCommandRunner()),
        fixture.restoreDatabase(),
        fixture.restoreServer(),
        new RestoreConfiguration(plan, fixture.backups.catalog(), fixture.backups.reader, places()),
        fixture.backups.state);
  }

  private Execution execute(Mode mode, String confirm, Clock clock) {
    return execute(NAME, mode, confirm, clock);
  }

  private Execution execute(String name, Mode mode, String confirm, Clock clock) {
    return new RecoveryEngine(fixture.executions, clock)
        .execute(
            plans()
                .plan(
                    name,
                    ProcedureFixture.PRODUCTION,
                    new RecoverRequest(
                        RestoreRequest.NEWEST.confirming(confirm), BackupKind.LOGICAL)),
            mode,
            ExecutionListener.SILENT);
  }

  private Execution execute(Mode mode) {
    return execute(mode, ProcedureFixture.LIVE, fixture.backups.clock);
  }

  private Execution resume(Execution left) {
    return new RecoveryEngine(fixture.executions, fixture.backups.clock)
        .resume(left.id(), List.of(), plans()::plan, ExecutionListener.SILENT);
  }

  private void assertRebuilt(Execution execution) throws IOException {
    assertRebuilt(execution, ExecutionState.AWAITING_COMMIT);
  }

  private void assertRebuilt(Execution execution, ExecutionState expected) throws IOException {
    assertThat(execution.state()).as("%s", execution.problem()).isEqualTo(expected);
    assertThat(apps.resolve("compose.yaml")).hasContent("services: {}\n");
    assertThat(project().containers()).hasSize(2).allMatch(Container::isUp);
    assertThat(fixture.customers(ProcedureFixture.LIVE)).containsExactly("Ada", "Grace");
    assertThat(firewall).hasContent("closed\n");
    assertUploads();
  }

  private void assertNothingDone() {
    assertThat(engine.calls()).isEmpty();
    assertThat(apps.getParent()).doesNotExist();
    assertThat(fixture.databases()).containsExactly(ProcedureFixture.LIVE);
    assertThat(firewall).doesNotExist();
  }

  @Test
  void bringsEverythingBackFromTheStoragesAlone() throws IOException {
    Execution execution = execute(Mode.RECOVERY);

    assertRebuilt(execution);
    assertThat(engine.calls())
        .containsSubsequence("load backend", "write " + UPLOADS, "up db", "start shop-db-1", "up");
    assertThat(execution.reached(MeasuringPoint.READY)).isPresent();
    assertThat(execution.objectives().recoveryTime()).contains(Duration.ofHours(8));
    assertThat(execution.stepExecution("measure-answers").findings())
        .anyMatch(it -> it.actual().equals("median 3 ms, 95th percentile 3 ms, of 20"));
    assertThat(RestoreDatabase.setAside(execution)).isPresent();
  }

  @Test
  void undoPutsBackWhatWasThere() {
    Execution execution = execute(Mode.RECOVERY);

    undo(execution);

    assertThat(apps).doesNotExist();
    assertThat(fixture.reached.database(ProcedureFixture.LIVE).orElseThrow().tables()).isEmpty();
    assertThat(project().containers()).noneMatch(Container::running);
  }

  private void undo(Execution execution) {
    Execution undone =
        new RecoveryEngine(fixture.executions, fixture.backups.clock)
            .undo(execution.id(), plans()::plan, ExecutionListener.SILENT);
    assertThat(undone.state()).as("%s", undone.problem()).isEqualTo(ExecutionState.ROLLED_BACK);
  }

  @Test
  void namesImagesThatAreMissingBeforeAnythingStarts() throws IOException {
    lose(folder.resolve("without images"), false);

    Execution paused = execute(Mode.RECOVERY);

    assertThat(paused.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(paused.problem().orElseThrow().problem())
        .contains("backend of service backend", "postgres of service db");
    assertThat(engine.calls()).isEmpty();

    engine.addImage("postgres", "sha256:postgres-1");
    engine.addImage("backend", "sha256:backend-2");
    assertRebuilt(resume(paused));
  }

  @Test
  void refusesWhatRunsAndWhatWasNotConfirmed() {
    Execution notConfirmed = execute(Mode.RECOVERY, "", fixture.backups.clock);

    assertThat(notConfirmed.exitStatus()).isEqualTo(ExitStatus.REFUSED);
    assertNothingDone();

    engine.addImage("postgres", "sha256:postgres-1");
    project().up(List.of("db"), Map.of(), Duration.ofSeconds(1));
    Execution alive = execute(Mode.RECOVERY);

    assertThat(alive.exitStatus()).isEqualTo(ExitStatus.REFUSED);
    assertThat(alive.problem().orElseThrow().problem()).contains("is not lost", "shop-db-1");
    assertThat(apps).doesNotExist();
  }

  @Test
  void aDrillIsForAMachineOnWhichNothingOfItIs() throws IOException {
    engine.addVolume("shop_data", Map.of("com.docker.compose.project", "shop"));

    Execution refused = execute(Mode.DRILL);

    assertThat(refused.exitStatus()).isEqualTo(ExitStatus.REFUSED);
    assertThat(refused.problem().orElseThrow().problem()).contains("volume shop_data");
    assertNothingDone();

    engine.removeVolume("shop_data");
    assertRebuilt(execute(Mode.DRILL), ExecutionState.COMPLETED);
  }

  @Test
  void aCheckChangesNothing() {
    Execution execution = execute(Mode.CHECK);

    assertThat(execution.state()).as("%s", execution.problem()).isEqualTo(ExecutionState.COMPLETED);
    assertNothingDone();
  }

  @Test
  void aRestoreThatFailsLeavesNothingInPlace() {
    fixture.reached.answer("select count(*) from orders", database -> "0");

    Execution execution = execute(Mode.RECOVERY);

    assertThat(execution.state()).isEqualTo(ExecutionState.FAILED);
    assertThat(execution.stepExecution("configuration-switch").state()).isEqualTo(StepState.UNDONE);
    assertThat(apps).doesNotExist();
    assertThat(project().containers()).noneMatch(Container::running);
  }

  @Test
  void pausesWhereItAnswersTooSlowly() throws IOException {
    limit = Optional.of(Duration.ofMillis(100));
    took = Duration.ofMillis(101);

    Execution slow = execute(Mode.RECOVERY);

    assertThat(slow.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(slow.problem().orElseThrow().problem()).contains("takes 101 ms");

    took = Duration.ofMillis(100);
    assertRebuilt(resume(slow));
  }

  @Test
  void saysWhichVolumesOfThePlanNoBackupHolds() {
    assertThat(execute(Mode.CHECK).stepExecution("choose-volume-backups").findings())
        .extracting(Finding::subject, Finding::met)
        .containsExactly(
            tuple("files of volume " + UPLOADS, true),
            tuple("files of volume shop_certificates", false));
  }

  @Test
  void aVolumeThatWasLeftHalfFilledIsFilledAgain() throws IOException {
    engine.cutNextWrite();

    Execution paused = execute(Mode.RECOVERY);

    assertThat(paused.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(engine.files(UPLOADS)).isNotEmptyDirectory();
    assertThat(project().containers()).isEmpty();
    assertRebuilt(resume(paused));
  }

  @Test
  void whoeverBeginsAnewFillsWhatAnEarlierExecutionLeftHalfFilled() throws IOException {
    engine.cutNextWrite();
    execute(Mode.RECOVERY);

    Files.move(folder.resolve("first/srv"), folder.resolve("first/left"));
    assertRebuilt(execute(Mode.RECOVERY));
  }

  @Test
  void aVolumeThatHasFilesIsLeftAsItIs() throws IOException {
    engine.addVolume(UPLOADS, Map.of("com.docker.compose.volume", "uploads"));
    Files.writeString(engine.files(UPLOADS).resolve("survived"), "newer than any backup");

    Execution execution = execute(Mode.RECOVERY);

    assertThat(execution.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(engine.files(UPLOADS)).isDirectoryNotContaining("glob:**/picture");
    assertThat(engine.files(UPLOADS).resolve("survived")).hasContent("newer than any backup");
    assertThat(execution.stepExecution("look-at-volumes").findings())
        .anyMatch(it -> it.kind() == Finding.Kind.WARNING && it.actual().contains("is left as it"));
  }

  /** The plan for them alone, on the engine on which the rest of it is. */
  @Test
  void volumesAloneComeBackBesideADatabaseThatIsWell() throws IOException {
    engine.addImage("postgres", "sha256:postgres-1");
    engine.addImage("backend", "sha256:backend-1");
    fixture.reached = fixture.server;
    project().up(List.of(), Map.of(), Duration.ofSeconds(1));
    project().down(Duration.ZERO);
    engine.removeVolume(UPLOADS);

    Execution execution = execute("volumes", Mode.RECOVERY, "", fixture.backups.clock);

    assertThat(execution.state()).as("%s", execution.problem()).isEqualTo(ExecutionState.COMPLETED);
    assertUploads();
    assertThat(project().containers()).hasSize(2).allMatch(Container::isUp);
    assertThat(fixture.reached).isSameAs(fixture.server);
    assertThat(fixture.customers(ProcedureFixture.LIVE)).containsExactly("Ada", "Grace");

    Execution again = execute("volumes", Mode.RECOVERY, "", fixture.backups.clock);

    assertThat(again.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(engine.calls().stream().filter(("write " + UPLOADS)::equals)).hasSize(1);
  }

  @Test
  void undoRemovesAVolumeThatNoContainerHasAndKeepsOthers() {
    engine.cutNextWrite();
    undo(execute(Mode.RECOVERY));
    assertThat(engine.volumes()).extracting(Volume::name).doesNotContain(UPLOADS);

    engine.addVolume(UPLOADS, Map.of());
    engine.cutNextWrite();
    undo(execute(Mode.RECOVERY));
    assertThat(engine.volumes()).extracting(Volume::name).contains(UPLOADS);
    assertThat(engine.files(UPLOADS)).as("as it was before").isEmptyDirectory();

    undo(execute(Mode.RECOVERY));
    assertThat(engine.files(UPLOADS)).as("services may have written there").isNotEmptyDirectory();
  }

  /** The process dies before every third line of the journal. */
  @Test
  void endsInTheSameStateWhereverTheProcessDied() throws IOException {
    int died = 0;
    for (int line = 2; ; line += 3) {
      lose(folder.resolve("dead at " + line), true);
      try {
        execute(Mode.RECOVERY, ProcedureFixture.LIVE, new DyingClock(fixture.backups.clock, line));
        break;
      } catch (DyingClock.Died e) {
        died++;
      }
      Execution done = resume(fixture.executions.list().executions().get(0));
      while (done.state() == ExecutionState.INTERRUPTED) {
        done = resume(done);
      }
      assertRebuilt(done);
    }
    assertThat(died).isGreaterThan(10);
  }
}
