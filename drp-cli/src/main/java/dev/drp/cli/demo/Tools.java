package dev.drp.cli.demo;

import dev.drp.Progress;
import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BackupReader;
import dev.drp.backup.BackupRequest;
import dev.drp.backup.Coding;
import dev.drp.backup.Compression;
import dev.drp.backup.LocalCatalog;
import dev.drp.backup.NamedStorage;
import dev.drp.backup.TakeBackup;
import dev.drp.database.DatabaseConnector;
import dev.drp.plan.BackupKind;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionListener;
import dev.drp.recovery.Executions;
import dev.drp.recovery.Mode;
import dev.drp.recovery.RecoveryEngine;
import dev.drp.recovery.RecoveryPlan;
import dev.drp.state.StateDirectory;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/** What both ways to protect the demo's database are made of: what a user's plan would name. */
record Tools(
    ContingencyPlan plan,
    Compression compression,
    NamedStorage storage,
    StateDirectory state,
    Clock clock,
    Progress progress) {
  Environment environment() {
    return plan.environment(Demo.ENVIRONMENT);
  }

  BackupCatalog catalog() {
    return new BackupCatalog(plan.application(), List.of(storage));
  }

  LocalCatalog localCatalog() {
    return new LocalCatalog(catalog(), state, clock);
  }

  BackupReader reader() {
    return new BackupReader(List.of(compression));
  }

  BackupManifest backUp(DatabaseConnector connector, BackupKind kind) {
    return new TakeBackup(connector, Coding.plain(compression), state, clock, progress, "demo")
        .take(
            new BackupRequest(
                plan.application(), environment(), kind, Optional.empty(), List.of(storage), false))
        .manifest();
  }

  /** Executes a recovery plan in earnest; what stops it is thrown. */
  Execution execute(RecoveryPlan recovery) {
    ExecutionListener narrating =
        new ExecutionListener() {
          @Override
          public Progress progress() {
            return progress;
          }
        };
    Execution execution =
        new RecoveryEngine(new Executions(state), clock)
            .execute(recovery, Mode.RECOVERY, narrating);
    execution
        .problem()
        .ifPresent(
            problem -> {
              throw problem.toException();
            });
    return execution;
  }
}
