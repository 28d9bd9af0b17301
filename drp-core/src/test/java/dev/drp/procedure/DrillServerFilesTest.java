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
import dev.drp.database.FakeDatabaseServer;
import dev.drp.database.RecoveryTarget;
import dev.drp.plan.BackupKind;
import dev.drp.procedure.DrillRequest.Replay;
import dev.drp.procedure.DrillResult.Outcome;
import dev.drp.recovery.Execution;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.wal.WalSegment;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
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
  private void archive(int segment) {
    fixture.backups.local.plant(
        "Ask%%26Trust/production/7000000000000000001/wal/00000001/0000000100000000%08X.gz"
            .formatted(segment),
        new GzipCompression().compressFrame(new byte[WalSegment.BYTES]));
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
    archive(2);
    Instant target = fixture.backups.clock.instant();
    fixture.backups.clock.advance(Duration.ofMinutes(5));
    backUp();

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
        .contains("no good physical backup was complete at");
  }

  @Test
  void anExecutionKnowsWhatItWasAskedFor() {
    for (DrillRequest request :
        List.of(
            PHYSICAL,
            DrillRequest.pointInTime(Replay.ALL),
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
