package dev.drp.procedure;

import static dev.drp.procedure.ProcedureFixture.LIVE;
import static dev.drp.procedure.ProcedureFixture.PRODUCTION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupId;
import dev.drp.backup.BackupState;
import dev.drp.database.DatabaseDescription.Extension;
import dev.drp.database.DatabaseProperties;
import dev.drp.database.FakeDatabaseServer;
import dev.drp.database.ServerFacts;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Site;
import dev.drp.recovery.DyingClock;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionListener;
import dev.drp.recovery.ExecutionState;
import dev.drp.recovery.Explanation;
import dev.drp.recovery.Finding;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Mode;
import dev.drp.recovery.ObjectiveState;
import dev.drp.recovery.RecoveryEngine;
import dev.drp.recovery.StepExecution;
import dev.drp.recovery.StepState;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RestoreDatabaseTest {
  private static final RestoreRequest CONFIRMED = RestoreRequest.NEWEST.confirming(LIVE);
  @TempDir Path folder;
  private ProcedureFixture fixture;

  @BeforeEach
  void anEnvironmentWithABackupAndOneCustomerMoreSince() {
    fixture = new ProcedureFixture(folder);
    fixture.backUp();
    fixture.server.insert(LIVE, "public", "customers", "Mallory");
  }

  private static Optional<Finding> finding(Execution execution, String subject) {
    return execution.steps().stream()
        .flatMap(step -> step.findings().stream())
        .filter(finding -> finding.subject().equals(subject))
        .findFirst();
  }

  private static RecoveryException broken() {
    return new RecoveryException(ErrorCode.DATABASE_FAILED, "the server broke", "mend it.");
  }

  private void assertUntouched() {
    assertThat(fixture.databases()).containsExactly(LIVE);
    assertThat(fixture.customers(LIVE)).containsExactly("Ada", "Grace", "Mallory");
    assertThat(fixture.reached.databases().get(0).allowsConnections()).isTrue();
  }

  private void assertRefused(Execution execution, ErrorCode code) {
    assertThat(execution.state()).isEqualTo(ExecutionState.FAILED);
    assertThat(execution.problem().orElseThrow().code()).isEqualTo(code);
    assertThat(execution.whatStands()).startsWith("The live database shop was not touched.");
    assertUntouched();
  }

  // --- the main path

  @Test
  void putsTheNewestGoodBackupInThePlaceOfTheLiveDatabaseAndKeepsThat() {
    Execution execution = fixture.restore(CONFIRMED);

    assertThat(execution.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(execution.exitStatus()).isEqualTo(ExitStatus.OK);
    String aside = RestoreDatabase.asideName(execution.id());
    assertThat(aside.length()).isLessThanOrEqualTo(63);
    assertThat(fixture.databases()).containsExactlyInAnyOrder(LIVE, aside);
    assertThat(fixture.customers(LIVE)).containsExactly("Ada", "Grace");
    assertThat(fixture.customers(aside)).containsExactly("Ada", "Grace", "Mallory");
    assertThat(fixture.server.database(LIVE).orElseThrow().analyzed()).isTrue();
    assertThat(finding(execution, "public.customers"))
        .contains(new Finding(Finding.Kind.FACT, "public.customers", "2", "2", true));
    assertThat(finding(execution, "there are orders").orElseThrow().met()).isTrue();
  }

  @Test
  void measuresRecoveryTimeAndRecoveryPoint() {
    Execution execution = fixture.restore(CONFIRMED);

    assertThat(execution.recoveryPointActual()).contains(Duration.ofMinutes(5));
    assertThat(execution.recoveryPointObjective()).isEqualTo(ObjectiveState.MET);
    assertThat(execution.recoveryTimeActual().orElseThrow()).isPositive();
    assertThat(execution.recoveryTimeObjective()).isEqualTo(ObjectiveState.MET);

    Instant impact = fixture.backups.clock.instant().minus(Duration.ofMinutes(3));
    Execution known = fixture.restore(CONFIRMED.withImpact(impact));
    assertThat(known.reached(MeasuringPoint.IMPACT)).contains(impact);
    assertThat(known.recoveryPointActual()).contains(Duration.ofMinutes(2));
    assertThat(known.recoveryTimeActual().orElseThrow())
        .isGreaterThanOrEqualTo(Duration.ofMinutes(3));
  }

  @Test
  void carriesOverWhatTheLiveDatabaseHasOfItsOwn() {
    fixture.server.roles().put("new owner", "LOGIN");
    DatabaseProperties before = FakeDatabaseServer.PROPERTIES;
    DatabaseProperties changed =
        new DatabaseProperties(
            "new owner",
            before.encoding(),
            before.collate(),
            before.ctype(),
            before.localeProvider(),
            before.icuLocale(),
            before.collationVersion(),
            7,
            before.privileges(),
            List.of(new DatabaseProperties.Setting(Optional.empty(), "work_mem", "64MB")));
    fixture.server.setProperties(LIVE, changed);

    fixture.restore(CONFIRMED);

    assertThat(fixture.server.describe(LIVE).properties()).isEqualTo(changed);
  }

  @Test
  void leavesExistingRolesAloneAndReportsDifferences() {
    fixture.server.roles().put("owner", "LOGIN SUPERUSER");

    Execution execution = fixture.restore(CONFIRMED);

    assertThat(fixture.server.roles()).containsEntry("owner", "LOGIN SUPERUSER");
    assertThat(finding(execution, "role").orElseThrow().actual()).contains("role owner differs");
  }

  @Test
  void restoresToAFreshServerWithDurabilityRelaxedUntilItServes() {
    FakeDatabaseServer fresh = new FakeDatabaseServer(fixture.backups.clock);
    fresh.roles().clear();
    fresh.answer("select count(*) from orders", database -> "3");
    fixture.reached = fresh;

    Execution execution = fixture.restore(RestoreRequest.NEWEST);

    assertThat(execution.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(fixture.databases()).containsExactly(LIVE);
    assertThat(fixture.customers(LIVE)).containsExactly("Ada", "Grace");
    assertThat(fresh.roles()).containsKey("owner");
    assertThat(fresh.relaxed()).isFalse();
    assertThat(fresh.restarts()).isEqualTo(1);
    assertThat(fresh.calls())
        .containsSubsequence("relaxDurability", "load", "restoreDurability", "switchDatabases");
  }

  @Test
  void neverRelaxesAServerThatHoldsSomething() {
    fixture.restore(CONFIRMED);

    assertThat(fixture.server.calls()).doesNotContain("relaxDurability");
  }

  // --- confirmation and choice

  @Test
  void refusesToReplaceContentWithoutItsName() {
    for (String confirmed : List.of("", "Shop", "other")) {
      Execution execution = fixture.restore(RestoreRequest.NEWEST.confirming(confirmed));

      assertRefused(execution, ErrorCode.REFUSED);
      assertThat(execution.exitStatus()).isEqualTo(ExitStatus.REFUSED);
      assertThat(execution.stepExecution("choose-backup").state()).isEqualTo(StepState.NOT_STARTED);
    }
  }

  @Test
  void needsNoConfirmationForAnEmptyDatabase() {
    fixture.server.destroy(LIVE);
    fixture.server.createDatabase(LIVE);

    assertThat(fixture.restore(RestoreRequest.NEWEST).state())
        .isEqualTo(ExecutionState.AWAITING_COMMIT);
  }

  @Test
  void asksForConfirmationWhenTheDatabaseIsTooDamagedToBeLookedInto() {
    fixture.server.failNext("describe", broken());

    assertRefused(fixture.restore(RestoreRequest.NEWEST), ErrorCode.REFUSED);
  }

  @Test
  void takesTheNewestBackupBeforeAnInstantOnlyWhenTheGapIsAccepted() {
    BackupId first = fixture.backups.listing().newestGood().orElseThrow().id();
    Instant wanted = fixture.backups.clock.instant();
    fixture.backups.clock.advance(Duration.ofHours(1));
    fixture.backUp();

    Execution refused = fixture.restore(CONFIRMED.withAt(wanted, false));
    assertRefused(refused, ErrorCode.REFUSED);
    assertThat(refused.problem().orElseThrow().problem()).contains("5min", first.value());

    Execution accepted = fixture.restore(CONFIRMED.withAt(wanted, true));
    assertThat(accepted.value("backup")).contains(first.value());
    assertThat(fixture.customers(LIVE)).containsExactly("Ada", "Grace");
  }

  @Test
  void refusesABackupThatIsNotGoodAndNamesTheNextOlder() {
    BackupId older = fixture.backups.listing().newestGood().orElseThrow().id();
    BackupId emergency =
        fixture
            .backups
            .takeBackup()
            .take(fixture.backups.emergency(fixture.backups.localStorage))
            .manifest()
            .id();

    Execution execution = fixture.restore(CONFIRMED.withBackup(emergency));

    assertRefused(execution, ErrorCode.BACKUP_NOT_FOUND);
    assertThat(execution.problem().orElseThrow().hint()).contains(older.value());
    assertThat(fixture.restore(CONFIRMED).value("backup")).contains(older.value());
  }

  @Test
  void findsDamageBeforeAnythingIsCreatedAndNamesTheNextOlderGoodBackup() {
    BackupId older = fixture.backups.listing().newestGood().orElseThrow().id();
    BackupId damaged = fixture.backUp();
    fixture.backups.local.flipBit(fixture.backups.object(damaged, "database.dump.gz"), 15);

    Execution execution = fixture.restore(CONFIRMED);

    assertRefused(execution, ErrorCode.BACKUP_CORRUPT);
    assertThat(execution.problem().orElseThrow().hint()).contains(older.value());
    assertThat(fixture.server.calls()).doesNotContain("create", "createMissingRoles");
    assertThat(fixture.backups.listing().require(damaged).state()).isEqualTo(BackupState.FAILED);
    assertThat(fixture.restore(CONFIRMED).value("backup")).contains(older.value());
  }

  @Test
  void readsAnotherCopyWhenTheFirstIsDamaged() {
    BackupId twice =
        fixture
            .backups
            .takeBackup()
            .take(
                fixture.backups.request(
                    fixture.backups.localStorage, fixture.backups.remoteStorage))
            .manifest()
            .id();
    fixture.backups.local.flipBit(fixture.backups.object(twice, "database.dump.gz"), 15);

    Execution execution = fixture.restore(CONFIRMED.withBackup(twice));

    assertThat(execution.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(execution.value("storage")).contains("offsite");
    assertThat(fixture.customers(LIVE)).containsExactly("Ada", "Grace", "Mallory");
  }

  // --- does it fit

  private static ServerFacts factsOf(FakeDatabaseServer server, int version, boolean inRecovery) {
    ServerFacts facts = server.facts();
    return new ServerFacts(
        version,
        "PostgreSQL " + version,
        facts.systemIdentifier(),
        inRecovery,
        facts.serverTime(),
        facts.clockOffset(),
        facts.image(),
        facts.place(),
        List.of("standby_slot"),
        List.of("tx-1"));
  }

  @Test
  void refusesAnOlderServerAndAStandby() {
    fixture.server.setFacts(factsOf(fixture.server, 140_012, false));
    assertRefused(fixture.restore(CONFIRMED), ErrorCode.VERSION_MISMATCH);

    fixture.server.setFacts(factsOf(fixture.server, 150_018, true));
    assertRefused(fixture.restore(CONFIRMED), ErrorCode.REFUSED);
  }

  @Test
  void warnsOfSlotsPreparedTransactionsAndAnotherCollation() {
    fixture.server.setFacts(factsOf(fixture.server, 160_001, false));
    fixture.server.setCollationVersion("2.41");

    Execution execution = fixture.restore(CONFIRMED);

    assertThat(execution.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    for (String subject :
        List.of(
            "replication slot standby_slot", "prepared transaction tx-1", "collation version")) {
      assertThat(finding(execution, subject).orElseThrow().kind()).isEqualTo(Finding.Kind.WARNING);
    }
  }

  @Test
  void refusesWhenSpaceIsShortOrAnExtensionIsMissing() {
    fixture.server.setFreeBytes(10);
    assertRefused(fixture.restore(CONFIRMED), ErrorCode.OUT_OF_SPACE);

    fixture.server.setFreeBytes(1_000_000);
    fixture.server.setExtensions(LIVE, List.of(new Extension("postgis", "3.3")));
    fixture.backUp();
    Execution execution = fixture.restore(CONFIRMED);
    assertRefused(execution, ErrorCode.PRECHECK_FAILED);
    assertThat(execution.problem().orElseThrow().problem()).contains("postgis");
  }

  // --- failures

  @Test
  void leavesTheLiveDatabaseUntouchedWhateverFailsBeforeTheSwitch() {
    for (String method :
        List.of(
            "createMissingRoles", "create", "load", "analyze", "openSnapshot", "applyProperties")) {
      fixture.server.failNext(method, broken());

      assertRefused(fixture.restore(CONFIRMED), ErrorCode.DATABASE_FAILED);
    }
  }

  @Test
  void switchesNothingWhenTheFactsDoNotMatchAndListsEachTable() {
    BackupId backup = fixture.backups.listing().newestGood().orElseThrow().id();
    fixture.server.insert(LIVE, "public", "orders", "4");
    ExecutionListener loseRows =
        new ExecutionListener() {
          @Override
          public void stepEnded(Execution execution, StepExecution step) {
            if (step.name().equals("load") && step.state() == StepState.SUCCEEDED) {
              String restored = "drp_restore_" + execution.id();
              fixture.rows(restored, "customers").clear();
              fixture.server.insert(restored, "public", "strangers", "1");
            }
          }
        };

    Execution execution =
        fixture
            .engine()
            .execute(
                fixture.restoreDatabase().plan(PRODUCTION, CONFIRMED), Mode.RECOVERY, loseRows);

    assertRefused(execution, ErrorCode.VERIFICATION_FAILED);
    assertThat(execution.problem().orElseThrow().problem())
        .contains("public.customers: expected 2, is 0")
        .contains("public.strangers: expected no such table, is 1");
    assertThat(finding(execution, "public.orders").orElseThrow().met()).isTrue();
    assertThat(fixture.server.calls()).doesNotContain("switchDatabases");
    assertThat(fixture.backups.listing().require(backup).state()).isEqualTo(BackupState.FAILED);
  }

  @Test
  void switchesNothingWhenAnExpectationIsNotMet() {
    fixture.server.answer("select count(*) from orders", database -> "0");

    Execution execution = fixture.restore(CONFIRMED);

    assertRefused(execution, ErrorCode.VERIFICATION_FAILED);
    assertThat(execution.problem().orElseThrow().problem()).contains("there are orders");
  }

  @Test
  void pausesWhenTheSwitchFailsAndSwitchesWhenResumed() {
    fixture.server.failNext("switchDatabases", broken());
    Execution paused = fixture.restore(CONFIRMED);
    assertThat(paused.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(paused.whatStands())
        .contains("Database shop was not replaced.", "drp_restore_" + paused.id());
    assertThat(fixture.customers(LIVE)).contains("Mallory");

    Execution done = resume(fixture.engine(), paused);

    assertThat(done.state()).isEqualTo(ExecutionState.AWAITING_COMMIT);
    assertThat(fixture.customers(LIVE)).containsExactly("Ada", "Grace");
  }

  private Execution resume(RecoveryEngine engine, Execution execution) {
    return engine.resume(
        execution.id(), List.of(), fixture.restoreDatabase()::plan, ExecutionListener.SILENT);
  }

  @Test
  void goesOnWhereverTheProcessDiedAndEndsTheSame() {
    int lines = 1;
    for (boolean died = true; died; lines += 2) {
      fixture = new ProcedureFixture(folder.resolve("died-" + lines));
      fixture.backUp();
      fixture.server.insert(LIVE, "public", "customers", "Mallory");
      RecoveryEngine dying = fixture.engine(new DyingClock(fixture.backups.clock, lines + 1));
      try {
        dying.execute(
            fixture.restoreDatabase().plan(PRODUCTION, CONFIRMED),
            Mode.RECOVERY,
            ExecutionListener.SILENT);
        died = false;
      } catch (DyingClock.Died e) {
        Execution left = fixture.executions.list().executions().get(0);
        assertThat(left.state()).isEqualTo(ExecutionState.INTERRUPTED);
        assertThat(fixture.customers(LIVE)).contains("Ada");
        resume(fixture.engine(), left);
      }
      Execution done = fixture.executions.list().executions().get(0);
      assertThat(done.state()).as("line %d", lines).isEqualTo(ExecutionState.AWAITING_COMMIT);
      assertThat(fixture.databases())
          .containsExactlyInAnyOrder(LIVE, RestoreDatabase.asideName(done.id()));
      assertThat(fixture.customers(LIVE)).containsExactly("Ada", "Grace");
      assertThat(fixture.customers(RestoreDatabase.asideName(done.id()))).contains("Mallory");
    }
    assertThat(lines).isGreaterThan(30);
  }

  @Test
  void refusesToGoOnOnAnotherServer() {
    fixture.server.failNext("switchDatabases", broken());
    Execution paused = fixture.restore(CONFIRMED);
    FakeDatabaseServer other = new FakeDatabaseServer(fixture.backups.clock);
    ServerFacts facts = other.facts();
    other.setFacts(
        new ServerFacts(
            facts.versionNumber(),
            facts.version(),
            "8",
            false,
            facts.serverTime(),
            facts.clockOffset(),
            facts.image(),
            facts.place(),
            List.of(),
            List.of()));
    fixture.reached = other;

    Execution still = resume(fixture.engine(), paused);

    assertThat(still.state()).isEqualTo(ExecutionState.PAUSED_BY_FAILED_STEP);
    assertThat(still.problem().orElseThrow().problem()).contains("system identifier");
    assertThat(other.calls()).isEmpty();
  }

  // --- the way back

  private Execution undo(Execution execution) {
    return fixture
        .engine()
        .undo(execution.id(), fixture.restoreDatabase()::plan, ExecutionListener.SILENT);
  }

  private Execution commit(Execution execution) {
    return fixture
        .engine()
        .commit(execution.id(), fixture.restoreDatabase()::plan, ExecutionListener.SILENT);
  }

  @Test
  void dropsWhatItReplacedOnCommit() {
    Execution execution = commit(fixture.restore(CONFIRMED));

    assertThat(execution.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(fixture.databases()).containsExactly(LIVE);
    assertThat(fixture.customers(LIVE)).containsExactly("Ada", "Grace");
  }

  @Test
  void switchesBackOnUndoAndKeepsTheRestoredDatabaseUntilTheCommit() {
    Execution restored = fixture.restore(CONFIRMED);

    Execution undone = undo(restored);

    assertThat(undone.state()).isEqualTo(ExecutionState.ROLLED_BACK);
    String kept = RestoreDatabase.undoneName(restored.id());
    assertThat(fixture.databases()).containsExactlyInAnyOrder(LIVE, kept);
    assertThat(fixture.customers(LIVE)).containsExactly("Ada", "Grace", "Mallory");

    commit(undone);
    assertUntouched();
  }

  @Test
  void hasNoWayBackWhereNothingWasReplaced() {
    fixture.server.destroy(LIVE);
    Execution restored = fixture.restore(RestoreRequest.NEWEST);

    Execution stopped = undo(restored);

    assertThat(stopped.problem().orElseThrow().code()).isEqualTo(ErrorCode.REFUSED);
    assertThat(fixture.customers(LIVE)).containsExactly("Ada", "Grace");
  }

  @Test
  void whatWasReplacedMayGoWhenTheTimeToKeepIsOver() {
    Execution restored = fixture.restore(CONFIRMED.withKeepReplaced(Duration.ofDays(2)));

    SetAside aside = onlySetAside();
    assertThat(aside.restore().id()).isEqualTo(restored.id());
    assertThat(aside.database()).isEqualTo(RestoreDatabase.asideName(restored.id()));
    assertThat(aside.keptUntil()).isEqualTo(restored.lastAt().plus(Duration.ofDays(2)));
    assertThat(aside.isOver(aside.keptUntil().minusSeconds(1))).isFalse();
    assertThat(aside.isOver(aside.keptUntil())).isTrue();

    undo(restored);
    assertThat(onlySetAside().database()).isEqualTo(RestoreDatabase.undoneName(restored.id()));

    commit(restored);
    assertThat(fixture.restoreDatabase().setAside(fixture.executions)).isEmpty();
  }

  @Test
  void setsNothingAsideWhereNothingWasReplaced() {
    fixture.server.destroy(LIVE);
    fixture.restore(RestoreRequest.NEWEST);

    assertThat(fixture.restoreDatabase().setAside(fixture.executions)).isEmpty();
  }

  @Test
  void leavesAloneWhatAnotherApplicationOnTheSameMachineSetAside() {
    fixture.restore(CONFIRMED);
    RestoreDatabase others =
        new RestoreDatabase(
            ContingencyPlan.builder("another application")
                .site(Site.local("primary"))
                .environment(fixture.backups.environment)
                .build(),
            environment -> fixture.server,
            fixture.backups.catalog(),
            fixture.backups.localCatalog(),
            fixture.backups.reader,
            fixture.backups.clock);

    assertThat(others.setAside(fixture.executions)).isEmpty();
    assertThat(onlySetAside().restore().environment()).isEqualTo(PRODUCTION);
  }

  private SetAside onlySetAside() {
    List<SetAside> found = fixture.restoreDatabase().setAside(fixture.executions);
    assertThat(found).hasSize(1);
    return found.get(0);
  }

  // --- plan and check

  @Test
  void explainsItselfWithoutAServerOrAStorage() {
    fixture.backups.local.setAvailable(false);
    RestoreDatabase unreachable =
        new RestoreDatabase(
            fixture.plan(),
            environment -> {
              throw broken();
            },
            fixture.backups.catalog(),
            fixture.backups.localCatalog(),
            fixture.backups.reader,
            fixture.backups.clock);

    Explanation explanation =
        fixture.engine().explain(unreachable.plan(PRODUCTION, CONFIRMED), Mode.RECOVERY);

    assertThat(explanation.phases())
        .extracting(Explanation.ExplainedPhase::name)
        .containsExactly("preflight", "restore", "verify", "switch", "commit");
    assertThat(explanation.objectives().recoveryTime()).contains(Duration.ofHours(2));
  }

  @Test
  void checksWithoutChangingAnything() {
    Execution execution =
        fixture
            .engine()
            .execute(
                fixture.restoreDatabase().plan(PRODUCTION, CONFIRMED),
                Mode.CHECK,
                ExecutionListener.SILENT);

    assertThat(execution.state()).isEqualTo(ExecutionState.COMPLETED);
    assertThat(execution.stepExecution("check-fit").state()).isEqualTo(StepState.SUCCEEDED);
    assertThat(execution.stepExecution("load").state()).isEqualTo(StepState.SKIPPED);
    assertUntouched();
    assertThat(fixture.server.calls()).doesNotContain("create", "load", "createMissingRoles");
  }

  @Test
  void hasNothingToRestoreInAnEnvironmentWithoutADatabase() {
    assertThatThrownBy(() -> fixture.restoreDatabase().plan("staging", CONFIRMED))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_IN_PLAN));
  }
}
