package dev.drp.procedure;

import static dev.drp.procedure.ProcedureFixture.LIVE;
import static dev.drp.procedure.ProcedureFixture.PRODUCTION;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupFixture;
import dev.drp.backup.BackupId;
import dev.drp.backup.BackupRequest;
import dev.drp.backup.FakeServerFiles;
import dev.drp.backup.GzipCompression;
import dev.drp.database.Canary;
import dev.drp.database.DataDirectory.State;
import dev.drp.database.FakeDatabaseServer;
import dev.drp.database.Lsn;
import dev.drp.database.RecoveryTarget;
import dev.drp.plan.BackupKind;
import dev.drp.recovery.DyingClock;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionListener;
import dev.drp.recovery.ExecutionState;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Mode;
import dev.drp.wal.WalSegment;
import dev.drp.wal.WalStatus;
import dev.drp.wal.WalStretch;
import dev.drp.wal.WrittenLog;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RestoreServerTest {
  private static final RestoreRequest CONFIRMED = RestoreRequest.NEWEST.confirming(LIVE);

  @TempDir private Path folder = Path.of("");
  private ProcedureFixture fixture = new ProcedureFixture(Path.of(""));
  private BackupId backup = new BackupId("20000101T000000Z-000000");

  @BeforeEach
  void aServerWithABackupAndOneCustomerMoreSince() {
    begin("first");
  }

  private void begin(String name) {
    fixture = new ProcedureFixture(folder.resolve(name));
    fixture.server.setBaseBackup(FakeServerFiles.some(1 << 20).tar());
    fixture.sandboxes.whenStartedFrom((tar, server) -> fill(server));
    backup = backUp();
    fixture.server.insert(LIVE, "public", "customers", "Mallory");
  }

  private static void fill(FakeDatabaseServer server) {
    server.createDatabase(LIVE);
    server.insert(LIVE, "public", "customers", "Ada", "Grace");
    server.insert(LIVE, "public", "orders", "1", "2", "3");
    server.answer("select count(*) from orders", database -> "3");
  }

  private BackupId backUp() {
    BackupId id =
        fixture
            .backups
            .takeBackup()
            .take(
                new BackupRequest(
                    BackupFixture.APPLICATION,
                    fixture.backups.environment,
                    BackupKind.PHYSICAL,
                    Optional.empty(),
                    List.of(fixture.backups.localStorage),
                    false))
            .manifest()
            .id();
    fixture.backups.clock.advance(Duration.ofMinutes(5));
    return id;
  }

  /** Archives a segment of the log, which continues the backup's own from segment 2 on. */
  private void archive(int number, Instant... commits) {
    WalSegment segment = new WalSegment(1, number);
    fixture.backups.local.plant(
        "Ask%%26Trust/production/7000000000000000001/wal/00000001/%s.gz".formatted(segment.name()),
        new GzipCompression().compressFrame(WrittenLog.withCommits(segment, commits)));
  }

  private Instant now() {
    return fixture.backups.clock.instant();
  }

  /** A recovered server whose data goes as far as its canary says. */
  private void recoverWithCanary(Instant writtenAt) {
    fixture.sandboxes.whenStartedFrom(
        (tar, server) -> {
          fill(server);
          server.setCanary(LIVE, new Canary(writtenAt, Duration.ofSeconds(5), "a test"));
        });
  }

  private Execution restore(RestoreRequest request) {
    return fixture
        .engine()
        .execute(
            fixture.restoreServer().plan(PRODUCTION, request),
            Mode.RECOVERY,
            ExecutionListener.SILENT);
  }

  private Execution resume(Execution execution) {
    return fixture
        .engine()
        .resume(
            execution.id(),
            List.of(),
            before -> fixture.restoreServer().plan(before),
            ExecutionListener.SILENT);
  }

  private Execution undo(Execution execution) {
    return fixture
        .engine()
        .undo(
            execution.id(),
            before -> fixture.restoreServer().plan(before),
            ExecutionListener.SILENT);
  }

  private Execution commit(Execution execution) {
    return fixture
        .engine()
        .commit(
            execution.id(),
            before -> fixture.restoreServer().plan(before),
            ExecutionListener.SILENT);
  }

  private void assertRestored() {
    assertThat(fixture.customers(LIVE)).containsExactly("Ada", "Grace");
  }

  private void assertLive() {
    assertThat(fixture.customers(LIVE)).containsExactly("Ada", "Grace", "Mallory");
  }

  private void assertRefused(Execution execution, ErrorCode code, String problem) {
    assertThat(execution.state()).isEqualTo(ExecutionState.FAILED);
    assertThat(execution.problem().orElseThrow().code()).isEqualTo(code);
    assertThat(execution.problem().orElseThrow().problem()).contains(problem);
    assertThat(execution.whatStands()).startsWith("The live server was not touched.");
    assertThat(fixture.directory.state()).isEqualTo(State.NOTHING);
    assertThat(fixture.directory.calls()).doesNotContain("switchTo");
    assertThat(fixture.sandboxes.running(execution.id().value())).isEmpty();
    assertLive();
  }

  private static Stream<String> findings(Execution execution, String step) {
    return execution.stepExecution(step).findings().stream().map(Object::toString);
  }

  @Test
  void exchangesTheServerWithTheOneOfTheBackupAndAllOfTheLogAndKeepsIt() {
    archive(2);

    Execution execution = restore(CONFIRMED);

    assertThat(execution.state())
        .as("%s", execution.problem())
        .isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertRestored();
    assertThat(fixture.directory.calls()).containsExactly("recover", "seal", "switchTo");
    assertThat(fixture.sandboxes.targets()).containsExactly(RecoveryTarget.latest());
    assertThat(fixture.directory.beside().orElseThrow().database(LIVE)).isPresent();
    assertThat(findings(execution, "choose-backup"))
        .anyMatch(it -> it.contains(backup.value()))
        .anyMatch(it -> it.contains("log to replay") && it.contains("to 0/3000000, timeline 1"));
    assertThat(RestoreDatabase.setAside(execution).orElseThrow().database())
        .isEqualTo("pgsql_tmp_drp_" + execution.id());
    assertThat(fixture.restoreDatabase().setAside(fixture.executions)).hasSize(1);
    assertThat(fixture.sandboxes.running(execution.id().value())).isEmpty();

    Execution committed = commit(execution);

    assertThat(committed.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(fixture.directory.state()).isEqualTo(State.NOTHING);
    assertThat(RestoreDatabase.setAside(committed)).isEmpty();
    assertRestored();
  }

  @Test
  void goesBackAndKeepsWhatWasRestoredUntilTheCommit() {
    Execution restored = restore(CONFIRMED);

    Execution undone = undo(restored);

    assertThat(undone.state()).as("%s", undone.problem()).isEqualTo(ExecutionState.ROLLED_BACK);
    assertLive();
    assertThat(fixture.directory.state()).isEqualTo(State.READY);
    assertThat(RestoreDatabase.setAside(undone)).isPresent();
    commit(undone);
    assertThat(fixture.directory.state()).isEqualTo(State.NOTHING);
    assertLive();
  }

  @Test
  void recoversToAnInstantFromTheNewestBackupThatWasCompleteThen() {
    Instant target = now();
    archive(2, target.plusSeconds(1));
    recoverWithCanary(target.minusSeconds(3));
    fixture.backups.clock.advance(Duration.ofMinutes(5));
    backUp();

    Execution execution = restore(CONFIRMED.withAt(target, false));

    assertThat(execution.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(execution.value("backup")).contains(backup.value());
    assertThat(fixture.sandboxes.targets()).containsExactly(RecoveryTarget.at(target));
    assertThat(execution.reached(MeasuringPoint.RECOVERY_POINT)).contains(target);
    assertThat(findings(execution, "measure-recovery-point"))
        .anyMatch(it -> it.contains("target reached"));
  }

  @Test
  void theRecoveryPointIsMeasuredOnTheData() {
    archive(2, now());
    Instant canary = now().minusSeconds(4);
    recoverWithCanary(canary);

    Execution execution = restore(CONFIRMED);

    assertThat(execution.reached(MeasuringPoint.RECOVERY_POINT)).contains(canary);
    assertThat(findings(execution, "measure-recovery-point"))
        .anyMatch(it -> it.contains(canary + " (") && it.contains("by the canary"));
  }

  @Test
  void theRecoveryPointIsThatOfTheNewestCommitWhereNoCanaryIsNewer() {
    archive(2, now());
    fixture.sandboxes.whenStartedFrom(
        (tar, server) -> {
          fill(server);
          server.setNewestReplayedCommit(now());
        });

    Execution execution = restore(CONFIRMED);

    assertThat(execution.reached(MeasuringPoint.RECOVERY_POINT)).contains(now());
  }

  @Test
  void anOldCanaryNeverMakesTheRecoveryPointOlderThanTheBackup() {
    recoverWithCanary(BackupFixture.NOW.minusSeconds(3600));

    Execution execution = restore(CONFIRMED);

    assertThat(execution.reached(MeasuringPoint.RECOVERY_POINT)).contains(BackupFixture.NOW);
    assertThat(findings(execution, "measure-recovery-point"))
        .anyMatch(it -> it.contains("by the backup"));
  }

  @Test
  void dataFromAfterTheTargetNeverServes() {
    Instant target = now();
    archive(2, target.plusSeconds(1));
    recoverWithCanary(target.plusMillis(1));

    assertRefused(
        restore(CONFIRMED.withAt(target, false)),
        ErrorCode.VERIFICATION_FAILED,
        "later than the target");
  }

  @Test
  void recoversToAPositionOfTheLog() {
    archive(2, now());
    Lsn target = Lsn.parse("0/2000200");

    Execution execution = restore(CONFIRMED.withLsn(target));

    assertThat(execution.state())
        .as("%s", execution.problem())
        .isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(fixture.sandboxes.targets()).containsExactly(RecoveryTarget.at(target));
    assertThat(findings(execution, "choose-backup"))
        .anyMatch(it -> it.contains("200 bytes, from 0/2000138 to 0/2000200"));
  }

  @Test
  void tellsBeforehandWhatThisMachineRemembers() {
    fixture.backups.localCatalog().refresh(PRODUCTION);
    new WalStatus(
            now(),
            "7000000000000000001",
            1,
            Lsn.parse("0/3000000"),
            Lsn.parse("0/3000000"),
            List.of(
                new WalStatus.Copy(
                    "local",
                    1,
                    Lsn.parse("0/3000000"),
                    Optional.of(now()),
                    "",
                    Optional.of(
                        new WalStretch(
                            List.of(
                                new WalStretch.Part(
                                    1, Lsn.parse("0/2000000"), Lsn.parse("0/3000000"))))),
                    Optional.empty())))
        .write(fixture.backups.memory());

    Map<String, String> latest =
        fixture.restoreServer().plan(PRODUCTION, RestoreRequest.NEWEST).outlook();
    assertThat(latest.get("backup")).startsWith(backup.value());
    assertThat(latest.get("target")).contains("the end", "complete until " + now());
    assertThat(latest.get("log to replay")).isEqualTo("16776904 bytes from 0/2000138 on");
    assertThat(latest.get("forecast")).contains("by its size");
    Map<String, String> before =
        fixture
            .restoreServer()
            .plan(PRODUCTION, RestoreRequest.NEWEST.withAt(BackupFixture.NOW.minusSeconds(1), true))
            .outlook();
    assertThat(before.get("backup")).contains("remembers none");

    restore(CONFIRMED);
    assertThat(fixture.restoreServer().plan(PRODUCTION, CONFIRMED).outlook().get("forecast"))
        .contains("the median of 1 before");
  }

  @Test
  void restoresACertainBackupAsItIsAlsoWhereThereIsALog() {
    archive(2);
    backUp();

    Execution execution = restore(CONFIRMED.withBackup(backup));

    assertThat(execution.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(execution.value("backup")).contains(backup.value());
    assertThat(fixture.sandboxes.targets()).containsExactly(RecoveryTarget.consistent());
    assertThat(findings(execution, "compare-rows")).isNotEmpty();
  }

  @Test
  void refusesAnInstantThatNoLogLeadsTo() {
    Instant target = fixture.backups.clock.instant();

    assertRefused(
        restore(CONFIRMED.withAt(target, false)),
        ErrorCode.PRECHECK_FAILED,
        "keeps no log that follows backup " + backup);
    assertRefused(
        restore(CONFIRMED.withAt(BackupFixture.NOW.minusSeconds(1), false)),
        ErrorCode.BACKUP_NOT_FOUND,
        "no good physical backup was complete by then");
  }

  @Test
  void refusesToReplaceAServerWithoutTheNameOfItsDatabase() {
    for (String confirmed : List.of("", PRODUCTION)) {
      assertRefused(
          restore(RestoreRequest.NEWEST.confirming(confirmed)),
          ErrorCode.REFUSED,
          "all of it would be replaced (databases: shop (");
    }
  }

  @Test
  void restoresIntoAnEmptyFolderAndTouchesNothingElse() {
    Path into = Path.of("/srv/restored");

    Execution execution = restore(RestoreRequest.NEWEST.withInto(into));

    assertThat(execution.state()).as("%s", execution.problem()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(fixture.directory.calls()).containsExactly("recover", "seal", "switchTo", "drop");
    assertThat(fixture.directory.filled()).containsExactly(into);
    assertThat(fixture.sandboxes.running(execution.id().value())).isEmpty();
    assertLive();

    Execution again = restore(RestoreRequest.NEWEST.withInto(into));
    assertThat(again.problem().orElseThrow().problem())
        .contains("folder /srv/restored is not empty");
    assertThat(fixture.directory.calls()).hasSize(4);
  }

  @Test
  void aRestoreIntoAFolderThatFailsLeavesNothingAndOneThatDiesIsResumed() {
    RestoreRequest request = RestoreRequest.NEWEST.withInto(Path.of("/srv/restored"));
    fixture.sandboxes.whenStartedFrom((tar, server) -> server.createDatabase(LIVE));
    Execution failed = restore(request);
    assertRefused(failed, ErrorCode.VERIFICATION_FAILED, "");
    assertThat(fixture.directory.calls()).containsExactly("recover", "drop");
    assertThat(fixture.restoreDatabase().setAside(fixture.executions)).isEmpty();

    boolean died = true;
    for (int lines = 1; died; lines++) {
      begin("into-" + lines);
      try {
        fixture
            .engine(new DyingClock(fixture.backups.clock, lines + 1))
            .execute(
                fixture.restoreServer().plan(PRODUCTION, request),
                Mode.RECOVERY,
                ExecutionListener.SILENT);
        died = false;
      } catch (DyingClock.Died e) {
        resume(fixture.executions.list().executions().get(0));
      }
      Execution done = fixture.executions.list().executions().get(0);
      assertThat(done.state())
          .as("line %d: %s", lines, done.problem())
          .isEqualTo(ExecutionState.COMPLETED);
      assertThat(fixture.directory.filled()).hasSize(1);
      assertThat(fixture.directory.state()).isEqualTo(State.NOTHING);
      assertLive();
    }
  }

  @Test
  void repairsAFolderOfTheServerThatIsNotItsLiveOne() {
    Path folder = Path.of("/srv/copy");
    RestoreRequest delta = RestoreRequest.NEWEST.withDeltaInto(folder);
    Execution absent = restore(delta);
    assertThat(absent.problem().orElseThrow().problem()).contains("there are no files of a server");
    fixture.directory.fill(folder);
    Execution unknown = restore(delta);
    assertThat(unknown.problem().orElseThrow().problem()).contains("is not known");
    fixture.directory.setLiveDirectory(folder);
    Execution live = restore(delta.confirming(LIVE));
    assertThat(live.problem().orElseThrow().problem()).contains("is where the live server of");
    assertThat(fixture.directory.calls()).isEmpty();
    fixture.directory.setLiveDirectory(Path.of("/var/lib/live"));

    Execution repaired = restore(delta);

    assertThat(repaired.state()).as("%s", repaired.problem()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(fixture.directory.calls()).containsExactly("repair", "seal", "switchTo", "drop");
    assertThat(findings(repaired, "recover-beside"))
        .anyMatch(it -> it.contains("1 bytes in 1 files were rewritten, 0 files removed"));
    assertLive();
  }

  @Test
  void aRepairedFolderThatDoesNotMeetAnExpectationIsPutBackAndNeverRemoved() {
    Path folder = Path.of("/srv/copy");
    fixture.directory.fill(folder);
    fixture.directory.setLiveDirectory(Path.of("/var/lib/live"));
    fixture.sandboxes.whenStartedFrom(
        (tar, server) -> {
          fill(server);
          server.answer("select count(*) from orders", database -> "0");
        });

    Execution failed = restore(RestoreRequest.NEWEST.withDeltaInto(folder));

    assertThat(failed.state()).isEqualTo(ExecutionState.FAILED);
    assertThat(fixture.directory.calls()).containsExactly("repair", "putBack");
  }

  @Test
  void needsNoConfirmationWhereEverythingIsLost() {
    fixture.directory.lose();

    assertThat(restore(RestoreRequest.NEWEST).state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertRestored();
  }

  @Test
  void refusesProgramsOfAnotherVersionAndTooLittleSpaceBeforeItUnpacksAnything() {
    fixture.directory.setFreeBytes(1000);
    assertRefused(restore(CONFIRMED), ErrorCode.OUT_OF_SPACE, "volume volume has 1000 left");
    fixture.directory.setFreeBytes(1L << 40);
    fixture.directory.setMajorVersion(17);
    assertRefused(restore(CONFIRMED), ErrorCode.VERSION_MISMATCH, "has programs of PostgreSQL 17");
    assertThat(fixture.directory.calls()).isEmpty();
  }

  @Test
  void removesTheRecoveredFilesWhenTheyDoNotMeetAnExpectation() {
    fixture.sandboxes.whenStartedFrom(
        (tar, server) -> {
          fill(server);
          server.answer("select count(*) from orders", database -> "0");
        });

    assertRefused(restore(CONFIRMED), ErrorCode.VERIFICATION_FAILED, "does not meet 1 of 1");
    assertThat(fixture.directory.calls()).containsExactly("recover", "drop");
  }

  @Test
  void pausesInTheMiddleOfTheSwitchAndGoesOnOrBack() {
    fixture.directory.failInTheMiddle(broken());
    Execution paused = restore(CONFIRMED);
    assertThat(paused.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(paused.whatStands()).contains("resume finishes the switch");
    assertThat(fixture.directory.state()).isEqualTo(State.BETWEEN);

    assertThat(resume(paused).state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertRestored();

    begin("second");
    fixture.directory.failInTheMiddle(broken());
    Execution undone = undo(restore(CONFIRMED));
    assertThat(undone.state()).as("%s", undone.problem()).isEqualTo(ExecutionState.ROLLED_BACK);
    assertLive();
  }

  private static RecoveryException broken() {
    return new RecoveryException(ErrorCode.COMMAND_FAILED, "killed", "go on.");
  }

  @Test
  void endsInTheSameStateWhereverItDies() {
    boolean died = true;
    for (int lines = 1; died; lines++) {
      begin("died-" + lines);
      try {
        fixture
            .engine(new DyingClock(fixture.backups.clock, lines + 1))
            .execute(
                fixture.restoreServer().plan(PRODUCTION, CONFIRMED),
                Mode.RECOVERY,
                ExecutionListener.SILENT);
        died = false;
      } catch (DyingClock.Died e) {
        resume(fixture.executions.list().executions().get(0));
      }
      Execution done = fixture.executions.list().executions().get(0);
      assertThat(done.state())
          .as("line %d: %s", lines, done.problem())
          .isEqualTo(ExecutionState.AWAITING_COMMIT);
      assertThat(fixture.directory.state()).isEqualTo(State.SWITCHED);
      assertRestored();
    }
  }
}
