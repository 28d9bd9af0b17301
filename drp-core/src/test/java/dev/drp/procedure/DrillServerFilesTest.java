package dev.drp.procedure;

import static dev.drp.procedure.ProcedureFixture.LIVE;
import static dev.drp.procedure.ProcedureFixture.PRODUCTION;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.ErrorCode;
import dev.drp.backup.BackupEvent;
import dev.drp.backup.BackupFixture;
import dev.drp.backup.BackupId;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BackupRequest;
import dev.drp.backup.BackupState;
import dev.drp.backup.FakeServerFiles;
import dev.drp.backup.GzipCompression;
import dev.drp.backup.NamedStorage;
import dev.drp.backup.ObjectName;
import dev.drp.database.Canary;
import dev.drp.database.FakeDatabaseServer;
import dev.drp.database.Lsn;
import dev.drp.database.RecoveryTarget;
import dev.drp.plan.BackupKind;
import dev.drp.procedure.DrillResult.Outcome;
import dev.drp.recovery.Execution;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Problem;
import dev.drp.wal.WalSegment;
import dev.drp.wal.WrittenLog;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Drills of backups that hold the files of a server. */
class DrillServerFilesTest {
  private static final DrillRequest PHYSICAL = DrillRequest.NEWEST.ofKind(BackupKind.PHYSICAL);

  @TempDir Path folder;
  private ProcedureFixture fixture;
  private final FakeServerFiles files = FakeServerFiles.some(1 << 20);
  private final List<byte[]> unpacked = new ArrayList<>();

  @BeforeEach
  void aServerWithFiles() {
    fixture = new ProcedureFixture(folder.resolve("state"));
    fixture.server.setBaseBackup(files.tar());
    fixture.sandboxes.whenStartedFrom(
        (tar, server) -> {
          unpacked.add(tar);
          fill(server);
        });
  }

  /** The database as it was when it was backed up. */
  private static void fill(FakeDatabaseServer server) {
    server.createDatabase(LIVE);
    server.insert(LIVE, "public", "customers", "Ada", "Grace");
    server.insert(LIVE, "public", "orders", "1", "2", "3");
    server.answer("select count(*) from orders", database -> "3");
  }

  private BackupManifest backUp(NamedStorage... storages) {
    BackupManifest manifest =
        fixture
            .backups
            .takeBackup()
            .take(
                new BackupRequest(
                    BackupFixture.APPLICATION,
                    fixture.backups.environment,
                    BackupKind.PHYSICAL,
                    Optional.empty(),
                    List.of(storages),
                    false))
            .manifest();
    fixture.backups.clock.advance(Duration.ofMinutes(5));
    return manifest;
  }

  private BackupManifest backUp() {
    return backUp(fixture.backups.localStorage);
  }

  private void assertNothingLeft(Execution execution) {
    assertThat(fixture.sandboxes.running(execution.id().value())).isEmpty();
    assertThat(fixture.databases()).containsExactly(LIVE);
  }

  @Test
  void startsAThrowAwayServerFromTheFilesAndLeavesNothing() {
    BackupId backup = backUp().id();
    fixture.backUp(); // a newer one, of the other kind

    Execution execution = fixture.drill(PHYSICAL);

    DrillResult result = DrillResult.of(execution);
    assertThat(result.outcome()).as("%s", execution.problem()).isEqualTo(Outcome.PASSED);
    assertThat(execution.value("backup")).contains(backup.value());
    assertThat(result.recoveryPoint()).contains(Duration.ofMinutes(10));
    assertThat(unpacked).singleElement().isEqualTo(files.tar());
    assertThat(fixture.sandboxes.targets()).containsExactly(RecoveryTarget.consistent());
    assertThat(fixture.sandboxes.requests())
        .singleElement()
        .satisfies(request -> assertThat(request.superuser()).isEqualTo("owner"));
    assertThat(fixture.backups.listing().require(backup).state()).isEqualTo(BackupState.DRILLED);
    assertNothingLeft(execution);
  }

  @Test
  void neverTakesAPhysicalBackupForALogicalDrill() {
    BackupId logical = fixture.backUp();
    BackupId physical = backUp().id();

    assertThat(fixture.drill(DrillRequest.NEWEST).value("backup")).contains(logical.value());
    Execution refused = fixture.drill(DrillRequest.of(physical));
    assertThat(refused.problem().orElseThrow().code()).isEqualTo(ErrorCode.USAGE);
    assertThat(refused.problem().orElseThrow().problem()).contains("is a physical one");
  }

