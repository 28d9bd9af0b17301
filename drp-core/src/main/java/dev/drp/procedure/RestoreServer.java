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
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Restores all files of an environment's server from a physical backup and the log that was
 * archived since: recovers a server from them beside the live one, proves it, then exchanges both.
 * What was replaced is kept until the commit. Safe for concurrent use.
 */
public final class RestoreServer {
  /** Name of the recovery plan in journals. */
  public static final String NAME = "restore-server";

  private static final String RECOVER = "recover-beside";
  private static final String SWITCH = "switch";
  private static final String PLACE = "place-files";
  private static final String VOLUME = "volume";
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
  private static String asideName(ExecutionId execution) {
    return DataDirectory.FOLDER + execution;
  }

  /** One execution of the procedure. */
  private final class Procedure {
    private final Environment environment;
    private final RestoreRequest request;
    private final Optional<Execution> before;
    private final String database;
    private final ChosenBackup backup;
    private final StoredRecovery recovery;
    private final RestoredData data;
    private final RecoveredPoint point;
    private @Nullable DataDirectory directory;

    Procedure(Environment environment, RestoreRequest request, Optional<Execution> before) {
      this.environment = environment;
      this.request = request;
      this.before = before;
      this.database = environment.requireDatabase().name();
      this.backup = new ChosenBackup(catalog, known, reader, environment, clock);
      this.recovery = new StoredRecovery(backup, reader);
      this.data = new RestoredData(backup, environment, this::recovered, any -> database);
      this.point = new RecoveredPoint(backup, this::recovered, any -> database, this::replay);
    }

    RecoveryPlan plan() {
      RecoveryPlan.Builder builder =
          RecoveryPlan.named(NAME, plan.application(), environment.name())
              .objectives(RestoreDatabase.objectives(plan, environment.name()))
              .phase("preflight", share(10), identifyTarget(), chooseBackup(), checkFit())
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
          .whatStands(this::whatStands)
          .closing(this::close);
      request.toArguments().forEach(builder::argument);
      return builder.build();
    }

    private Optional<Duration> share(int percent) {
      return RestoreDatabase.share(RestoreDatabase.objectives(plan, environment.name()), percent);
    }

    private Step identifyTarget() {
      return Step.reading(
              "identify-target",
              request
                  .into()
                  .map(
                      folder ->
                          request.delta()
                              ? "Looks whether folder %s has files of this server, and neither one"
                                      .formatted(folder)
                                  + " that runs on them nor the only ones."
                              : "Looks whether folder %s is empty.".formatted(folder))
                  .orElseGet(
                      () ->
                          "Finds the files of the server of %s, says which it is and what databases"
                                  .formatted(environment.name())
                              + " it holds, all of which are replaced, and refuses to go on when"
                              + " there are any and the name of %s was not confirmed."
                                  .formatted(database)),
              context -> {
                DataDirectory known = open(context.execution());
                DataDirectory.Facts facts = known.facts();
                context.record(VOLUME, facts.volume());
                context.found(Finding.check("server", "", facts.place(), true));
                context.found(Finding.check(VOLUME, "", facts.volume(), true));
                String identifier = facts.systemIdentifier().orElse("none: there is no server");
                context.found(Finding.check("system identifier", "", identifier, true));
                if (request.delta()) {
                  requireRepairable(facts);
                } else if (request.into().isPresent()) {
                  requireEmpty(known, facts);
                } else {
                  String content = contentOfLive();
                  context.found(Finding.check("databases", "", content, true));
                  if (!known.isEmpty()) {
                    requireConfirmation(facts, content);
                  }
                }
                request
                    .impact()
                    .ifPresent(impact -> context.reached(MeasuringPoint.IMPACT, impact));
              })
          .within(Duration.ofMinutes(5))
          .onFailure(FailurePolicy.ABORT);
    }

    private static void requireEmpty(DataDirectory folder, DataDirectory.Facts facts) {
      if (!folder.isEmpty()) {
        throw new RecoveryException(
            ErrorCode.REFUSED,
            "%s: folder %s is not empty".formatted(facts.place(), facts.volume()),
            "nothing was touched. Name another folder; one that is not there yet is made.");
      }
    }

    /** Only what is not live is repaired: the only copy must not be what is experimented with. */
    private void requireRepairable(DataDirectory.Facts facts) {
      Optional<Path> live = directories.liveDirectory(environment);
      String folder = facts.volume();
      if (live.isPresent() && live.get().equals(Path.of(folder))) {
        throw refused(
            "%s is where the live server of %s has its files: they may be the only ones"
                .formatted(folder, environment.name()),
            "restore the server in place, which keeps them; or repair a copy.");
      }
      if (facts.running()) {
        throw refused("a server runs on " + folder, "stop it, then run this again.");
      }
      if (facts.systemIdentifier().isEmpty()) {
        throw refused(
            "there are no files of a server in " + folder, "restore into it without a delta.");
      }
      if (live.isEmpty() && !request.confirm().equals(database)) {
        throw refused(
            "where the live server of %s has its files is not known, and those in %s may be them"
                .formatted(environment.name(), folder),
            "if they are not the only ones, confirm the name of the environment's database; or"
                + " give data-directory in the plan.");
      }
    }

