package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BackupReader;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogListing;
import dev.drp.backup.LocalCatalog;
import dev.drp.database.DataDirectories;
import dev.drp.database.DataDirectory;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.DatabaseServer;
import dev.drp.database.DatabaseSummary;
import dev.drp.database.ServerFiles;
import dev.drp.plan.BackupKind;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionId;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Mode;
import dev.drp.recovery.RecoveryPlan;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import dev.drp.recovery.StepState;
import dev.drp.state.StateDirectory;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

/**
 * Restores all files of an environment's server from a physical backup and the log that was
 * archived since: recovers a server from them beside the live one, proves it, then exchanges both.
 * What was replaced is kept until the commit. Safe for concurrent use.
 */
public final class RestoreServer {
  /** Name of the recovery plan in journals. */
  public static final String NAME = "restore-server";

  static final String RECOVER = "recover-beside";
  static final String SWITCH = "switch";
  static final String PLACE = "place-files";
  private static final String REPLAY = "replay";
  private static final String NO_REPLAY = "none";
  private static final Duration LONG = Duration.ofHours(24);
  private static final Duration ANSWER_LIMIT = Duration.ofMinutes(5);
  private static final Duration PAUSE = Duration.ofMillis(200);

  private final ContingencyPlan plan;
  private final DatabaseConnector connector;
  private final DataDirectories directories;
  private final BackupCatalog catalog;
  private final LocalCatalog known;
  private final BackupReader reader;
  private final StateDirectory state;
  private final Clock clock;

  /**
   * @param known the copy of the catalog on this machine, told of what a restore found out
   * @param state tells what restores took before, and how far the log was streamed from here
   */
  public RestoreServer(
      ContingencyPlan plan,
      DatabaseConnector connector,
      DataDirectories directories,
      BackupCatalog catalog,
      LocalCatalog known,
      BackupReader reader,
      StateDirectory state,
      Clock clock) {
    this.plan = requireNonNull(plan, "plan");
    this.connector = requireNonNull(connector, "connector");
    this.directories = requireNonNull(directories, "directories");
    this.catalog = requireNonNull(catalog, "catalog");
    this.known = requireNonNull(known, "known");
    this.reader = requireNonNull(reader, "reader");
    this.state = requireNonNull(state, "state");
    this.clock = requireNonNull(clock, "clock");
  }

  /**
   * The recovery plan. Building it reaches for nothing. The request's instant or position is a
   * target: the log is replayed up to it; without one, all of the log is, unless a certain backup
   * is asked for, which is restored as it is.
   *
   * @throws RecoveryException NOT_IN_PLAN when there is no such environment or it has no database
   */
  public RecoveryPlan plan(String environment, RestoreRequest request) {
    return new Procedure(plan.environment(environment), request, Optional.empty()).plan();
  }

  /** The recovery plan of an execution that is to be resumed, undone or committed. */
  public RecoveryPlan plan(Execution before) {
    return new Procedure(
            plan.environment(before.environment()),
            RestoreRequest.fromArguments(before.arguments()),
            Optional.of(before))
        .plan();
  }

  /** The folder with the files that an execution has set aside and still keeps. */
  static Optional<String> aside(Execution execution) {
    if (RestoreRequest.fromArguments(execution.arguments()).into().isPresent()) {
      return Optional.empty(); // nothing was replaced
    }
    boolean kept =
        switch (execution.state()) {
          case AWAITING_COMMIT -> true;
          case ROLLED_BACK ->
              execution.reached(MeasuringPoint.COMMITTED).isEmpty()
                  && execution.stepExecution(SWITCH).state() == StepState.UNDONE;
          case IN_PROGRESS,
              PAUSED_BY_FAILED_STEP,
              INTERRUPTED,
              COMPLETED,
              COMPLETED_WITH_EXCEPTIONS,
              FAILED ->
              false;
        };
    return kept ? Optional.of(asideName(execution.id())) : Optional.empty();
  }

  /** How the folder is called that keeps what is not live, in the data directory. */
  static String asideName(ExecutionId execution) {
    return DataDirectory.FOLDER + execution;
  }

  /** One execution of the procedure. */
  private final class Procedure {
    private final Environment environment;
    private final RestoreRequest request;
    private final String database;
    private final ChosenBackup backup;
    private final StoredRecovery recovery;
    private final RestoredData data;
    private final RecoveredPoint point;
    private final ServerTarget target;

