package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupReader;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogListing;
import dev.drp.backup.LocalCatalog;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.DatabaseDescription;
import dev.drp.database.DatabaseProperties;
import dev.drp.database.DatabaseServer;
import dev.drp.database.DatabaseSummary;
import dev.drp.database.RestoreTarget;
import dev.drp.database.RestoreTarget.SwitchState;
import dev.drp.database.ServerFacts;
import dev.drp.plan.BackupKind;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.EffectiveObjectives;
import dev.drp.plan.Environment;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionId;
import dev.drp.recovery.Executions;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Mode;
import dev.drp.recovery.RecoveryObjectives;
import dev.drp.recovery.RecoveryPlan;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import dev.drp.recovery.StepState;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Restores an environment's database from a backup: beside the live one, verified, then switched.
 * What is replaced is set aside until somebody commits. Safe for concurrent use.
 */
public final class RestoreDatabase {
  /** Name of the recovery plan in journals. */
  public static final String NAME = "restore";

  /** The recovery plan of the plan file whose objectives count. */
  static final String OBJECTIVES_OF = "database";

  private static final String SWITCH = "switch";
  private static final String SYSTEM_IDENTIFIER = "systemIdentifier";
  private static final String REPLACED = "replaced";
  private static final Duration SWITCH_LIMIT = Duration.ofSeconds(30);

  private final ContingencyPlan plan;
  private final DatabaseConnector connector;
  private final BackupCatalog catalog;
  private final LocalCatalog known;
  private final BackupReader reader;
  private final Clock clock;

  /**
   * @param known the copy of the catalog on this machine, told of what a restore found out
   */
  public RestoreDatabase(
      ContingencyPlan plan,
      DatabaseConnector connector,
      BackupCatalog catalog,
      LocalCatalog known,
      BackupReader reader,
      Clock clock) {
    this.plan = requireNonNull(plan, "plan");
    this.connector = requireNonNull(connector, "connector");
    this.catalog = requireNonNull(catalog, "catalog");
    this.known = requireNonNull(known, "known");
    this.reader = requireNonNull(reader, "reader");
    this.clock = requireNonNull(clock, "clock");
  }