    private RecoveryException refused(String problem, String hint) {
      return new RecoveryException(ErrorCode.REFUSED, problem, "nothing was touched. " + hint);
    }

    private String contentOfLive() {
      try (DatabaseServer live = connector.connect(environment)) {
        return live.databases().stream()
            .map(it -> "%s (%d bytes)".formatted(it.name(), it.sizeBytes()))
            .collect(Collectors.joining(", "));
      } catch (RecoveryException e) {
        return "cannot be asked: " + e.problem();
      }
    }

    private void requireConfirmation(DataDirectory.Facts facts, String content) {
      if (!request.confirm().equals(database)) {
        throw new RecoveryException(
            ErrorCode.REFUSED,
            "%s (system identifier %s, volume %s) holds a server, and all of it would be replaced"
                    .formatted(
                        facts.place(), facts.systemIdentifier().orElse("unknown"), facts.volume())
                + " (databases: %s); %s"
                    .formatted(
                        content,
                        request.confirm().isEmpty()
                            ? "nothing was confirmed"
                            : "confirmed was " + request.confirm()),
            "nothing was touched. If this is the server to replace, confirm the name of the"
                + " environment's database.");
      }
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
      Optional<DrillRequest.Replay> replay =
          request.target().or(() -> log.map(any -> DrillRequest.Replay.ALL));
      context.record(REPLAY, replay.map(DrillRequest.Replay::toArgument).orElse(NO_REPLAY));
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

    private Optional<DrillRequest.Replay> replay(StepContext context) {
      return Optional.of(context.value(REPLAY))
          .filter(it -> !it.equals(NO_REPLAY))
          .map(DrillRequest.Replay::fromArgument);
    }

    private Step checkFit() {
      return Step.reading(
              "check-fit",
              "Compares the server's programs with the backup, and the space that it needs with"
                  + " what is free: the live files stay in place and take theirs, too.",
              context -> {
                DataDirectory.Facts facts = directory(context).facts();
                BackupManifest manifest = backup.manifest(context);
                if (request.delta()) {
                  checkIdentity(context, facts, manifest);
                }
                checkVersion(context, facts, manifest);
                checkSpace(context, facts, manifest);
              })
          .within(Duration.ofMinutes(10))
          .onFailure(FailurePolicy.ABORT);
    }

    private void checkIdentity(
        StepContext context, DataDirectory.Facts facts, BackupManifest manifest) {
      String expected = manifest.server().systemIdentifier();
      String actual = facts.systemIdentifier().orElse("none");
      boolean same = expected.equals(actual);
      context.found(Finding.check("system identifier", expected, actual, same));
      if (!same) {
        throw refused(
            "the files in %s are of system identifier %s, those of backup %s of %s"
                .formatted(facts.volume(), actual, manifest.id(), expected),
            "restore into an empty folder.");
      }
    }

    private void checkVersion(
        StepContext context, DataDirectory.Facts facts, BackupManifest manifest) {
      int wanted = manifest.server().majorVersion();
      boolean fits = facts.majorVersions().contains(wanted);
      String there =
          facts.majorVersions().stream().map(String::valueOf).collect(Collectors.joining(", "));
      context.found(Finding.check("server version", String.valueOf(wanted), there, fits));
      if (!fits) {
        throw new RecoveryException(
            ErrorCode.VERSION_MISMATCH,
            "%s has programs of PostgreSQL %s, the files of backup %s are of %s"
                .formatted(facts.place(), there, manifest.id(), manifest.server().version()),
            "restore them where PostgreSQL %d is; a logical backup fits any newer one."
                .formatted(wanted));
      }
    }

    /** Each segment of the log is there twice for a while: as archived, and as replayed. */
    private void checkSpace(
        StepContext context, DataDirectory.Facts facts, BackupManifest manifest) {
      long log =
          replay(context)
              .flatMap(any -> recovery.furthestLog(context))
              .map(it -> 2 * it.bytes(manifest.requireBase()))
              .orElse(0L);
      long needed = (request.delta() ? 0 : manifest.requireBase().tarBytes()) + log;
      OptionalLong free = facts.freeBytes();
      if (free.isEmpty()) {
        context.found(
            Finding.warning(
                "space", "%d bytes are needed; how many are free is not known".formatted(needed)));
        return;
      }
      boolean enough = free.getAsLong() >= needed;
      context.found(
          Finding.check(
              "space",
              "%d bytes".formatted(needed),
              "%d bytes free".formatted(free.getAsLong()),
              enough));
      if (!enough) {
        throw new RecoveryException(
            ErrorCode.OUT_OF_SPACE,
            "the restore needs %d bytes, volume %s has %d left"
                .formatted(needed, facts.volume(), free.getAsLong()),
            "make room; what is live stays in place during a restore and takes its space, too.");
      }
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
                      (files, target) ->
                          directory(context)
                              .repair(
                                  files,
                                  target,
                                  context.progress(),
                                  repaired -> tellOf(context, repaired))))
          .probe(DatabaseRestore::repeatable)
          .undo(
              "Puts the files back into their folder, as they are by then.",
              context -> directory(context).putBack())
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
                      (files, target) ->
                          directory(context).recover(files, target, context.progress())))
          .probe(DatabaseRestore::repeatable)
          .undo(
              "Removes the recovered files, unless they were live: then they are kept until the"
                  + " commit.",
              context -> {
                boolean wereLive =
                    request.into().isEmpty()
                        && context.soFar().stepExecution(SWITCH).state() == StepState.UNDONE;
                if (!wereLive) {
                  directory(context).drop();
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
                directory(context).seal();
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
                DataDirectory folder = directory(context);
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
                      .configuration(context, directory(context)::putConfiguration)
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
                directory(context).switchTo();
                context.found(
                    Finding.check("replaced files", "", asideName(context.execution()), true));
              })
          .probe(DatabaseRestore::repeatable)
          .undo(
              "Exchanges the files back; the restored ones are kept until the commit.",
              context -> directory(context).switchBack())
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
              context -> directory(context).drop())
          .probe(DatabaseRestore::repeatable);
    }

    private DatabaseServer recovered() {
      DataDirectory known = directory;
      if (known == null) { // an earlier attempt has recovered it
        known = open(before.orElseThrow().id());
      }
      return known.recovered().server();
    }

    private DataDirectory directory(StepContext context) {
      return open(context.execution());
    }

    private DataDirectory open(ExecutionId execution) {
      DataDirectory known = directory;
      if (known == null) {
        known =
            request
                .into()
                .map(folder -> directories.openFolder(environment, folder, execution.value()))
                .orElseGet(() -> directories.open(environment, execution.value()));
        try {
          requireSameVolume(known);
        } catch (RuntimeException e) {
          known.close();
          throw e;
        }
        directory = known;
      }
      return known;
    }

    private void requireSameVolume(DataDirectory opened) {
      Optional<String> volume = before.flatMap(it -> it.value(VOLUME));
      if (volume.isEmpty()) {
        return;
      }
      String actual = opened.facts().volume();
      if (!actual.equals(volume.get())) {
        throw new RecoveryException(
            ErrorCode.REFUSED,
            "this execution began on volume %s, the server of %s now has %s"
                .formatted(volume.get(), environment.name(), actual),
            "nothing was touched there. Start a new execution for the new volume.");
      }
    }

    private void close() {
      DataDirectory known = directory;
      if (known != null) {
        known.close();
      }
    }

    private String whatStands(Execution execution) {
      return request.into().isPresent()
          ? whatStandsIn(request.into().get(), execution)
          : whatStandsLive(execution);
    }

    private String whatStandsIn(Path folder, Execution execution) {
      return switch (execution.stepExecution(PLACE).state()) {
        case NOT_STARTED, SKIPPED, UNDONE ->
            "The live server was not touched." + ofRecovered(execution);
        case SUCCEEDED, ALREADY_DONE, FAILED_IGNORED ->
            "The live server was not touched. Folder %s is a data directory; no server runs on it."
                .formatted(folder);
        case FAILED, RUNNING, TIMED_OUT, UNKNOWN, UNDOING, UNDO_FAILED ->
            "The live server was not touched. Files in folder %s are on their way; resume goes on."
                .formatted(folder);
      };
    }

    private String whatStandsLive(Execution execution) {
      String aside = asideName(execution.id());
      return switch (execution.stepExecution(SWITCH).state()) {
        case NOT_STARTED, SKIPPED -> "The live server was not touched." + ofRecovered(execution);
        case UNDONE ->
            "The server runs on the files that it had before; what was restored is kept as %s."
                .formatted(aside);
        case SUCCEEDED, ALREADY_DONE, FAILED_IGNORED ->
            "The server runs on the restored files; what they replaced is kept as %s."
                .formatted(aside);
        case FAILED, RUNNING, TIMED_OUT, UNKNOWN, UNDOING, UNDO_FAILED ->
            "The server may be stopped, with files in %s on their way; resume finishes the switch,"
                    .formatted(aside)
                + " undo takes it back.";
      };
    }

    private String ofRecovered(Execution execution) {
      if (request.delta()) {
        return execution.stepExecution(RECOVER).state() == StepState.NOT_STARTED
            ? ""
            : " The files of folder %s are in its folder %s while they are repaired; resume goes on,"
                    .formatted(request.into().orElseThrow(), asideName(execution.id()))
                + " undo puts them back.";
      }
      return switch (execution.stepExecution(RECOVER).state()) {
        case NOT_STARTED, SKIPPED -> "";
        case UNDONE -> " The recovered files were removed.";
        case UNDO_FAILED, UNDOING -> " The recovered files could not be removed.";
        case RUNNING, SUCCEEDED, ALREADY_DONE, FAILED, FAILED_IGNORED, TIMED_OUT, UNKNOWN ->
            " What is recovered so far is kept as %s; resume goes on, undo removes it."
                .formatted(asideName(execution.id()));
      };
    }
  }
}