    Procedure(Environment environment, RestoreRequest request, Optional<Execution> before) {
      this.environment = environment;
      this.request = request;
      this.database = environment.requireDatabase().name();
      this.target = new ServerTarget(connector, directories, environment, request, before);
      this.backup = new ChosenBackup(catalog, Optional.of(known), reader, environment, clock);
      this.recovery = new StoredRecovery(backup, reader);
      this.data = new RestoredData(backup, environment, target::recovered, any -> database);
      this.point = new RecoveredPoint(backup, target::recovered, any -> database, this::replay);
    }

    RecoveryPlan plan() {
      RecoveryPlan.Builder builder =
          RecoveryPlan.named(NAME, plan.application(), environment.name())
              .objectives(RestoreDatabase.objectives(plan, environment.name()))
              .phase(
                  "preflight",
                  share(10),
                  target.identify(),
                  chooseBackup(),
                  target.checkFit(backup, this::logBytes))
              .phase("restore", share(60), recover());
      if (request.backup().isPresent()) {
        builder.phase(
            "verify",
            share(20),
            data.compareRows(),
            data.compareFacts(),
            data.runExpectations(),
            point.measure(context -> true),
            seal());
      } else {
        builder.phase(
            "verify",
            share(20),
            data.countRows(),
            data.runExpectations(),
            point.measure(context -> true),
            seal());
      }
      if (request.into().isPresent()) {
        builder.phase("place", share(10), placeFiles());
      } else {
        builder
            .phase(SWITCH, share(10), putConfiguration(), switchFiles(), confirmService())
            .commit(dropReplaced());
      }
      builder
          .outlook(new RememberedOutlook(known, state, plan.application(), environment, request))
          .whatStands(new ServerStanding(request)::text)
          .closing(target::close);
      request.toArguments().forEach(builder::argument);
      return builder.build();
    }

    private Optional<Duration> share(int percent) {
      return RestoreDatabase.share(RestoreDatabase.objectives(plan, environment.name()), percent);
    }

    private Step chooseBackup() {
      String which =
          request
              .backup()
              .map(id -> "Takes backup %s as it is.".formatted(id))
              .or(
                  () ->
                      request
                          .target()
                          .map(
                              to ->
                                  "Takes the newest good backup from which the log leads to %s."
                                      .formatted(Outlook.target(to))))
              .orElse("Takes the newest good backup, and all of the archived log that follows it.");
      return Step.reading(
              "choose-backup",
              which + " Only a backup that was verified counts as good.",
              context -> {
                CatalogListing all = backup.listBackups(context);
                backup.choose(context, choose(all));
                tellOfTarget(context);
              })
          .within(Duration.ofMinutes(10))
          .onFailure(FailurePolicy.ABORT);
    }

    private CatalogEntry choose(CatalogListing all) {
      if (request.backup().isPresent()) {
        return ChosenBackup.goodBackup(all, request.backup().get(), BackupKind.PHYSICAL);
      }
      CatalogListing physical = all.ofKind(BackupKind.PHYSICAL);
      CatalogEntry newest = physical.newestGood().orElseThrow(() -> backup.noGoodBackup(all));
      return request.target().map(recovery.windows(physical)::baseFor).orElse(newest);
    }

    private void tellOfTarget(StepContext context) {
      BackupManifest manifest = backup.manifest(context);
      Optional<LogToReplay> log =
          request.backup().isPresent() ? Optional.empty() : recovery.furthestLog(context);
      Optional<Replay> replay = request.target().or(() -> log.map(any -> Replay.ALL));
      context.record(REPLAY, replay.map(Replay::toArgument).orElse(NO_REPLAY));
      new Outlook(
              "%s, %d bytes of files".formatted(manifest.id(), manifest.requireBase().tarBytes()),
              replay.map(Outlook::target).orElseGet(() -> Outlook.asItIs(manifest.recoveryPoint())),
              Outlook.distance(replay, log, manifest.requireBase().end()),
              Outlook.forecast(
                  RememberedOutlook.past(state, plan.application(), environment),
                  manifest.requireBase().tarBytes(),
                  log.map(it -> it.bytes(manifest.requireBase())).orElse(0L)))
          .tell(context);
      if (request.backup().isEmpty()) {
        warnOfLoss(context, manifest, log);
      }
      context.reached(MeasuringPoint.RECOVERY_POINT, request.at().orElse(manifest.recoveryPoint()));
    }

