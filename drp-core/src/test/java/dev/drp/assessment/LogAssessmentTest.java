package dev.drp.assessment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.assessment.EnvironmentStatus.RecoveryPointBy;
import dev.drp.backup.BackupId;
import dev.drp.backup.BackupState;
import dev.drp.backup.BackupSummary;
import dev.drp.backup.LocalCatalog;
import dev.drp.database.Lsn;
import dev.drp.plan.BackupKind;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.Objectives;
import dev.drp.plan.Site;
import dev.drp.plan.Storage;
import dev.drp.plan.WalSettings;
import dev.drp.recovery.ObjectiveState;
import dev.drp.wal.WalGap;
import dev.drp.wal.WalStatus;
import dev.drp.wal.WalStretch;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What the streamed log makes of an environment's recovery point. */
class LogAssessmentTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
  private static final String SYSTEM = "7301";
  private static final ContingencyPlan PLAN =
      ContingencyPlan.builder("Shop")
          .objectives(Objectives.of(Duration.ofHours(1), Duration.ofHours(4)))
          .site(Site.local("here"))
          .environment(
              Environment.builder("production", "here")
                  .database(
                      DatabaseSettings.builder("shop", "shop")
                          .host("127.0.0.1", 5432)
                          .wal(WalSettings.to("local", "remote"))
                          .build())
                  .build())
          .storage(new Storage.Directory("local", Path.of("/backup"), false))
          .storage(new Storage.Directory("remote", Path.of("/remote"), true))
          .build();

  @Test
  void logThatContinuesAPhysicalBackupIsTheRecoveryPoint() {
    EnvironmentStatus status =
        assess(
            log(copy("local", 9), copy("remote", 7)),
            physical(5, "0/2000138"),
            physical(20, "0/2000138"));

    assertThat(status.recoveryPoint().actual()).contains(Duration.ofSeconds(7));
    assertThat(status.recoveryPoint().state()).isEqualTo(ObjectiveState.MET);
    assertThat(status.recoveryPoint().explanation()).contains("remote", id(5).value());
    assertThat(status.recoveryPointBy()).contains(RecoveryPointBy.LOG);
    assertThat(status.notices()).isEmpty();
  }

  @Test
  void offSiteOnlyTheLogThereCountsAndOnlyWithABackupThatIsThereToo() {
    WalStatus log = log(copy("local", 5), copy("remote", 7)).orElseThrow();
    BackupSummary base = physical(5, "0/2000138");

    EnvironmentStatus near = assess(Optional.of(log), base);
    EnvironmentStatus both = assess(Optional.of(log), alsoIn("remote", base));

    assertThat(near.offSiteRecoveryPoint().orElseThrow().actual()).isEmpty();
    assertThat(both.recoveryPoint().actual()).contains(Duration.ofSeconds(5));
    assertThat(both.offSiteRecoveryPoint().orElseThrow().actual()).contains(Duration.ofSeconds(7));
  }

  private static BackupSummary alsoIn(String storage, BackupSummary backup) {
    BackupSummary.Copy known = backup.copies().get(0);
    return new BackupSummary(
        backup.id(),
        backup.kind(),
        backup.emergency(),
        backup.schedule(),
        backup.database(),
        backup.startedAt(),
        backup.took(),
        backup.recoveryPoint(),
        backup.bytes(),
        backup.plainBytes(),
        backup.rows(),
        backup.logEnd(),
        List.of(
            known,
            new BackupSummary.Copy(
                storage,
                true,
                known.state(),
                known.provenAt(),
                known.drilledAt(),
                known.recoveryTook())));
  }

  @Test
  void logThatNobodyStreamsDoesNotCount() {
    EnvironmentStatus status =
        assess(Optional.empty(), log(copy("local", 1)), physical(5, "0/2000138"));

    assertFallenBack(status, 5);
    assertThat(status.notices())
        .extracting(Notice::what)
        .containsExactly(
            "nobody on this machine streams its log, though the plan wants it: run `drp wal stream"
                + " production`");
  }

  @Test
  void logThatNeverCameIsBehind() {
    EnvironmentStatus status =
        assess(Optional.of("me"), Optional.empty(), physical(5, "0/2000138"));

    assertFallenBack(status, 5);
    assertThat(status.notices()).extracting(Notice::subject).containsExactly("local", "remote");
  }

  @Test
  void storageThatIsBehindIsToldAndTheOtherCounts() {
    EnvironmentStatus justInTime =
        assess(log(copy("local", 30), copy("remote", 30)), physical(5, "0/2000138"));
    EnvironmentStatus oneLate =
        assess(log(copy("local", 31), copy("remote", 12)), physical(5, "0/2000138"));
    EnvironmentStatus bothLate =
        assess(log(copy("local", 31), copy("remote", 31)), physical(5, "0/2000138"));

    assertThat(justInTime.notices()).isEmpty();
    assertThat(justInTime.recoveryPoint().actual()).contains(Duration.ofSeconds(30));
    assertThat(oneLate.notices())
        .singleElement()
        .satisfies(
            notice -> {
              assertThat(notice.kind()).isEqualTo(Notice.Kind.LOG);
              assertThat(notice.subject()).isEqualTo("local");
              assertThat(notice.what())
                  .contains("complete until 2026-11-22T11:59:29Z only", "drp wal status");
            });
    assertThat(oneLate.recoveryPoint().actual()).contains(Duration.ofSeconds(12));
    assertFallenBack(bothLate, 5);
    assertThat(bothLate.notices()).hasSize(2);
  }

  @Test
  void storageThatTakesNothingIsToldBeforeItIsBehind() {
    WalStatus.Copy failing = copy("local", 8, "disk full", since("0/2000000"), Optional.empty());

    EnvironmentStatus status = assess(log(failing, copy("remote", 9)), physical(5, "0/2000138"));

    assertThat(status.recoveryPoint().actual()).contains(Duration.ofSeconds(8));
    assertThat(status.notices())
        .singleElement()
        .matches(notice -> notice.what().endsWith(": disk full"));
  }

  @Test
  void gapAfterTheNewestPhysicalBackupMakesTheLogWorthless() {
    WalGap gap =
        new WalGap(
            NOW.minus(Duration.ofHours(2)), 1, Lsn.parse("0/3000000"), 1, Lsn.parse("0/9000000"));
    WalStatus.Copy local = copy("local", 5, "", since("0/9000000"), Optional.of(gap));
    WalStatus.Copy remote = copy("remote", 5, "", since("0/9000000"), Optional.of(gap));

    EnvironmentStatus broken = assess(log(local, remote), physical(5, "0/2000138"));
    EnvironmentStatus mended =
        assess(log(local, remote), physical(1, "0/9000138"), physical(5, "0/2000138"));

    assertFallenBack(broken, 5);
    assertThat(broken.notices()).extracting(Notice::subject).containsExactly("local", "remote");
    assertThat(broken.notices().get(0).what())
        .contains(
            "does not continue backup " + id(5),
            gap.toString(),
            "take a base backup now: drp backup production --kind physical");
    assertThat(mended.recoveryPointBy()).contains(RecoveryPointBy.LOG);
    assertThat(mended.notices()).isEmpty();
  }

  @Test
  void logThatBeganAfterTheBackupOrIsOfAnotherServerDoesNotContinueIt() {
    WalStatus.Copy later = copy("local", 5, "", since("0/3000000"), Optional.empty());
    WalStatus other =
        new WalStatus(
            NOW, "4711", 1, Lsn.parse("0/5"), Lsn.parse("0/5"), List.of(copy("local", 5)));

    EnvironmentStatus tooLate = assess(log(later, copy("remote", 40)), physical(5, "0/2000138"));
    EnvironmentStatus otherServer =
        assess(Optional.of("me"), Optional.of(other), physical(5, "0/2000138"));

    assertFallenBack(tooLate, 5);
    assertThat(tooLate.notices())
        .extracting(Notice::what)
        .anyMatch(what -> what.contains("it begins at 0/3000000"));
    assertFallenBack(otherServer, 5);
  }

  @Test
  void logIsFollowedAcrossTimelinesUpToWhereTheyWereLeft() {
    WalStretch promoted =
        new WalStretch(
            List.of(
                new WalStretch.Part(1, Lsn.parse("0/2000000"), Lsn.parse("0/4000400")),
                new WalStretch.Part(2, Lsn.parse("0/4000400"), Lsn.parse("0/5000000"))));
    WalStatus.Copy local = copy("local", 5, "", promoted, Optional.empty());
    WalStatus.Copy remote = copy("remote", 5, "", promoted, Optional.empty());

    EnvironmentStatus before = assess(log(local, remote), physical(5, "0/4000400"));
    EnvironmentStatus beyond = assess(log(local, remote), physical(5, "0/4000401"));

    assertThat(before.recoveryPointBy()).contains(RecoveryPointBy.LOG);
    assertFallenBack(beyond, 5);
  }

  @Test
  void withoutAGoodPhysicalBackupTheLogContinuesNothing() {
    EnvironmentStatus status =
        assess(
            log(copy("local", 5), copy("remote", 5)),
            backup(5, BackupKind.LOGICAL, BackupState.VERIFIED, Optional.empty()),
            backup(4, BackupKind.PHYSICAL, BackupState.COMPLETE, end("0/2000138")));

    assertFallenBack(status, 5);
    assertThat(status.notices())
        .singleElement()
        .matches(notice -> notice.what().contains("drp backup production --kind physical"));
  }

  @Test
  void backupWithNewerDataThanTheLogCounts() {
    EnvironmentStatus status =
        assess(
            log(copy("local", 5), copy("remote", 5)),
            backup(0, BackupKind.LOGICAL, BackupState.VERIFIED, Optional.empty()),
            physical(5, "0/2000138"));

    assertThat(status.recoveryPoint().actual()).contains(Duration.ZERO);
    assertThat(status.recoveryPointBy()).contains(RecoveryPointBy.BACKUP);
  }

  @Test
  void serverWhoseClockIsAheadDoesNotMakeTheAgeNegative() {
    EnvironmentStatus status =
        assess(log(copy("local", -3), copy("remote", -3)), physical(5, "0/2000138"));

    assertThat(status.recoveryPoint().actual()).contains(Duration.ZERO);
  }

  private static void assertFallenBack(EnvironmentStatus status, int hours) {
    assertThat(status.recoveryPoint().actual()).contains(Duration.ofHours(hours));
    assertThat(status.recoveryPoint().state()).isEqualTo(ObjectiveState.MISSED);
    assertThat(status.recoveryPointBy()).contains(RecoveryPointBy.BACKUP);
    assertThat(status.missesObjective()).isTrue();
  }

  private static EnvironmentStatus assess(Optional<WalStatus> log, BackupSummary... backups) {
    return assess(Optional.of("wal stream, process 7"), log, backups);
  }

  private static EnvironmentStatus assess(
      Optional<String> streamedBy, Optional<WalStatus> log, BackupSummary... backups) {
    EnvironmentFacts facts =
        new EnvironmentFacts(
            new LocalCatalog.View(Optional.of(NOW), List.of(backups), List.of(), List.of()),
            List.of(),
            List.of(),
            Optional.empty(),
            streamedBy,
            log,
            List.of(),
            Optional.empty(),
            List.of());
    return new EnvironmentAssessment(PLAN, PLAN.environment("production"), facts, NOW).assess();
  }

  private static Optional<WalStatus> log(WalStatus.Copy... copies) {
    return Optional.of(
        new WalStatus(
            NOW, SYSTEM, 1, Lsn.parse("0/5000000"), Lsn.parse("0/5000000"), List.of(copies)));
  }

  /** Complete until so many seconds ago, from 0/2000000 on. */
  private static WalStatus.Copy copy(String storage, int secondsAgo) {
    return copy(storage, secondsAgo, "", since("0/2000000"), Optional.empty());
  }

  private static WalStatus.Copy copy(
      String storage, int secondsAgo, String problem, WalStretch stretch, Optional<WalGap> gap) {
    return new WalStatus.Copy(
        storage,
        1,
        Lsn.parse("0/5000000"),
        Optional.of(NOW.minusSeconds(secondsAgo)),
        problem,
        Optional.of(stretch),
        gap);
  }

  private static WalStretch since(String from) {
    return new WalStretch(List.of(new WalStretch.Part(1, Lsn.parse(from), Lsn.parse("0/5000000"))));
  }

  private static Optional<BackupSummary.LogEnd> end(String position) {
    return Optional.of(new BackupSummary.LogEnd(SYSTEM, 1, Lsn.parse(position)));
  }

  private static BackupSummary physical(int hours, String logEnd) {
    return backup(hours, BackupKind.PHYSICAL, BackupState.VERIFIED, end(logEnd));
  }

  private static BackupId id(int hours) {
    return new BackupId(String.format(Locale.ROOT, "20261122T000000Z-%06x", hours));
  }

  private static BackupSummary backup(
      int hours, BackupKind kind, BackupState state, Optional<BackupSummary.LogEnd> logEnd) {
    Instant recoveryPoint = NOW.minus(Duration.ofHours(hours));
    return new BackupSummary(
        id(hours),
        kind,
        false,
        Optional.empty(),
        "shop",
        recoveryPoint,
        Duration.ofSeconds(10),
        recoveryPoint,
        1_000,
        10_000,
        100,
        logEnd,
        List.of(
            new BackupSummary.Copy(
                "local",
                false,
                state,
                state.isGood() ? Optional.of(recoveryPoint) : Optional.empty(),
                Optional.empty(),
                Optional.empty())));
  }
}
