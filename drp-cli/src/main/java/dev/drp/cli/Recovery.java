package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupReader;
import dev.drp.procedure.DrillRestore;
import dev.drp.procedure.RecoveryPlans;
import dev.drp.procedure.RecoveryPorts;
import dev.drp.procedure.RestoreConfiguration;
import dev.drp.procedure.RestoreDatabase;
import dev.drp.procedure.RestoreServer;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionId;
import dev.drp.recovery.ExecutionListener;
import dev.drp.recovery.Forecast;
import dev.drp.recovery.Mode;
import dev.drp.recovery.RecoveryEngine;
import dev.drp.recovery.RecoveryPlan;
import java.util.HashMap;
import java.util.Map;

/** The built-in recovery plans and the engine that executes them, wired for one command. */
final class Recovery {
  private final Session session;

  Recovery(Session session) {
    this.session = session;
  }

  RecoveryEngine engine() {
    return new RecoveryEngine(session.executions(), session.clock());
  }

  RestoreDatabase restore() {
    return new RestoreDatabase(
        session.plan(),
        session.adapters().databases(),
        session.catalog(),
        session.localCatalog(),
        reader(),
        session.clock());
  }

  RestoreServer restoreServer() {
    return new RestoreServer(
        session.plan(),
        session.adapters().databases(),
        session.adapters().dataDirectories(),
        session.catalog(),
        session.localCatalog(),
        reader(),
        session.state(),
        session.clock());
  }

  RestoreConfiguration restoreConfiguration() {
    return new RestoreConfiguration(session.plan(), session.catalog(), reader(), session.places());
  }

  DrillRestore drill() {
    return new DrillRestore(
        session.plan(),
        session.adapters().sandboxes(),
        session.catalog(),
        session.localCatalog(),
        reader(),
        session.executions(),
        session.clock());
  }

  /** Those that act on whole environments. */
  RecoveryPlans plans() {
    return new RecoveryPlans(
        session.plan(),
        new RecoveryPorts(
            session.adapters().composeProjects(),
            session.adapters()::engine,
            session.adapters().databases(),
            session.adapters().proxies(),
            session.adapters().httpProbe(),
            session.adapters().nameResolver(),
            session.adapters().programs()),
        restore(),
        restoreServer(),
        restoreConfiguration(),
        session.state());
  }

  private BackupReader reader() {
    return session.reader();
  }

  ExecutionListener listener() {
    return new LiveExecution(session.progress(), session.console(), Map.of());
  }

  /** With what each step took before. */
  ExecutionListener listener(RecoveryPlan plan, Mode mode) {
    Map<String, Forecast> forecasts = new HashMap<>();
    session.executions().explain(plan, mode).phases().stream()
        .flatMap(phase -> phase.steps().stream())
        .forEach(step -> step.forecast().ifPresent(it -> forecasts.put(step.name(), it)));
    return new LiveExecution(session.progress(), session.console(), forecasts);
  }

  /** The execution of that id; one of another plan file's application is refused. */
  Execution execution(ExecutionId id) {
    Execution execution = session.executions().show(id);
    if (!execution.application().equals(session.plan().application())) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "execution %s is of application %s, the plan is of %s"
              .formatted(id, execution.application(), session.plan().application()),
          "name the plan file that it was started with: --plan FILE.");
    }
    return execution;
  }

  /** Builds the recovery plan of an execution again. */
  RecoveryPlan planOf(Execution before) {
    return switch (before.plan()) {
      case RestoreDatabase.NAME -> restore().plan(before);
      case RestoreServer.NAME -> restoreServer().plan(before);
      case RestoreConfiguration.NAME -> restoreConfiguration().plan(before);
      case DrillRestore.NAME -> drill().plan(before);
      default -> {
        if (plans().has(before.plan())) {
          yield plans().plan(before);
        }
        throw new RecoveryException(
            ErrorCode.USAGE,
            "this version of drp has no recovery plan %s".formatted(Format.quote(before.plan())),
            "use the version that started execution %s.".formatted(before.id()));
      }
    };
  }
}
