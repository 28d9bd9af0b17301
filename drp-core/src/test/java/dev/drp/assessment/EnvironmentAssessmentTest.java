package dev.drp.assessment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupId;
import dev.drp.backup.BackupRun;
import dev.drp.backup.BackupState;
import dev.drp.backup.BackupSummary;
import dev.drp.backup.CatalogProblem;
import dev.drp.backup.LocalCatalog;
import dev.drp.plan.BackupKind;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.DrillSchedule;
import dev.drp.plan.Environment;
import dev.drp.plan.Environment.Credential;
import dev.drp.plan.Objectives;
import dev.drp.plan.Retention;
import dev.drp.plan.Site;
import dev.drp.plan.Span;
import dev.drp.plan.Storage;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionListener;
import dev.drp.recovery.Executions;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Mode;
import dev.drp.recovery.ObjectiveState;
import dev.drp.recovery.RecoveryEngine;
import dev.drp.recovery.RecoveryPlan;
import dev.drp.recovery.Step;
import dev.drp.state.StateDirectory;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EnvironmentAssessmentTest {
  static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");

  @TempDir Path folder;

  // --- recovery point

  @Test
  void measuresTheRecoveryPointFromTheNewestGoodBackup() {
    EnvironmentStatus status =
        assess(
            plan(),
            backup(1, BackupState.COMPLETE), // nobody has read it back
            backup(2, BackupState.FAILED),
            emergency(3),
            backup(5, BackupState.VERIFIED),
            backup(9, BackupState.DRILLED));

    assertThat(status.recoveryPoint().actual()).contains(Duration.ofHours(5));
    assertThat(status.recoveryPoint().state()).isEqualTo(ObjectiveState.MISSED);
    assertThat(status.newestVerified()).map(KnownBackup::id).contains(id(5));
    assertThat(status.newestDrilled()).map(KnownBackup::id).contains(id(9));
    assertThat(status.missesObjective()).isTrue();
  }

  @Test
  void keepsAnObjectiveThatIsReachedExactly() {
    EnvironmentStatus status = assess(plan(), backup(4, BackupState.DRILLED));

    assertThat(status.recoveryPoint().state()).isEqualTo(ObjectiveState.MET);
    assertThat(status.recoveryTime().state()).isEqualTo(ObjectiveState.MET);
    assertThat(status.missesObjective()).isFalse();
  }

  @Test
  void doesNotTakeWhatWasNotMeasuredForMet() {
    EnvironmentStatus noBackup = assess(plan());
    EnvironmentStatus noDrill = assess(plan(), backup(1, BackupState.VERIFIED));

    assertThat(noBackup.recoveryPoint().state()).isEqualTo(ObjectiveState.NOT_MEASURED);
    assertThat(noBackup.recoveryPoint().explanation()).isEqualTo("there is no backup");
    assertThat(noDrill.recoveryPoint().state()).isEqualTo(ObjectiveState.MET);
    assertThat(noDrill.recoveryTime().state()).isEqualTo(ObjectiveState.NOT_MEASURED);
    assertThat(noBackup.missesObjective()).isTrue();
    assertThat(noDrill.missesObjective()).isTrue();
  }

  // --- recovery time

  @Test
  void takesTheRecoveryTimeOfTheLastDrillWhateverBackupItRestored() {
    BackupSummary oldButDrilledLast =
        backup(9, BackupState.DRILLED, Duration.ofHours(1), Duration.ofMinutes(90));
    BackupSummary newButDrilledBefore =
        backup(3, BackupState.DRILLED, Duration.ofHours(2), Duration.ofMinutes(10));

    EnvironmentStatus status = assess(plan(), oldButDrilledLast, newButDrilledBefore);

    assertThat(status.recoveryTime().actual()).contains(Duration.ofMinutes(90));
    assertThat(status.recoveryTime().state()).isEqualTo(ObjectiveState.MISSED);
  }

  @Test
  void countsNoRecoveryTimeWhenTheLastDrillFailed() {
    Execution failed = execution("restore", Mode.DRILL, FailurePolicy.ABORT);

    EnvironmentStatus status =
        assess(plan(), facts(List.of(backup(2, BackupState.DRILLED)), List.of(), List.of(failed)));

    assertThat(status.recoveryTime().state()).isEqualTo(ObjectiveState.NOT_MEASURED);
    assertThat(status.recoveryTime().explanation()).contains(failed.id().value(), "failed");
    assertThat(status.notices())
        .anySatisfy(
            notice -> {
              assertThat(notice.kind()).isEqualTo(Notice.Kind.RUN_FAILED);
              assertThat(notice.what()).contains("restore (drill) failed: disk on fire");
            });
  }

  // --- overdue

  @Test
  void findsAScheduledBackupOverdueOnceItsGraceHasPassed() {
    Duration grace = Duration.ofMinutes(36); // a tenth of six hours
    BackupSummary justInTime = startedBefore(Duration.ofHours(6).plus(grace), "database-6h");
    BackupSummary tooLate =
        startedBefore(Duration.ofHours(6).plus(grace).plusSeconds(1), "database-6h");
    BackupSummary ofNoSchedule = startedBefore(Duration.ofMinutes(1), "");

    assertThat(overdue(justInTime)).isEmpty();
    assertThat(overdue(tooLate, ofNoSchedule))
        .singleElement()
        .satisfies(
            it -> {
              assertThat(it.path()).isEqualTo("backups.database-6h");
              assertThat(it.due()).contains(tooLate.startedAt().plus(Duration.ofHours(6)));
              assertThat(it.last()).contains(tooLate.startedAt());
            });
  }

  private List<Overdue> overdue(BackupSummary... backups) {
    return assess(plan(), backups).overdue().stream()
        .filter(it -> it.kind() == Overdue.Kind.BACKUP)
        .toList();
  }

  @Test
  void findsWhatNeverHappenedOverdue() {
    ContingencyPlan plan =
        builder()
            .drill(
                DrillSchedule.every(
                    "monthly", Span.ofMonths(1), "production", DrillSchedule.Kind.RESTORE))
            .build();

    assertThat(assess(plan).overdue())
        .extracting(Overdue::kind, Overdue::path, Overdue::due)
        .containsExactly(
            tuple(Overdue.Kind.BACKUP, "backups.database-6h", Optional.empty()),
            tuple(Overdue.Kind.DRILL, "drills.monthly", Optional.empty()));
  }

  @ParameterizedTest
  @EnumSource
  void findsBackupsOfEveryKindOverdue(BackupKind kind) {
    ContingencyPlan plan =
        builder()
            .backup(
                BackupSchedule.every(
                    "other",
                    Span.parse("1d"),
                    "production",
                    kind,
                    Retention.within(Span.parse("7d")),
                    "local"))
            .build();

    assertThat(assess(plan).overdue()).extracting(Overdue::path).contains("backups.other");
  }

  @Test
  void findsADrillOverdueOnTheDayThatItsMonthHasPassed() {
    ContingencyPlan plan =
        builder()
            .drill(
                DrillSchedule.every(
                    "monthly", Span.ofMonths(1), "production", DrillSchedule.Kind.RESTORE))
            .build();
    BackupSummary inTime =
        backup(1, BackupState.DRILLED, Duration.ofDays(31), Duration.ofMinutes(5));
    BackupSummary late = backup(1, BackupState.DRILLED, Duration.ofDays(32), Duration.ofMinutes(5));

    assertThat(assess(plan, inTime).overdue()).isEmpty();
    assertThat(assess(plan, late).overdue())
        .extracting(Overdue::kind)
        .containsExactly(Overdue.Kind.DRILL);
  }

  @Test
  void namesSecretsAndCertificatesThatHaveEndedOrEndSoon() {
    Environment environment =
        environment()
            .secret(credential("password", LocalDate.of(2026, 11, 21)))
            .certificate(credential("today", LocalDate.of(2026, 11, 22)))
            .certificate(credential("in time", LocalDate.of(2026, 12, 23)))
            .build();
    ContingencyPlan plan =
        ContingencyPlan.builder("Shop").site(Site.local("here")).environment(environment).build();

    assertThat(assess(plan).overdue())
        .extracting(Overdue::kind, Overdue::path, Overdue::what)
        .containsExactly(
            tuple(Overdue.Kind.CREDENTIAL, "environments.production.secrets[0]", "secret password"),
            tuple(
                Overdue.Kind.CREDENTIAL_SOON,
                "environments.production.certificates[0]",
                "certificate today"));
  }

  // --- notices

  @Test
  void saysWhatNeedsALook() {
    Execution paused = execution("restore", Mode.RECOVERY, FailurePolicy.PAUSE);
    EnvironmentFacts facts =
        new EnvironmentFacts(
            new LocalCatalog.View(
                Optional.of(NOW),
                List.of(backup(1, BackupState.FAILED)),
                List.of(
                    new CatalogProblem(
                        "local", "shop/x", CatalogProblem.Kind.FOREIGN, "it is not ours")),
                List.of("backup a is gone from local")),
            List.of(
                run("database-6h", Optional.of(ErrorCode.OUT_OF_SPACE), "disk full"),
                run("database-6h", Optional.empty(), ""),
                run("nightly", Optional.of(ErrorCode.COMMAND_FAILED), "pg_dump died")),
            List.of(paused),
            Optional.of("a backup, process 12"),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            Optional.empty(),
            List.of());

    EnvironmentStatus status = assess(plan(), facts);

    assertThat(status.notices())
        .extracting(Notice::kind, Notice::subject)
        .containsExactly(
            tuple(Notice.Kind.BACKUP_GONE, "production"),
            tuple(Notice.Kind.BACKUP_FAILED, id(1).value()),
            tuple(Notice.Kind.STORAGE, "local"),
            tuple(Notice.Kind.RUN_FAILED, "backups.nightly"),
            tuple(Notice.Kind.WAITS_FOR_RESUME, paused.id().value()));
    assertThat(status.lockedBy()).contains("a backup, process 12");
  }

  @Test
  void forgetsAFailureThatALaterRunMadeGood() {
    Execution failed = execution("restore", Mode.RECOVERY, FailurePolicy.ABORT);
    Execution completed = execution("restore", Mode.RECOVERY, FailurePolicy.CONTINUE);

    EnvironmentStatus status =
        assess(plan(), facts(List.of(), List.of(), List.of(completed, failed)));

    assertThat(status.notices()).isEmpty();
  }

  @Test
  void measuresNothingWhereThereIsNoDatabase() {
    Environment without = Environment.builder("production", "here").build();
    ContingencyPlan plan =
        ContingencyPlan.builder("Shop")
            .objectives(Objectives.of(Duration.ofHours(1), Duration.ofHours(4)))
            .site(Site.local("here"))
            .environment(without)
            .build();

    EnvironmentStatus status = assess(plan);

    assertThat(status.recoveryPoint().state()).isEqualTo(ObjectiveState.NOT_MEASURED);
    assertThat(status.missesObjective()).isFalse();
  }

  // --- what the tests are made of

  private static EnvironmentStatus assess(ContingencyPlan plan, BackupSummary... backups) {
    return assess(plan, facts(List.of(backups), List.of(), List.of()));
  }

  private static EnvironmentStatus assess(ContingencyPlan plan, EnvironmentFacts facts) {
    return new EnvironmentAssessment(plan, plan.environment("production"), facts, NOW).assess();
  }

  private static EnvironmentFacts facts(
      List<BackupSummary> backups, List<BackupRun> runs, List<Execution> executions) {
    return new EnvironmentFacts(
        new LocalCatalog.View(Optional.of(NOW), backups, List.of(), List.of()),
        runs,
        executions,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        List.of());
  }

  @Test
  void tellsTheOffSiteRecoveryPointApart() {
    ContingencyPlan offSite =
        builder().storage(new Storage.Directory("vault", Path.of("/vault"), true)).build();

    EnvironmentStatus status =
        assess(
            offSite,
            backup(2, BackupState.VERIFIED),
            offSite(8, BackupState.FAILED),
            offSite(14, BackupState.VERIFIED));

    assertThat(status.recoveryPoint().actual()).contains(Duration.ofHours(2));
    assertThat(status.offSiteRecoveryPoint().orElseThrow().actual()).contains(Duration.ofHours(14));
    assertThat(status.offSiteRecoveryPoint().orElseThrow().explanation()).contains(id(14).value());
    assertThat(assess(offSite, backup(2, BackupState.VERIFIED)).offSiteRecoveryPoint())
        .map(Measure::actual)
        .contains(Optional.empty());
    assertThat(assess(plan(), backup(2, BackupState.VERIFIED)).offSiteRecoveryPoint()).isEmpty();
  }

  /** A backup whose local copy is good, and whose copy elsewhere is as said. */
  private static BackupSummary offSite(int hours, BackupState state) {
    BackupSummary local = backup(hours, BackupState.VERIFIED);
    List<BackupSummary.Copy> copies = new ArrayList<>(local.copies());
    copies.add(
        new BackupSummary.Copy(
            "vault", true, state, Optional.empty(), Optional.empty(), Optional.empty()));
    return new BackupSummary(
        local.id(),
        local.kind(),
        local.emergency(),
        local.schedule(),
        local.database(),
        local.startedAt(),
        local.took(),
        local.recoveryPoint(),
        local.bytes(),
        local.plainBytes(),
        local.rows(),
        local.logEnd(),
        copies);
  }

  private static ContingencyPlan plan() {
    return builder().build();
  }

  private static ContingencyPlan.Builder builder() {
    return ContingencyPlan.builder("Shop")
        .objectives(Objectives.of(Duration.ofHours(1), Duration.ofHours(4)))
        .site(Site.local("here"))
        .environment(environment().build())
        .storage(new Storage.Directory("local", Path.of("/backup"), false))
        .backup(
            BackupSchedule.every(
                "database-6h",
                Span.of(Duration.ofHours(6)),
                "production",
                BackupKind.LOGICAL,
                Retention.within(Span.of(Duration.ofDays(7))),
                "local"));
  }

  private static Environment.Builder environment() {
    return Environment.builder("production", "here")
        .database(DatabaseSettings.builder("shop", "shop").host("127.0.0.1", 5432).build());
  }

  private static Credential credential(String name, LocalDate expires) {
    return new Credential(
        name,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.of(expires));
  }

  private static BackupId id(int hours) {
    return new BackupId(String.format(Locale.ROOT, "20261122T000000Z-%06x", hours));
  }

  /** A backup of so many hours ago. */
  private static BackupSummary backup(int hours, BackupState state) {
    return backup(hours, state, Duration.ofHours(hours), Duration.ofMinutes(12));
  }

  private static BackupSummary backup(
      int hours, BackupState state, Duration drilledAgo, Duration recoveryTook) {
    return summary(hours, state, false, "database-6h", NOW, drilledAgo, recoveryTook);
  }

  private static BackupSummary emergency(int hours) {
    return summary(
        hours, BackupState.VERIFIED, true, "database-6h", NOW, Duration.ZERO, Duration.ZERO);
  }

  private static BackupSummary startedBefore(Duration ago, String schedule) {
    return summary(
        1, BackupState.VERIFIED, false, schedule, NOW.minus(ago), Duration.ZERO, Duration.ZERO);
  }

  private static BackupSummary summary(
      int hours,
      BackupState state,
      boolean emergency,
      String schedule,
      Instant startedAt,
      Duration drilledAgo,
      Duration recoveryTook) {
    Instant recoveryPoint = NOW.minus(Duration.ofHours(hours));
    boolean drilled = state == BackupState.DRILLED;
    return new BackupSummary(
        id(hours),
        BackupKind.LOGICAL,
        emergency,
        Optional.of(schedule).filter(it -> !it.isEmpty()),
        "shop",
        startedAt,
        Duration.ofSeconds(10),
        recoveryPoint,
        1_000,
        10_000,
        100,
        Optional.empty(),
        List.of(
            new BackupSummary.Copy(
                "local",
                false,
                state,
                state.isGood() ? Optional.of(recoveryPoint) : Optional.empty(),
                drilled ? Optional.of(NOW.minus(drilledAgo)) : Optional.empty(),
                drilled ? Optional.of(recoveryTook) : Optional.empty())));
  }

  private static BackupRun run(String schedule, Optional<ErrorCode> error, String problem) {
    return new BackupRun(
        NOW, Duration.ofSeconds(1), Optional.of(schedule), Optional.empty(), error, problem);
  }

  /** An execution whose only step fails. */
  private Execution execution(String name, Mode mode, FailurePolicy policy) {
    Step step =
        Step.reading(
                "look",
                "looks",
                context -> {
                  throw new RecoveryException(
                      ErrorCode.COMMAND_FAILED, "disk on fire", "call the fire brigade.");
                })
            .onFailure(policy);
    Clock clock = Clock.fixed(NOW, ZoneOffset.UTC);
    return new RecoveryEngine(new Executions(StateDirectory.open(folder, clock)), clock)
        .execute(
            RecoveryPlan.named(name, "Shop", "production").phase("all", step).build(),
            mode,
            ExecutionListener.SILENT);
  }
}