    private void warnOfLoss(
        StepContext context, BackupManifest manifest, Optional<LogToReplay> log) {
      if (log.isEmpty()) {
        context.found(
            Finding.warning(
                "log",
                "none is archived that follows the backup: what was written after %s is lost"
                    .formatted(Text.both(manifest.recoveryPoint()))));
      } else if (request.target().isEmpty()) {
        log.get()
            .reach()
            .goesOnAt()
            .ifPresent(
                next ->
                    context.found(
                        Finding.warning(
                            "log",
                            "is missing from %s to %s: what was written after that is lost"
                                .formatted(log.get().reach().to(), next))));
      }
    }

    private Optional<Replay> replay(StepContext context) {
      return Optional.of(context.value(REPLAY))
          .filter(it -> !it.equals(NO_REPLAY))
          .map(Replay::fromArgument);
    }

    private long logBytes(StepContext context) {
      return replay(context)
          .flatMap(any -> recovery.furthestLog(context))
          .map(it -> it.bytes(backup.manifest(context).requireBase()))
          .orElse(0L);
    }

    private Step recover() {
      return request.delta() ? repair() : recoverBeside();
    }

    private Step repair() {
      return Step.changing(
              RECOVER,
              "Takes the files aside within their folder, compares each with the backup by content,"
                  + " rewrites what differs, removes what does not belong, and has a server recover"
                  + " from them that nobody else reaches.",
              context ->
                  recovery.run(
                      context,
                      replay(context),
                      (files, until) ->
                          target
                              .directory(context)
                              .repair(
                                  files,
                                  until,
                                  context.progress(),
                                  repaired -> tellOf(context, repaired))))
          .probe(DatabaseRestore::repeatable)
          .undo(
              "Puts the files back into their folder, as they are by then.",
              context -> target.directory(context).putBack())
          .within(LONG);
    }

    private static void tellOf(StepContext context, ServerFiles.Repaired repaired) {
      context.found(
          Finding.check(
              "different",
              "",
              "%d bytes in %d files were rewritten, %d files removed"
                  .formatted(
                      repaired.writtenBytes(), repaired.writtenFiles(), repaired.removedFiles()),
              true));
    }

    private Step recoverBeside() {
      return Step.changing(
              RECOVER,
              "Unpacks the files%s, compares each with what the server said that it sent, and has"
                      .formatted(request.into().isPresent() ? "" : " beside the live ones")
                  + " a server recover from them that nobody else reaches%s. A damaged copy is"
                      .formatted(request.into().isPresent() ? "" : ", while the live one goes on")
                  + " replaced by another storage's.",
              context ->
                  recovery.run(
                      context,
                      replay(context),
                      (files, until) ->
                          target.directory(context).recover(files, until, context.progress())))
          .probe(DatabaseRestore::repeatable)
          .undo(
              "Removes the recovered files, unless they were live: then they are kept until the"
                  + " commit.",
              context -> {
                boolean wereLive =
                    request.into().isEmpty()
                        && context.soFar().stepExecution(SWITCH).state() == StepState.UNDONE;
                if (!wereLive) {
                  target.directory(context).drop();
                }
              })
          .within(LONG)
          .onFailure(FailurePolicy.ABORT);
    }

    private Step seal() {
      return Step.changing(
              "seal",
              "Ends the recovered server cleanly and gives its files the settings of the backup"
                  + " back, but for those by which it would archive, follow or wait for others.",
              context -> {
                target.directory(context).seal();
                context.found(
                    Finding.warning(
                        "settings",
                        "archive_command, primary_conninfo, synchronous_standby_names and the like"
                            + " are empty in postgresql.auto.conf; set what is wanted again"));
              })
          .probe(DatabaseRestore::repeatable)
          .within(Duration.ofHours(1))
          .onFailure(FailurePolicy.ABORT);
    }