  @Test
  void tablesThatWereWrittenToMeanwhileMayDiffer() {
    backUp();
    fixture.sandboxes.whenStartedFrom(
        (tar, server) -> {
          fill(server);
          server.insert(LIVE, "public", "orders", "4");
        });

    Execution execution = fixture.drill(PHYSICAL);

    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.PASSED);
    assertThat(execution.stepExecution("compare-rows").findings())
        .anyMatch(it -> it.toString().contains("3 rows were counted"));
  }

  @Test
  void aTableThatIsMissingFailsTheDrill() {
    BackupId backup = backUp().id();
    fixture.sandboxes.whenStartedFrom(
        (tar, server) -> {
          server.createDatabase(LIVE);
          server.insert(LIVE, "public", "customers", "Ada", "Grace");
          server.answer("select count(*) from orders", database -> "3");
        });

    Execution execution = fixture.drill(PHYSICAL);

    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.FAILED);
    assertThat(fixture.backups.listing().require(backup).state()).isEqualTo(BackupState.FAILED);
    assertNothingLeft(execution);
  }

  @Test
  void takesAnotherCopyWhenOneIsDamaged() {
    BackupManifest manifest = backUp(fixture.backups.localStorage, fixture.backups.remoteStorage);
    fixture.backups.local.flipBit(pack(manifest), 300_000);

    Execution execution = fixture.drill(PHYSICAL);

    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.PASSED);
    assertThat(execution.value("storage")).contains("offsite");
    assertThat(unpacked).singleElement().isEqualTo(files.tar());
    assertThat(
            fixture.backups.listing().require(manifest.id()).copies().stream()
                .filter(copy -> copy.last(BackupEvent.Type.FAILED).isPresent())
                .map(copy -> copy.storage().name()))
        .containsExactly("local");
  }

  @Test
  void namesTheNextOlderBackupWhenNoCopyIsWhole() {
    BackupId older = backUp().id();
    files.put("base/5/16384", new byte[1 << 20]);
    for (int i = 0; i < 40; i++) {
      files.change("base/5/" + (1000 + i), 1);
    }
    fixture.server.setBaseBackup(files.tar());
    BackupManifest newer = backUp();
    fixture.backups.local.flipBit(pack(newer), 1000);

    Execution execution = fixture.drill(PHYSICAL);

    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.FAILED);
    assertThat(execution.problem().orElseThrow().code()).isEqualTo(ErrorCode.BACKUP_CORRUPT);
    assertThat(execution.problem().orElseThrow().hint()).contains(older.value());
    assertNothingLeft(execution);
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

  @Test
  void refusesToRehearseAReplayWithoutALog() {
    backUp();

    Execution execution = fixture.drill(DrillRequest.pointInTime(Replay.ALL));

    assertThat(execution.problem().orElseThrow().problem())
        .contains("keeps no log that follows backup");
    assertNothingLeft(execution);
  }

  @Test
  void tellsWhereTheLogHasAHole() {
    backUp();
    archive(2);
    archive(4);

    Execution execution = fixture.drill(DrillRequest.pointInTime(Replay.ALL));

    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.PASSED);
    assertThat(execution.stepExecution("start-from-files").findings())
        .anyMatch(it -> it.toString().contains("is missing from 0/3000000 to 0/4000000"));
  }

  @Test
  void replaysTheLogToItsEndAndMeasuresThere() {
    backUp();
    archive(2);
    archive(3);
    Instant newest = fixture.backups.clock.instant().minusSeconds(7);
    fixture.sandboxes.whenStartedFrom(
        (tar, server) -> {
          unpacked.add(tar);
          fill(server);
          server.insert(LIVE, "public", "orders", "4", "5");
          server.setNewestReplayedCommit(newest);
        });

    Execution execution = fixture.drill(DrillRequest.pointInTime(Replay.ALL));

    assertThat(DrillResult.of(execution).outcome())
        .as("%s", execution.problem())
        .isEqualTo(Outcome.PASSED);
    assertThat(fixture.sandboxes.targets()).containsExactly(RecoveryTarget.latest());
    assertThat(execution.value("rowsActual")).contains("7");
    assertThat(execution.reached(MeasuringPoint.RECOVERY_POINT)).contains(newest);
    assertThat(Arrays.copyOf(unpacked.get(0), files.tar().length)).isEqualTo(files.tar());
    assertThat(new String(unpacked.get(0), ISO_8859_1))
        .contains("drp_wal/000000010000000000000002", "drp_wal/000000010000000000000003");
  }

  @Test
  void recoversToAnInstantFromTheNewestBackupBeforeIt() {
    BackupId first = backUp().id();
    Instant target = now();
    fixture.backups.clock.advance(Duration.ofMinutes(5));
    archive(2, now());
    backUp();
    recoverWithCanary(Duration.ZERO);

    Execution execution = fixture.drill(DrillRequest.pointInTime(Replay.until(target)));

    assertThat(execution.value("backup")).contains(first.value());
    assertThat(fixture.sandboxes.targets()).containsExactly(RecoveryTarget.at(target));
    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.PASSED);
  }

  @Test
  void refusesAnInstantBeforeTheOldestBackup() {
    backUp();

    Execution execution =
        fixture.drill(DrillRequest.pointInTime(Replay.until(BackupFixture.NOW.minusSeconds(1))));

    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.FAILED);
    assertThat(execution.problem().orElseThrow().problem())
        .contains("no good physical backup was complete by then");
    assertThat(execution.problem().orElseThrow().hint()).contains("backup ");
  }

  /** Recovered data goes as far as the target, and its canary is so much older. */
  private void recoverWithCanary(Duration age) {
    fixture.sandboxes.whenStartedFrom(
        (tar, server) -> {
          fill(server);
          RecoveryTarget.Point point =
              fixture.sandboxes.targets().get(fixture.sandboxes.targets().size() - 1).point();
          if (point instanceof RecoveryTarget.AtInstant at) {
            server.setCanary(
                LIVE, new Canary(at.instant().minus(age), Duration.ofSeconds(5), "a test"));
          }
        });
  }

  @Test
  void drawsASecondThatTheLogLeadsToAndProvesItByTheCanary() {
    backUp();
    Instant first = now();
    fixture.backups.clock.advance(Duration.ofMinutes(1));
    archive(2, first.plusSeconds(2), first.plusSeconds(40));
    recoverWithCanary(Duration.ofSeconds(4));
    Set<Instant> drawn = new TreeSet<>();
    for (long seed = 0; seed < 12; seed++) {
      Execution execution = fixture.drill(DrillRequest.pointInTime(Replay.anySecond(seed)));

      assertThat(DrillResult.of(execution).outcome())
          .as("%s", execution.problem())
          .isEqualTo(Outcome.PASSED);
      assertThat(execution.reached(MeasuringPoint.RECOVERY_POINT)).contains(first.plusSeconds(40));
    }
    for (RecoveryTarget target : fixture.sandboxes.targets()) {
      drawn.add(((RecoveryTarget.AtInstant) target.point()).instant());
    }

    assertThat(drawn).hasSizeGreaterThan(6);
    assertThat(drawn)
        .allMatch(it -> it.equals(it.truncatedTo(ChronoUnit.SECONDS)))
        .allMatch(it -> !it.isBefore(BackupFixture.NOW) && it.isBefore(first.plusSeconds(40)));
  }

  @Test
  void neverPassesWhereTheCanaryWasNotWritten() {
    backUp();
    archive(2, now().plusSeconds(1));
    recoverWithCanary(Duration.ofSeconds(11));

    Execution execution = fixture.drill(DrillRequest.pointInTime(Replay.until(now())));

    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.INCONCLUSIVE);
    assertThat(execution.stepExecution("measure-recovery-point").findings())
        .anyMatch(it -> it.toString().contains("was not being written at the target"));
    recoverWithCanary(Duration.ofSeconds(10));
    assertThat(
            DrillResult.of(fixture.drill(DrillRequest.pointInTime(Replay.until(now())))).outcome())
        .isEqualTo(Outcome.PASSED);
  }

  @Test
  void aCommitProvesTheTargetWhereTheCanaryWasNotWrittenAndTheReportSaysSo() {
    backUp();
    archive(2, now().plusSeconds(1));
    fixture.sandboxes.whenStartedFrom(
        (tar, server) -> {
          fill(server);
          server.setNewestReplayedCommit(now().minusSeconds(2));
        });

    Execution execution = fixture.drill(DrillRequest.pointInTime(Replay.until(now())));

    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.PASSED);
    assertThat(execution.stepExecution("measure-recovery-point").findings())
        .anyMatch(it -> it.toString().contains("there is none"))
        .anyMatch(it -> it.toString().contains("by the newest commit"));
  }

  @Test
  void failsWhereTheDataIsLaterThanTheTarget() {
    backUp();
    archive(2, now().plusSeconds(1));
    recoverWithCanary(Duration.ofMillis(-1));

    Execution execution = fixture.drill(DrillRequest.pointInTime(Replay.until(now())));

    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.FAILED);
    assertThat(execution.problem().orElseThrow().problem()).contains("later than the target");
  }

  /** Two backups with a hole in the log between them; returns the second. */
  private BackupManifest aHoleBetweenTwoBackups() {
    backUp();
    archive(2, BackupFixture.NOW.plusSeconds(60));
    archive(4, BackupFixture.NOW.plusSeconds(600));
    fixture.backups.clock.advance(Duration.ofHours(1));
    fixture.server.setBaseBackup(FakeServerFiles.some(1 << 20).withLogInSegment(5).tar());
    BackupManifest second = backUp();
    archive(5, now().minusSeconds(30), now().plusSeconds(30));
    return second;
  }

  private Problem refused(Replay target) {
    Execution execution = fixture.drill(DrillRequest.pointInTime(target));
    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.FAILED);
    assertThat(fixture.sandboxes.targets()).as("nothing was started").isEmpty();
    return execution.problem().orElseThrow();
  }

  @Test
  void saysWhatIsMissingInAGapAndWhatCanBeReachedOnBothSides() {
    BackupManifest second = aHoleBetweenTwoBackups();

    Problem problem = refused(Replay.until(BackupFixture.NOW.plusSeconds(300)));

    assertThat(problem.code()).isEqualTo(ErrorCode.PRECHECK_FAILED);
    assertThat(problem.problem())
        .contains(
            "missing from 0/3000000 to 0/4000000",
            "storage local",
            "1 segments, first 000000010000000000000003");
    assertThat(problem.hint())
        .contains(
            "until before " + BackupFixture.NOW.plusSeconds(60),
            "until before " + now().plusSeconds(30) + " (backup " + second.id());
    Problem position = refused(Replay.until(Lsn.parse("0/3000010")));
    assertThat(position.problem()).contains("0/3000010", "missing from 0/3000000 to 0/4000000");
    assertThat(position.hint())
        .contains("from 0/2000138 until before 0/3000000", "from 0/5000138 until before 0/6000000");
  }

  @Test
  void anOlderBackupLeadsToWhereNobodyHasWrittenSinceTheNewestOne() {
    BackupId first = backUp().id();
    archive(2, now().plusSeconds(60));
    fixture.backups.clock.advance(Duration.ofHours(1));
    fixture.server.setBaseBackup(FakeServerFiles.some(1 << 20).withLogInSegment(3).tar());
    backUp();
    archive(3);
    recoverWithCanary(Duration.ZERO);

    Execution execution = fixture.drill(DrillRequest.pointInTime(Replay.anySecond(1)));

    assertThat(execution.value("backup")).as("%s", execution.problem()).contains(first.value());
    assertThat(DrillResult.of(execution).outcome()).isEqualTo(Outcome.PASSED);
  }

  @Test
  void saysWhereTheLogEndsThatDoesNotReachTheTarget() {
    backUp();
    Instant newest = now().plusSeconds(10);
    archive(2, newest);

    Problem problem = refused(Replay.until(newest));

    assertThat(problem.problem())
        .contains("does not reach so far", "ends at 0/3000000", "newest commit is of " + newest);
    assertThat(refused(Replay.until(Lsn.parse("0/3000000"))).problem())
        .contains("does not reach so far");
    assertThat(refused(Replay.until(Lsn.parse("0/2000137"))).problem())
        .contains("no good physical backup ends there or before");
  }

  @Test
  void drawsNothingFromBeforeAGap() {
    aHoleBetweenTwoBackups();
    recoverWithCanary(Duration.ofSeconds(1));
    Instant first = now().minus(Duration.ofMinutes(5));

    for (long seed = 0; seed < 4; seed++) {
      fixture.drill(DrillRequest.pointInTime(Replay.anySecond(seed)));
    }

    assertThat(fixture.sandboxes.targets())
        .hasSize(4)
        .allMatch(it -> !((RecoveryTarget.AtInstant) it.point()).instant().isBefore(first));
  }

  @Test
  void drawsNothingWithoutALog() {
    backUp();

    assertThat(refused(Replay.anySecond(1)).problem())
        .contains("no second", "keeps no log that follows backup");
  }

  @Test
  void anExecutionKnowsWhatItWasAskedFor() {
    for (DrillRequest request :
        List.of(
            PHYSICAL,
            DrillRequest.pointInTime(Replay.ALL),
            DrillRequest.pointInTime(Replay.anySecond(5)),
            DrillRequest.pointInTime(Replay.until(Lsn.parse("0/2000138"))),
            DrillRequest.pointInTime(Replay.until(BackupFixture.NOW)))) {
      assertThat(DrillRequest.fromArguments(request.toArguments())).isEqualTo(request);
    }
    assertThat(fixture.drillRestore().plan(PRODUCTION, PHYSICAL).phases())
        .extracting(phase -> phase.name())
        .containsExactly("preflight", "restore", "verify", "record", "cleanup");
  }

  /** The pack that a backup wrote itself. */
  private ObjectName pack(BackupManifest manifest) {
    return fixture.backups.local.allNames().stream()
        .filter(name -> name.contains("/packs/" + manifest.id().value()))
        .map(ObjectName::new)
        .findFirst()
        .orElseThrow();
  }
}
