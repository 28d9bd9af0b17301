package dev.drp.procedure;

import static dev.drp.backup.BackupFixture.APPLICATION;
import static dev.drp.backup.BackupFixture.ENVIRONMENT;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupFixture;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BackupPart;
import dev.drp.backup.BackupRequest;
import dev.drp.backup.Coding;
import dev.drp.backup.FileArchive;
import dev.drp.backup.FileArchive.Origin;
import dev.drp.backup.FilesContent;
import dev.drp.backup.GzipCompression;
import dev.drp.backup.TakeBackup;
import dev.drp.files.FilePlaces;
import dev.drp.plan.BackupKind;
import dev.drp.plan.Consistency;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import dev.drp.plan.Site;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionListener;
import dev.drp.recovery.ExecutionState;
import dev.drp.recovery.Executions;
import dev.drp.recovery.Mode;
import dev.drp.recovery.RecoveryEngine;
import dev.drp.recovery.RecoveryPlan;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.LocalCommandRunner;
import dev.drp.runtime.RunningCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RestoreConfigurationTest {
  @TempDir private Path folder;
  private final CommandRunner host = new LocalCommandRunner();
  private BackupFixture fixture;
  private RecoveryEngine engine;
  private Path apps;
  private Path caddyfile;
  private Environment environment;

  @BeforeEach
  void takeABackup() throws IOException {
    fixture = new BackupFixture(folder.resolve("state"));
    engine = new RecoveryEngine(new Executions(fixture.state), fixture.clock);
    Path etc = Files.createDirectories(folder.resolve("live/etc"));
    apps = Files.createDirectory(folder.resolve("live/apps"));
    Files.writeString(apps.resolve(".env"), "SECRET=one\n");
    Files.writeString(apps.resolve("compose.yaml"), "services: {}\n");
    Files.createSymbolicLink(apps.resolve("link"), Path.of("/nowhere"));
    caddyfile = Files.writeString(etc.resolve("Caddyfile"), "shop.example.net\n");
    environment = environment(apps, caddyfile);
    takeBackup().take(request());
  }

  private static Environment environment(Path... paths) {
    Environment.Builder builder = Environment.builder(ENVIRONMENT, "primary");
    for (Path path : paths) {
      builder.configuration(path);
    }
    return builder.build();
  }

  private TakeBackup takeBackup() {
    return new TakeBackup(
        any -> fixture.server,
        Coding.plain(new GzipCompression()),
        fixture.state,
        fixture.clock,
        Progress.SILENT,
        "1.0",
        places(host));
  }

  private BackupRequest request() {
    return new BackupRequest(
        APPLICATION,
        environment,
        BackupKind.CONFIGURATION,
        Optional.empty(),
        List.of(fixture.localStorage),
        false);
  }

  private static FilePlaces places(CommandRunner host) {
    return new FilePlaces(
        host,
        () -> {
          throw new AssertionError("no engine is needed");
        },
        List.of());
  }

  private RestoreConfiguration restore() {
    return restore(environment, host);
  }

  private RestoreConfiguration restore(Environment of, CommandRunner runner) {
    ContingencyPlan plan =
        ContingencyPlan.builder(APPLICATION).site(Site.local("primary")).environment(of).build();
    return new RestoreConfiguration(plan, fixture.catalog(), fixture.reader, places(runner));
  }

  private Execution apply(RestoreConfiguration restore, String confirm) {
    return engine.execute(
        restore.plan(ENVIRONMENT, Optional.empty(), confirm),
        Mode.RECOVERY,
        ExecutionListener.SILENT);
  }

  private void damage() throws IOException {
    Files.writeString(apps.resolve(".env"), "SECRET=two\n");
    Files.delete(apps.resolve("compose.yaml"));
    Files.writeString(apps.resolve("new"), "new");
    Files.delete(caddyfile);
  }

  private void assertAsInBackup() {
    assertThat(restore().compare(ENVIRONMENT, Optional.empty()).differences()).isEmpty();
  }

  private void assertDamaged() {
    assertThat(apps.resolve(".env")).hasContent("SECRET=two\n");
    assertThat(apps.resolve("new")).exists();
    assertThat(caddyfile).doesNotExist();
  }

  private List<Path> leftBeside() throws IOException {
    try (Stream<Path> all = Files.walk(folder.resolve("live"))) {
      return all.filter(it -> it.getFileName().toString().startsWith(".drp-")).toList();
    }
  }

  @Test
  void unpacksInAFolderAndTouchesNothingElse() throws IOException {
    damage();
    Path into = folder.resolve("into");

    RestoreConfiguration.Unpacked unpacked = restore().into(ENVIRONMENT, Optional.empty(), into);

    assertThat(unpacked.leftOut()).isEmpty();
    assertThat(into.resolve("host" + apps + "/.env")).hasContent("SECRET=one\n");
    assertThat(Files.readSymbolicLink(into.resolve("host" + apps + "/link")))
        .isEqualTo(Path.of("/nowhere"));
    assertThat(into.resolve("host" + caddyfile)).hasContent("shop.example.net\n");
    assertDamaged();
    assertThatThrownBy(() -> restore().into(ENVIRONMENT, Optional.empty(), into))
        .satisfies(e -> assertCode(e, ErrorCode.REFUSED))
        .hasMessageContaining("not empty");
  }

  @Test
  void tellsHowFilesDiffer() throws IOException {
    assertAsInBackup();

    damage();

    assertThat(restore().compare(ENVIRONMENT, Optional.empty()).differences())
        .extracting(it -> it.kind() + " " + it.path())
        .contains(
            "CHANGED " + apps + "/.env",
            "MISSING " + apps + "/compose.yaml",
            "ADDED " + apps + "/new",
            "MISSING " + caddyfile)
        .hasSize(4);
  }

  @Test
  void putsFilesInPlaceAndGoesBackAndGivesUpTheWayBack() throws IOException {
    damage();

    Execution execution = apply(restore(), ENVIRONMENT);

    assertThat(execution.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertAsInBackup();
    assertThat(leftBeside()).hasSize(2);

    engine.undo(execution.id(), restore()::plan, ExecutionListener.SILENT);

    assertDamaged();
    engine.commit(execution.id(), restore()::plan, ExecutionListener.SILENT);
    assertDamaged();
    assertThat(leftBeside()).isEmpty();
  }

  /** With steps and values by the names that those of this plan have. */
  private RecoveryPlan withPart(RestoreConfiguration restore, Step.Action withoutBackup) {
    return RecoveryPlan.named("whole", APPLICATION, ENVIRONMENT)
        .argument("confirm", "the whole")
        .phase(
            "first",
            Step.reading("choose-backup", "", context -> context.record("backup", "another")))
        .including(
            restore.part(
                ENVIRONMENT, Optional.empty(), ENVIRONMENT, "configuration-", withoutBackup))
        .phase("last", Step.changing("switch", "", context -> {}))
        .build();
  }

  private static void requireNothing(StepContext context) {}

  @Test
  void isAPartOfAPlanWithStepsAndValuesOfTheSameNames() throws IOException {
    damage();
    Files.delete(apps.resolve(".env"));
    Files.delete(apps.resolve("link"));
    Files.delete(apps.resolve("new"));
    Files.delete(apps);
    Files.delete(requireNonNull(caddyfile.getParent()));

    Execution execution =
        engine.execute(
            withPart(restore(), RestoreConfigurationTest::requireNothing),
            Mode.RECOVERY,
            ExecutionListener.SILENT);

    assertThat(execution.state())
        .as("%s", execution.problem())
        .isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertAsInBackup();
    assertThat(execution.value("backup")).contains("another");
    assertThat(execution.arguments())
        .containsEntry("confirm", "the whole")
        .containsEntry("configuration-confirm", ENVIRONMENT);

    engine.undo(
        execution.id(),
        any -> withPart(restore(), RestoreConfigurationTest::requireNothing),
        ExecutionListener.SILENT);

    assertThat(apps).doesNotExist();
    assertThat(caddyfile).doesNotExist();
  }

  @Test
  void asAPartItLeavesFilesAsTheyAreWhereThereIsNoBackup() {
    BackupFixture other = new BackupFixture(folder.resolve("other"));
    RestoreConfiguration without =
        new RestoreConfiguration(
            ContingencyPlan.builder(APPLICATION)
                .site(Site.local("primary"))
                .environment(environment)
                .build(),
            other.catalog(),
            other.reader,
            places(host));

    Execution execution =
        engine.execute(
            withPart(without, RestoreConfigurationTest::requireNothing),
            Mode.RECOVERY,
            ExecutionListener.SILENT);
    Execution refused =
        engine.execute(
            withPart(
                without,
                context -> {
                  throw new RecoveryException(ErrorCode.PRECHECK_FAILED, "no files", "bring them.");
                }),
            Mode.RECOVERY,
            ExecutionListener.SILENT);

    assertThat(execution.state())
        .as("%s", execution.problem())
        .isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(execution.stepExecution("configuration-choose-backup").findings())
        .anyMatch(it -> it.actual().contains("no file is put back"));
    assertThat(refused.state()).isEqualTo(ExecutionState.FAILED);
  }

  @Test
  void theCommitRemovesWhatWasReplaced() throws IOException {
    damage();
    Execution execution = apply(restore(), ENVIRONMENT);

    engine.commit(execution.id(), restore()::plan, ExecutionListener.SILENT);

    assertAsInBackup();
    assertThat(leftBeside()).isEmpty();
  }

  @Test
  void replacesNothingThatWasNotConfirmed() throws IOException {
    damage();

    Execution execution = apply(restore(), "another");

    assertThat(execution.exitStatus().code()).isEqualTo(6);
    assertDamaged();
    assertThat(leftBeside()).isEmpty();
  }

  @Test
  void replacesNothingThatThePlanDoesNotName() throws IOException {
    damage();

    Execution execution = apply(restore(environment(apps), host), ENVIRONMENT);

    assertThat(execution.exitStatus().code()).isEqualTo(6);
    assertDamaged();
    assertThat(leftBeside()).isEmpty();
  }

  @Test
  void doesNotMoveAwayWhatTheBackupLeftOut() throws IOException {
    Path data = Files.createDirectory(apps.resolve("data"));
    RestoreConfiguration restore =
        new RestoreConfiguration(
            ContingencyPlan.builder(APPLICATION)
                .site(Site.local("primary"))
                .environment(environment)
                .build(),
            fixture.catalog(),
            fixture.reader,
            new FilePlaces(host, () -> null, List.of(data)));

    Execution execution = apply(restore, ENVIRONMENT);

    assertThat(execution.exitStatus().code()).isEqualTo(6);
    assertThat(data).exists();
    assertThat(leftBeside()).isEmpty();
  }

  /** As whoever may write the storage could make them. */
  private BackupManifest forged(long plainBytes, FileArchive... archives) {
    BackupManifest honest = fixture.listing().backups().get(0).manifest();
    FilesContent files = honest.requireFiles();
    return new BackupManifest(
        honest.id(),
        honest.application(),
        honest.environment(),
        honest.kind(),
        false,
        honest.schedule(),
        honest.writer(),
        honest.startedAt(),
        honest.took(),
        honest.recoveryPoint(),
        honest.serverFacts(),
        honest.databaseFacts(),
        List.of(),
        List.of(),
        false,
        List.of(),
        List.of(),
        honest.parts().stream()
            .map(
                it ->
                    new BackupPart(
                        it.name(),
                        it.plainName(),
                        it.bytes(),
                        it.sha256(),
                        it.plainBytes() + plainBytes,
                        it.compression(),
                        it.encryption()))
            .toList(),
        honest.base(),
        Optional.of(
            new FilesContent(
                archives.length == 0 ? files.archives() : List.of(archives),
                files.composeProject(),
                files.services(),
                files.changed(),
                files.notIncluded(),
                files.plain())),
        honest.recipients());
  }

  private static FileArchive archive(int part, Origin origin, String name, String path) {
    return new FileArchive(
        "files-0%d.tar".formatted(part), origin, name, path, Consistency.LIVE, List.of(), 1, 1);
  }

  /** Where a link that one archive makes would be a folder of the next one. */
  static Stream<List<FileArchive>> archivesThatMeet() {
    FileArchive host = archive(1, Origin.HOST, "", "/etc/caddy");
    FileArchive volume = archive(1, Origin.VOLUME, "data", "/data");
    return Stream.of(
        List.of(host, archive(2, Origin.HOST, "", "/etc/caddy/etc/cron.d")),
        List.of(host, archive(2, Origin.HOST, "", "/etc/caddy")),
        List.of(archive(2, Origin.HOST, "", "/etc/caddy/x"), host),
        List.of(volume, archive(2, Origin.VOLUME, "data/etc", "/data")),
        List.of(volume, archive(2, Origin.VOLUME, "data/.", "/data")),
        List.of(archive(1, Origin.SERVICE, "../host/etc", "/x")),
        List.of(archive(1, Origin.HOST, "", "/etc/../../root/x")),
        List.of(archive(1, Origin.HOST, "", "/etc/x\n/etc/passwd")));
  }

  @ParameterizedTest
  @MethodSource("archivesThatMeet")
  void refusesArchivesThatCouldWriteIntoOneAnother(List<FileArchive> archives) throws IOException {
    fixture.forge(forged(0, archives.toArray(FileArchive[]::new)));
    Path into = folder.resolve("into");

    assertThatThrownBy(() -> restore().into(ENVIRONMENT, Optional.empty(), into))
        .satisfies(e -> assertCode(e, ErrorCode.REFUSED));

    assertThat(into).doesNotExist();
    assertThat(apply(restore(), ENVIRONMENT).exitStatus().code()).isEqualTo(6);
    assertThat(leftBeside()).isEmpty();
  }

  @Test
  void putsNothingInPlaceThatIsBesideAPathOfThePlan() throws IOException {
    fixture.forge(forged(0, archive(1, Origin.HOST, "", apps + "/../etc/Caddyfile")));

    assertThat(apply(restore(environment(apps), host), ENVIRONMENT).exitStatus().code())
        .isEqualTo(6);

    assertThat(caddyfile).hasContent("shop.example.net\n");
    assertThat(leftBeside()).isEmpty();
  }

  @Test
  void beginsNothingThatWouldFillTheDisk() {
    fixture.forge(forged(Long.MAX_VALUE / 1000));
    Path into = folder.resolve("into");

    assertThatThrownBy(() -> restore().into(ENVIRONMENT, Optional.empty(), into))
        .satisfies(e -> assertCode(e, ErrorCode.OUT_OF_SPACE));

    assertThat(into).isEmptyDirectory();
  }

  @Test
  void nobodyElseReadsWhatIsUnpackedInAFolderThatIsThere() throws IOException {
    Path into = Files.createDirectory(folder.resolve("into"));
    Files.setPosixFilePermissions(into, PosixFilePermissions.fromString("rwxr-xr-x"));

    restore().into(ENVIRONMENT, Optional.empty(), into);

    assertThat(Files.getPosixFilePermissions(into.resolve("host")))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void aDeviceIsNamedAndTheRestIsPutInPlace() throws IOException {
    String made =
        host.run(
            Command.of("sh", "-c", "mknod -- \"$1\" c 1 3 2>&1 || true", "sh", apps + "/device"));
    assumeTrue(made.isEmpty(), made);
    fixture.clock.advance(Duration.ofMinutes(1));
    takeBackup().take(request());
    damage();

    Execution execution = apply(restore(), ENVIRONMENT);

    assertThat(execution.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(apps.resolve(".env")).hasContent("SECRET=one\n");
    assertThat(apps.resolve("device")).doesNotExist();
  }

  @Test
  void theWayBackNeedsNoBackup() throws IOException {
    damage();
    Execution execution = apply(restore(), ENVIRONMENT);
    fixture.local.setAvailable(false);

    engine.undo(execution.id(), restore()::plan, ExecutionListener.SILENT);

    assertDamaged();
  }

  /** The moves are: the folder away, the new one in its place, the file in its place. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void anExchangeThatStopsHalfWayIsFinishedOrTakenBack(int failing) throws IOException {
    damage();
    int[] moves = {0};
    CommandRunner dying =
        new CommandRunner() {
          @Override
          public RunningCommand start(Command command) {
            if (command.program().equals("mv") && ++moves[0] == failing) {
              throw new RecoveryException(ErrorCode.COMMAND_FAILED, "the power failed", "wait.");
            }
            return host.start(command);
          }

          @Override
          public String place() {
            return host.place();
          }
        };

    Execution stopped = apply(restore(environment, dying), ENVIRONMENT);

    assertThat(stopped.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(Files.exists(apps)).isEqualTo(failing != 2);
    Execution undone = engine.undo(stopped.id(), restore()::plan, ExecutionListener.SILENT);
    assertThat(undone.state()).as("%s", undone.problem()).isEqualTo(ExecutionState.ROLLED_BACK);
    assertDamaged();

    moves[0] = 0;
    Execution again = apply(restore(environment, dying), ENVIRONMENT);
    Execution resumed =
        engine.resume(again.id(), List.of(), restore()::plan, ExecutionListener.SILENT);
    assertThat(resumed.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertAsInBackup();
  }

  private static void assertCode(Throwable failure, ErrorCode code) {
    assertThat(failure)
        .isInstanceOfSatisfying(RecoveryException.class, e -> assertThat(e.code()).isEqualTo(code));
  }
}