    /** Into a folder in which nothing else is. */
    private Step placeFiles() {
      return Step.changing(
              PLACE,
              "Moves the recovered files to where a server starts from them; none is started.",
              context -> {
                DataDirectory folder = target.directory(context);
                if (folder.state() != DataDirectory.State.NOTHING) { // else it is done already
                  folder.switchTo();
                  folder.drop();
                }
                context.found(Finding.check("folder", "", folder.facts().volume(), true));
                if (!backup.manifest(context).requireBase().configuration().isEmpty()) {
                  context.found(
                      Finding.warning(
                          "configuration",
                          "that of the server was outside of its data directory and is in the"
                              + " backup; postgresql.conf and pg_hba.conf in the folder are ours"));
                }
              })
          .probe(DatabaseRestore::repeatable)
          .within(Duration.ofMinutes(30));
    }

    private Step putConfiguration() {
      return Step.changing(
              "put-configuration",
              "Puts those configuration files from outside the data directory in their place that"
                  + " are missing; none is overwritten.",
              context ->
                  recovery
                      .configuration(context, target.directory(context)::putConfiguration)
                      .forEach((path, what) -> tellOf(context, path, what)))
          .probe(DatabaseRestore::repeatable);
    }

    private static void tellOf(StepContext context, Path path, DataDirectory.Configured what) {
      String file = "configuration " + path;
      context.found(
          switch (what) {
            case RESTORED -> Finding.check(file, "", "was missing, and is restored", true);
            case SAME -> Finding.check(file, "", "is there as it was backed up", true);
            case DIFFERENT ->
                Finding.warning(file, "is there with another content than in the backup; left so");
            case NOT_HERE ->
                Finding.warning(file, "is not for this program to write; the backup has it");
          });
    }

    private Step switchFiles() {
      return Step.changing(
              SWITCH,
              "Stops the live server, exchanges its files with the recovered ones by renames, and"
                  + " starts it. What is replaced is kept in the same volume, for %s."
                      .formatted(Text.duration(request.keepReplaced())),
              context -> {
                target.directory(context).switchTo();
                context.found(
                    Finding.check("replaced files", "", asideName(context.execution()), true));
              })
          .probe(DatabaseRestore::repeatable)
          .undo(
              "Exchanges the files back; the restored ones are kept until the commit.",
              context -> target.directory(context).switchBack())
          .within(Duration.ofMinutes(30));
    }

    private Step confirmService() {
      return Step.reading(
              "confirm-service",
              "Waits until the server of %s answers, and looks whether it is the restored one."
                  .formatted(environment.name()),
              context -> {
                String expected = backup.manifest(context).server().systemIdentifier();
                try (DatabaseServer live = connect()) {
                  String actual = live.facts().systemIdentifier();
                  boolean there =
                      live.databases().stream()
                          .map(DatabaseSummary::name)
                          .anyMatch(database::equals);
                  context.found(
                      Finding.check(
                          "system identifier", expected, actual, expected.equals(actual)));
                  context.found(
                      Finding.check(
                          "database " + database, "there", there ? "there" : "absent", there));
                  if (!expected.equals(actual) || !there) {
                    throw new RecoveryException(
                        ErrorCode.VERIFICATION_FAILED,
                        "after the switch, the server has system identifier %s, expected is %s; %s"
                            .formatted(
                                actual,
                                expected,
                                there ? "its database is there" : "its database is absent"),
                        "look at it; undo this execution to go back to the replaced files.");
                  }
                }
                context.reached(MeasuringPoint.READY);
              })
          .in(Mode.RECOVERY)
          .within(ANSWER_LIMIT.plusMinutes(5));
    }

    /** A server that was just started takes its time. */
    private DatabaseServer connect() {
      long deadline = System.nanoTime() + ANSWER_LIMIT.toNanos();
      while (true) {
        try {
          return connector.connect(environment);
        } catch (RecoveryException e) {
          boolean starting =
              e.code() == ErrorCode.DATABASE_UNAVAILABLE
                  || e.code() == ErrorCode.CONTAINER_NOT_FOUND;
          if (!starting || System.nanoTime() > deadline) {
            throw e;
          }
        }
        try {
          Thread.sleep(PAUSE.toMillis());
        } catch (InterruptedException e) {
          throw RecoveryException.interrupted("waiting for the server to answer", e);
        }
      }
    }

    private Step dropReplaced() {
      return Step.changing(
              "drop-replaced",
              "Removes the files that were replaced, and after a way back the restored ones.",
              context -> target.directory(context).drop())
          .probe(DatabaseRestore::repeatable);
    }
  }
}
