package dev.drp.procedure;

import dev.drp.Progress;
import dev.drp.backup.BackupFixture;
import dev.drp.backup.BackupId;
import dev.drp.backup.CopyBackups;
import dev.drp.database.FakeDataDirectory;
import dev.drp.database.FakeDatabaseSandboxes;
import dev.drp.database.FakeDatabaseServer;
import dev.drp.database.FakeDatabaseServer.TableName;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Objectives;
import dev.drp.plan.Site;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionListener;
import dev.drp.recovery.Executions;
import dev.drp.recovery.Mode;
import dev.drp.recovery.RecoveryEngine;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** An environment with backups, and the procedures that restore it. */
public final class ProcedureFixture {
  public static final String LIVE = BackupFixture.DATABASE;
  public static final String PRODUCTION = BackupFixture.ENVIRONMENT;

  public final BackupFixture backups;
  public final FakeDatabaseServer server;
  public final FakeDatabaseSandboxes sandboxes;
  final FakeDataDirectory directory;
  final Executions executions;
  public Objectives objectives = Objectives.of(Duration.ofHours(2), Duration.ofHours(6));

  /** The server that the environment is reached at; a test can replace it. */
  FakeDatabaseServer reached;

  public ProcedureFixture(Path state) {
    backups = new BackupFixture(state);
    server = backups.server;
    reached = server;
    sandboxes = new FakeDatabaseSandboxes(backups.clock);
    directory = new FakeDataDirectory(sandboxes, () -> reached, other -> reached = other);
    executions = new Executions(backups.state);
  }

  RecoveryEngine engine() {
    return engine(backups.clock);
  }

  RecoveryEngine engine(Clock clock) {
    return new RecoveryEngine(executions, clock);
  }

  ContingencyPlan plan() {
    return ContingencyPlan.builder(BackupFixture.APPLICATION)
        .objectives(objectives)
        .site(Site.local("primary"))
        .environment(backups.environment)
        .build();
  }

  RestoreDatabase restoreDatabase() {
    return new RestoreDatabase(
        plan(),
        environment -> reached,
        backups.catalog(),
        backups.localCatalog(),
        backups.reader,
        backups.clock);
  }

  RestoreServer restoreServer() {
    return new RestoreServer(
        plan(),
        environment -> reached,
        directory,
        backups.catalog(),
        backups.localCatalog(),
        backups.reader,
        backups.state,
        backups.clock);
  }

  DrillRestore drillRestore() {
    return new DrillRestore(
        plan(),
        sandboxes,
        backups.catalog(),
        backups.localCatalog(),
        backups.reader,
        executions,
        backups.clock);
  }

  /** Takes a backup and goes on five minutes. */
  public BackupId backUp() {
    BackupId id = backups.take().manifest().id();
    backups.clock.advance(Duration.ofMinutes(5));
    return id;
  }

  /** Copies a backup to the storage that is off-site. */
  void copyToRemote(BackupId id) {
    new CopyBackups(
            BackupFixture.APPLICATION,
            backups.localCatalog(),
            backups.state,
            backups.clock,
            Progress.SILENT)
        .copy(PRODUCTION, Map.of(backups.remoteStorage, List.of(backups.listing().require(id))));
  }

  public Execution restore(RestoreRequest request) {
    return engine()
        .execute(
            restoreDatabase().plan(PRODUCTION, request), Mode.RECOVERY, ExecutionListener.SILENT);
  }

  public Execution drill(DrillRequest request) {
    return engine()
        .execute(drillRestore().plan(PRODUCTION, request), Mode.DRILL, ExecutionListener.SILENT);
  }

  List<String> customers(String database) {
    return Optional.ofNullable(rows(database, "customers")).orElse(List.of());
  }

  List<String> rows(String database, String table) {
    return Objects.requireNonNull(
        reached.database(database).orElseThrow().tables().get(new TableName("public", table)));
  }

  List<String> databases() {
    return reached.databases().stream().map(database -> database.name()).toList();
  }
}