  /**
   * The recovery plan. Building it reaches for nothing.
   *
   * @throws RecoveryException NOT_IN_PLAN when there is no such environment or it has no database;
   *     USAGE for a position of the log, to which no dump leads
   */
  public RecoveryPlan plan(String environment, RestoreRequest request) {
    if (request.lsn().isPresent()) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "position %s of the log cannot be reached from a dump".formatted(request.lsn().get()),
          "restore the whole server from a physical backup, or name an instant.");
    }
    return new Procedure(plan.environment(environment), request, Optional.empty()).plan();
  }

  /** The recovery plan of an execution that is to be resumed, undone or committed. */
  public RecoveryPlan plan(Execution before) {
    return new Procedure(
            plan.environment(before.environment()),
            RestoreRequest.fromArguments(before.arguments()),
            before.value(SYSTEM_IDENTIFIER))
        .plan();
  }

  /** What restores of this plan have set aside and keep, the first that may go first. */
  public List<SetAside> setAside(Executions executions) {
    return executions.list().executions().stream()
        .filter(
            execution ->
                execution.application().equals(plan.application())
                    && plan.environments().containsKey(execution.environment()))
        .flatMap(execution -> setAside(execution).stream())
        .sorted(Comparator.comparing(SetAside::keptUntil))
        .toList();
  }

  /** What an execution has set aside and still keeps, if it is a restore that has anything. */
  public static Optional<SetAside> setAside(Execution execution) {
    Optional<String> name =
        switch (execution.plan()) {
          case NAME -> aside(execution);
          case RestoreServer.NAME -> RestoreServer.aside(execution);
          case RestoreConfiguration.NAME -> Optional.empty();
          // A recovery of the database, or a plan of the team's own with a restore.
          default ->
              execution.steps().stream().noneMatch(it -> it.name().equals("drop-replaced"))
                  ? Optional.empty()
                  : RecoverRequest.fromArguments(execution.arguments()).kind()
                          == BackupKind.PHYSICAL
                      ? RestoreServer.aside(execution)
                      : aside(execution);
        };
    Duration keep = RestoreRequest.fromArguments(execution.arguments()).keepReplaced();
    return name.map(it -> new SetAside(execution, it, execution.lastAt().plus(keep)));
  }

  private static Optional<String> aside(Execution execution) {
    return switch (execution.state()) {
      case AWAITING_COMMIT ->
          execution.value(REPLACED).filter("true"::equals).map(yes -> asideName(execution.id()));
      case ROLLED_BACK ->
          execution.reached(MeasuringPoint.COMMITTED).isEmpty()
              ? Optional.of(undoneName(execution.id()))
              : Optional.empty();
      case IN_PROGRESS,
          PAUSED_BY_FAILED_STEP,
          INTERRUPTED,
          COMPLETED,
          COMPLETED_WITH_EXCEPTIONS,
          FAILED ->
          Optional.empty();
    };
  }

  static RecoveryObjectives objectives(ContingencyPlan plan, String environment) {
    EffectiveObjectives objectives = plan.objectivesOf(environment, OBJECTIVES_OF);
    return new RecoveryObjectives(
        objectives.recoveryTime().map(EffectiveObjectives.Sourced::value),
        objectives.recoveryPoint().map(EffectiveObjectives.Sourced::value));
  }

  /** What a phase may take of the recovery time objective. */
  static Optional<Duration> share(RecoveryObjectives objectives, int percent) {
    return objectives.recoveryTime().map(all -> all.multipliedBy(percent).dividedBy(100));
  }

  /** How the replaced database is called from the switch on. */
  public static String asideName(ExecutionId execution) {
    return "drp_aside_" + execution;
  }

  /** How the restored database is called after the way back was taken. */
  public static String undoneName(ExecutionId execution) {
    return "drp_undone_" + execution;
  }

  /** One execution of the procedure: its steps share a connection. */
  private final class Procedure {
    private final Environment environment;
    private final RestoreRequest request;
    private final String live;
    private final Optional<String> systemIdentifier;
    private final ChosenBackup backup;
    private final DatabaseRestore restore;
    private final RestoredData data;
    private final RecoveredPoint point;
    private @Nullable DatabaseServer connected;

    /**
     * @param systemIdentifier of the server that an earlier attempt worked on
     */
    Procedure(Environment environment, RestoreRequest request, Optional<String> systemIdentifier) {
      this.environment = environment;
      this.request = request;
      this.systemIdentifier = systemIdentifier;
      this.live = environment.requireDatabase().name();
      this.backup = new ChosenBackup(catalog, Optional.of(known), reader, environment, clock);
      this.restore = new DatabaseRestore(backup, reader, this::server, false);
      this.data =
          new RestoredData(backup, environment, this::server, DatabaseRestore::restoredName);
      this.point =
          new RecoveredPoint(
              backup, this::server, DatabaseRestore::restoredName, any -> Optional.empty());
    }

    RecoveryPlan plan() {
      RecoveryPlan.Builder builder =
          RecoveryPlan.named(NAME, plan.application(), environment.name())
              .objectives(objectives(plan, environment.name()))
              .phase(
                  "preflight",
                  share(10),
                  identifyTarget(),
                  chooseBackup(),
                  restore.checkBackup(),
                  restore.checkFit())
              .phase(
                  "restore",
                  share(60),
                  restore.createRoles(),
                  restore.relaxDurability(),
                  restore.load(),
                  restore.analyze())
              .phase(
                  "verify",
                  share(20),
                  data.compareRows(),
                  data.compareFacts(),
                  data.runExpectations(),
                  point.measure(context -> false))
              .phase(
                  SWITCH,
                  share(10),
                  restore.restoreDurability(),
                  carryOver(),
                  switchDatabases(),
                  confirmService())
              .commit(dropReplaced())
              .whatStands(this::whatStands)
              .closing(this::disconnect);
      request.toArguments().forEach(builder::argument);
      return builder.build();
    }

    private Optional<Duration> share(int percent) {
      return RestoreDatabase.share(objectives(plan, environment.name()), percent);
    }

    private Step identifyTarget() {
      return Step.reading(
              "identify-target",
              "Finds the server of %s, says which it is, and refuses to go on when database %s has"
                      .formatted(environment.name(), live)
                  + " content and its name was not confirmed.",
              context -> {
                ServerFacts facts = server().facts();
                context.record(SYSTEM_IDENTIFIER, facts.systemIdentifier());
                context.found(Finding.check("server", "", facts.place(), true));
                context.found(
                    Finding.check("system identifier", "", facts.systemIdentifier(), true));
                String content = contentOfLive();
                context.found(Finding.check("database " + live, "", content, true));
                if (!content.equals(ABSENT) && !content.equals(EMPTY)) {
                  requireConfirmation(facts, content);
                }
                request
                    .impact()
                    .ifPresent(impact -> context.reached(MeasuringPoint.IMPACT, impact));
              })
          .within(Duration.ofMinutes(2))
          .onFailure(FailurePolicy.ABORT);
    }

    private static final String ABSENT = "absent";
    private static final String EMPTY = "empty";

    private String contentOfLive() {
      if (summary(live).isEmpty()) {
        return ABSENT;
      }
      try {
        DatabaseDescription description = server().describe(live);
        return description.userTables() == 0
            ? EMPTY
            : "%d tables, %d bytes".formatted(description.userTables(), description.sizeBytes());
      } catch (RecoveryException e) {
        // Too damaged to be looked into: whatever it holds must not be replaced unasked.
        return "cannot be read: " + e.problem();
      }
    }

    private void requireConfirmation(ServerFacts facts, String content) {
      if (!request.confirm().equals(live)) {
        throw new RecoveryException(
            ErrorCode.REFUSED,
            "database %s on %s (system identifier %s) has content (%s) and would be replaced; %s"
                .formatted(
                    live,
                    facts.place(),
                    facts.systemIdentifier(),
                    content,
                    request.confirm().isEmpty()
                        ? "nothing was confirmed"
                        : "confirmed was " + request.confirm()),
            "nothing was touched. If this is the database to replace, confirm its name.");
      }
    }

    private Step chooseBackup() {
      String which =
          request
              .backup()
              .map(id -> "backup " + id)
              .or(() -> request.at().map(at -> "the newest good backup at or before " + at))
              .orElse("the newest good backup");
      return Step.reading(
              "choose-backup",
              "Takes %s; only a backup that was verified counts as good.".formatted(which),
              context -> {
                CatalogEntry chosen = choose(backup.listBackups(context));
                backup.choose(context, chosen);
                context.reached(MeasuringPoint.RECOVERY_POINT, chosen.manifest().recoveryPoint());
              })
          .within(Duration.ofMinutes(10))
          .onFailure(FailurePolicy.ABORT);
    }

    private CatalogEntry choose(CatalogListing listing) {
      if (request.backup().isPresent()) {
        return ChosenBackup.goodBackup(listing, request.backup().get(), BackupKind.LOGICAL);
      }
      CatalogListing logical = listing.withDump();
      if (request.at().isPresent()) {
        return backupAt(logical, request.at().get());
      }
      return logical.newestGood().orElseThrow(() -> backup.noGoodBackup(listing));
    }

    private CatalogEntry backupAt(CatalogListing listing, Instant at) {
      CatalogEntry nearest =
          listing.newestGoodAt(at).orElseThrow(() -> backup.noGoodBackup(listing));
      Duration gap = Duration.between(nearest.recoveryPoint(), at);
      if (!gap.isZero() && !request.acceptGap()) {
        throw new RecoveryException(
            ErrorCode.REFUSED,
            "the nearest good backup before %s is %s with recovery point %s: what was written in"
                    .formatted(at, nearest.id(), nearest.recoveryPoint())
                + " the %s between would be missing".formatted(Text.duration(gap)),
            "nothing was touched. Accept the gap if that is the best there is.");
      }
      return nearest;
    }

    private Step carryOver() {
      return Step.changing(
              "carry-over",
              "Gives the restored database the owner, privileges, connection limit and settings of"
                  + " the live one; where there is none, those of the backup.",
              context ->
                  server()
                      .restoreTarget()
                      .applyProperties(
                          DatabaseRestore.restoredName(context.execution()),
                          propertiesToCarryOver(context)))
          .probe(DatabaseRestore::repeatable)
          .within(Duration.ofMinutes(2))
          .onFailure(FailurePolicy.ABORT);
    }

    private DatabaseProperties propertiesToCarryOver(StepContext context) {
      DatabaseProperties ofBackup = backup.manifest(context).database().properties();
      if (summary(live).isEmpty()) {
        return ofBackup;
      }
      try {
        return server().describe(live).properties();
      } catch (RecoveryException e) {
        context.found(
            Finding.warning("database " + live, "those of the backup are used: " + e.problem()));
        return ofBackup;
      }
    }

    private Step switchDatabases() {
      return Step.changing(
              SWITCH,
              "Refuses connections to %s, ends those that exist, and renames both databases in one"
                      .formatted(live)
                  + " transaction. What is replaced is set aside, for %s."
                      .formatted(Text.duration(request.keepReplaced())),
              context -> {
                ExecutionId id = context.execution();
                server()
                    .restoreTarget()
                    .switchDatabases(
                        live,
                        DatabaseRestore.restoredName(id),
                        asideName(id),
                        DatabaseRestore.mark(id),
                        SWITCH_LIMIT);
                boolean replaced = summary(asideName(id)).isPresent();
                context.record(REPLACED, String.valueOf(replaced));
                context.found(
                    Finding.check(
                        "replaced database",
                        "",
                        replaced ? "kept as " + asideName(id) : "there was none",
                        true));
              })
          .probe(this::probeSwitch)
          .undo(
              "Switches back to the database that was set aside; the restored one is kept until"
                  + " the commit.",
              this::switchBack)
          .within(Duration.ofMinutes(2));
    }

    /** Switching again after the renames does not rename again: it opens what may be closed. */
    private Step.Outcome probeSwitch(StepContext context) {
      ExecutionId id = context.execution();
      return switch (switchState(live, DatabaseRestore.restoredName(id), asideName(id))) {
        case NOT_SWITCHED, SWITCHED -> Step.Outcome.NOT_DONE;
        case UNKNOWN -> Step.Outcome.UNKNOWN;
      };
    }

    private SwitchState switchState(String current, String replacement, String aside) {
      return server().restoreTarget().switchState(current, replacement, aside);
    }

    private void switchBack(StepContext context) {
      ExecutionId id = context.execution();
      String restored = DatabaseRestore.restoredName(id);
      RestoreTarget target = server().restoreTarget();
      if (summary(restored).isPresent()) {
        Optional<DatabaseSummary> current = summary(live);
        if (current.isEmpty() || current.get().allowsConnections()) {
          return;
        }
        // Interrupted before the renames, with the live database closed: only a switch opens it.
        target.switchDatabases(
            live, restored, asideName(id), DatabaseRestore.mark(id), SWITCH_LIMIT);
      }
      if (summary(asideName(id)).isEmpty() && summary(undoneName(id)).isEmpty()) {
        throw new RecoveryException(
            ErrorCode.REFUSED,
            "database %s replaced none: there is nothing to go back to".formatted(live),
            "keep it, or restore another backup.");
      }
      target.switchDatabases(
          live, asideName(id), undoneName(id), DatabaseRestore.mark(id), SWITCH_LIMIT);
    }

    private Step confirmService() {
      return Step.reading(
              "confirm-service",
              "Looks whether %s now is the restored database and accepts connections."
                  .formatted(live),
              context -> {
                int expected = backup.manifest(context).database().userTables();
                int actual = server().describe(live).userTables();
                boolean open = summary(live).filter(DatabaseSummary::allowsConnections).isPresent();
                context.found(
                    Finding.check(
                        "tables of " + live,
                        String.valueOf(expected),
                        String.valueOf(actual),
                        expected == actual));
                context.found(
                    Finding.check("connections", "accepted", open ? "accepted" : "refused", open));
                if (expected != actual || !open) {
                  throw new RecoveryException(
                      ErrorCode.VERIFICATION_FAILED,
                      "after the switch, database %s has %d tables instead of %d and %s connections"
                          .formatted(live, actual, expected, open ? "accepts" : "refuses"),
                      "look at it; undo this execution to go back to the replaced database.");
                }
                context.reached(MeasuringPoint.READY);
              })
          .in(Mode.RECOVERY)
          .within(Duration.ofMinutes(2));
    }

    private Step dropReplaced() {
      return Step.changing(
              "drop-replaced",
              "Drops the database that was set aside, and after a way back the restored one.",
              context -> {
                ExecutionId id = context.execution();
                RestoreTarget target = server().restoreTarget();
                target.drop(asideName(id), DatabaseRestore.mark(id));
                target.drop(undoneName(id), DatabaseRestore.mark(id));
              })
          .probe(DatabaseRestore::repeatable);
    }

    private DatabaseServer server() {
      DatabaseServer known = connected;
      if (known == null) {
        known = connector.connect(environment);
        try {
          requireSameServer(known.facts());
        } catch (RuntimeException e) {
          known.close();
          throw e;
        }
        connected = known;
      }
      return known;
    }

    private void requireSameServer(ServerFacts facts) {
      if (systemIdentifier.filter(known -> !known.equals(facts.systemIdentifier())).isPresent()) {
        throw new RecoveryException(
            ErrorCode.REFUSED,
            "this execution began on the server with system identifier %s, %s has %s"
                .formatted(systemIdentifier.get(), facts.place(), facts.systemIdentifier()),
            "nothing was touched there. Start a new execution for the new server.");
      }
    }

    private Optional<DatabaseSummary> summary(String database) {
      return server().databases().stream()
          .filter(summary -> summary.name().equals(database))
          .findFirst();
    }

    private void disconnect() {
      DatabaseServer known = connected;
      if (known != null) {
        known.close();
      }
    }

    private String whatStands(Execution execution) {
      StepState switched = execution.stepExecution(SWITCH).state();
      StepState loaded = execution.stepExecution(DatabaseRestore.LOAD).state();
      String restored = DatabaseRestore.restoredName(execution.id());
      String ofLive =
          switch (switched) {
            case NOT_STARTED, SKIPPED, UNDONE ->
                "The live database %s was not touched.".formatted(live);
            case FAILED -> "Database %s was not replaced.".formatted(live);
            case SUCCEEDED, ALREADY_DONE, FAILED_IGNORED ->
                "Database %s is the restored one; what it replaced is kept as %s."
                    .formatted(live, asideName(execution.id()));
            case RUNNING, TIMED_OUT, UNKNOWN, UNDOING, UNDO_FAILED ->
                "Whether database %s was replaced is not certain; resume finds out."
                    .formatted(live);
          };
      String ofRestored =
          switch (loaded) {
            case NOT_STARTED, SKIPPED -> "";
            case UNDONE -> " The half-restored database was dropped.";
            case UNDO_FAILED, UNDOING ->
                " The half-restored database %s could not be dropped.".formatted(restored);
            case RUNNING, SUCCEEDED, ALREADY_DONE, FAILED, FAILED_IGNORED, TIMED_OUT, UNKNOWN ->
                switched.passed()
                    ? ""
                    : " What is restored so far is kept as %s; resume goes on, undo drops it."
                        .formatted(restored);
          };
      return ofLive + ofRestored;
    }
  }
}
