package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupEvent;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BackupReader;
import dev.drp.backup.BaseContent;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogListing;
import dev.drp.backup.LocalCatalog;
import dev.drp.database.DatabaseSandboxes;
import dev.drp.database.DatabaseServer;
import dev.drp.database.SandboxRequest;
import dev.drp.database.ThrowawayServer;
import dev.drp.plan.BackupKind;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionId;
import dev.drp.recovery.ExecutionState;
import dev.drp.recovery.Executions;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Mode;
import dev.drp.recovery.RecoveryPlan;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Rehearses the restore of an environment's database on a throw-away server, measures it, and
 * leaves nothing behind. The environment itself is not touched. Safe for concurrent use.
 */
public final class DrillRestore {
  /** Name of the recovery plan in journals. */
  public static final String NAME = "drill-restore";

  static final String TEAR_DOWN = "tear-down";
  static final String START_FROM_FILES = "start-from-files";
  static final String INCONCLUSIVE = "inconclusive";

  private static final String TARGET = "target";

  private static final String SUPERUSER = "postgres";

  private final ContingencyPlan plan;
  private final DatabaseSandboxes sandboxes;
  private final BackupCatalog catalog;
  private final LocalCatalog known;
  private final BackupReader reader;
  private final Executions executions;
  private final Clock clock;

  /**
   * @param known the copy of the catalog on this machine, told of what a drill found out
   * @param executions tells which drills died and may have left something
   */
  public DrillRestore(
      ContingencyPlan plan,
      DatabaseSandboxes sandboxes,
      BackupCatalog catalog,
      LocalCatalog known,
      BackupReader reader,
      Executions executions,
      Clock clock) {
    this.plan = requireNonNull(plan, "plan");
    this.sandboxes = requireNonNull(sandboxes, "sandboxes");
    this.catalog = requireNonNull(catalog, "catalog");
    this.known = requireNonNull(known, "known");
    this.reader = requireNonNull(reader, "reader");
    this.executions = requireNonNull(executions, "executions");
    this.clock = requireNonNull(clock, "clock");
  }

  /**
   * The recovery plan, for mode DRILL. Building it reaches for nothing.
   *
   * @throws RecoveryException NOT_IN_PLAN when there is no such environment or it has no database
   */
  public RecoveryPlan plan(String environment, DrillRequest request) {
    return new Procedure(plan.environment(environment), request).plan();
  }

  /** The recovery plan of an execution that is to be resumed. */
  public RecoveryPlan plan(Execution before) {
    return plan(before.environment(), DrillRequest.fromArguments(before.arguments()));
  }

  /** One execution of the procedure, with its throw-away server. */
  private final class Procedure {
    private final Environment environment;
    private final DrillRequest request;
    private final ChosenBackup backup;
    private final DatabaseRestore restore;
    private final StoredRecovery recovery;
    private final RestoredData data;
    private final RecoveredPoint point;
    private @Nullable ThrowawayServer sandbox;

    Procedure(Environment environment, DrillRequest request) {
      this.environment = environment;
      this.request = request;
      environment.requireDatabase();
      this.backup = new ChosenBackup(source(), told(), reader, environment, clock);
      this.restore = new DatabaseRestore(backup, reader, this::server, true);
      this.recovery = new StoredRecovery(backup, reader);
      this.data = new RestoredData(backup, environment, this::server, this::database);
      this.point = new RecoveredPoint(backup, this::server, this::database, this::replay);
    }

    private BackupCatalog source() {
      return request.source().map(it -> catalog.only(it.storage())).orElse(catalog);
    }

    /** To bring the local copy of the catalog up to date asks all storages. */
    private Optional<LocalCatalog> told() {
      return Optional.of(known)
          .filter(it -> request.source().filter(DrillRequest.Source::isolated).isEmpty());
    }

    RecoveryPlan plan() {
      RecoveryPlan.Builder builder =
          RecoveryPlan.named(NAME, plan.application(), environment.name())
              .objectives(RestoreDatabase.objectives(plan, environment.name()));
      if (request.kind() == BackupKind.PHYSICAL) {
        recoverFiles(builder);
      } else {
        loadDump(builder);
      }
      builder
          .phase("record", judge(), recordDrill())
          .phase("cleanup", tearDown())
          .whatStands(execution -> "Environment %s was not touched.".formatted(environment.name()))
          .closing(this::removeQuietly);
      request.toArguments().forEach(builder::argument);
      return builder.build();
    }

    private void loadDump(RecoveryPlan.Builder builder) {
      builder
          .phase("preflight", share(10), clearLeftovers(), chooseBackup(), restore.checkBackup())
          .phase("sandbox", share(10), startSandbox(), restore.checkFit().in(Mode.DRILL))
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
              point.measure(context -> false),
              restore.restoreDurability(),
              applyProperties());
    }

    private void recoverFiles(RecoveryPlan.Builder builder) {
      builder
          .phase("preflight", share(10), clearLeftovers(), chooseBackup())
          .phase("restore", share(60), startFromFiles(), restore.checkLibraries().in(Mode.DRILL));
      if (request.replay().isPresent()) {
        builder.phase(
            "verify",
            share(30),
            data.countRows(),
            data.runExpectations(),
            point.measure(context -> request.replay().equals(Optional.of(Replay.ALL))),
            ready());
      } else {
        builder.phase(
            "verify",
            share(30),
            data.compareRows(),
            data.compareFacts(),
            data.runExpectations(),
            point.measure(context -> false),
            ready());
      }
    }

    private Optional<Duration> share(int percent) {
      return RestoreDatabase.share(RestoreDatabase.objectives(plan, environment.name()), percent);
    }

    private Step clearLeftovers() {
      return Step.changing(
              "clear-leftovers",
              "Removes what earlier drills of %s left that died.".formatted(environment.name()),
              context -> {
                for (Execution died : interruptedDrills(context.execution())) {
                  for (String left : sandboxes.removeLeftovers(died.id().value())) {
                    context.found(
                        Finding.warning("left by drill " + died.id(), left + " is still there"));
                  }
                }
              })
          .probe(DatabaseRestore::repeatable)
          .onFailure(FailurePolicy.CONTINUE);
    }

    private List<Execution> interruptedDrills(ExecutionId self) {
      return executions.list().executions().stream()
          .filter(execution -> execution.plan().equals(NAME))
          .filter(execution -> execution.application().equals(plan.application()))
          .filter(execution -> execution.environment().equals(environment.name()))
          .filter(execution -> execution.state() == ExecutionState.INTERRUPTED)
          .filter(execution -> !execution.id().equals(self))
          .toList();
    }

    private Step chooseBackup() {
      String which =
          request
              .backup()
              .map(id -> "Takes backup %s.".formatted(id))
              .or(
                  () ->
                      request
                          .replay()
                          .map(
                              it ->
                                  "Takes the newest good backup from which the log leads to %s."
                                      .formatted(Outlook.target(it))))
              .or(
                  () ->
                      request
                          .seed()
                          .map(
                              seed ->
                                  "Draws a good backup of the last %s, by seed %d."
                                      .formatted(Text.duration(request.window()), seed)))
              .orElse("Takes the newest good backup.");
      return Step.reading(
              "choose-backup",
              which + " The recovery point is judged on the newest that could be had in any case.",
              context -> {
                request.source().ifPresent(it -> tellOfSource(context, it));
                CatalogListing all = backup.listBackups(context);
                CatalogListing listing =
                    request.kind() == BackupKind.PHYSICAL
                        ? all.ofKind(BackupKind.PHYSICAL)
                        : all.withDump();
                CatalogEntry newest =
                    listing.newestGood().orElseThrow(() -> backup.noGoodBackup(listing));
                context.reached(MeasuringPoint.RECOVERY_POINT, newest.manifest().recoveryPoint());
                context.record("newestBackup", newest.id().value());
                if (request.backup().isPresent()) {
                  backup.choose(
                      context,
                      ChosenBackup.goodBackup(all, request.backup().get(), request.kind()));
                } else {
                  backup.choose(context, choose(context, listing).orElse(newest));
                }
                if (request.kind() == BackupKind.PHYSICAL) {
                  outlook(context).tell(context);
                }
              })
          .within(Duration.ofMinutes(10))
          .onFailure(FailurePolicy.ABORT);
    }

    /** Another one than the newest, where the request says so. */
    private Optional<CatalogEntry> choose(StepContext context, CatalogListing listing) {
      Optional<Replay> replay = request.replay();
      if (replay.isPresent() && !replay.get().equals(Replay.ALL)) {
        return Optional.of(leadingTo(context, replay.get(), recovery.windows(listing)));
      }
      Instant now = clock.instant();
      return request
          .seed()
          .flatMap(seed -> listing.randomGood(now.minus(request.window()), now, new Random(seed)));
    }

    /** Where a drill goes back to an earlier moment, what counts is where it could have gone. */
    private CatalogEntry leadingTo(StepContext context, Replay replay, RecoveryWindows windows) {
      Replay target = replay.seed().map(windows::draw).map(Replay::until).orElse(replay);
      context.record(TARGET, target.toArgument());
      CatalogEntry base = windows.baseFor(target);
      windows.newest().ifPresent(at -> context.reached(MeasuringPoint.RECOVERY_POINT, at));
      return base;
    }

    /** How far to replay, once that is known. */
    private Optional<Replay> replay(StepContext context) {
      return context.find(TARGET).map(Replay::fromArgument).or(request::replay);
    }

    private Outlook outlook(StepContext context) {
      BackupManifest manifest = backup.manifest(context);
      BaseContent base = manifest.requireBase();
      Optional<LogToReplay> log = replay(context).flatMap(any -> recovery.furthestLog(context));
      return new Outlook(
          "%s, %d bytes of files".formatted(manifest.id(), base.tarBytes()),
          replay(context)
              .map(Outlook::target)
              .orElseGet(() -> Outlook.asItIs(manifest.recoveryPoint())),
          Outlook.distance(replay(context), log, base.end()),
          Outlook.forecast(
              executions.untilReady(NAME, plan.application(), environment.name(), this::isLikeThis),
              base.tarBytes(),
              log.map(it -> it.bytes(base)).orElse(0L)));
    }

    private boolean isLikeThis(Execution other) {
      DrillRequest of = DrillRequest.fromArguments(other.arguments());
      return of.kind() == request.kind() && of.replay().isPresent() == request.replay().isPresent();
    }

    /** For a report that is to prove what was enough. */
    private void tellOfSource(StepContext context, DrillRequest.Source source) {
      context.found(
          Finding.check(
              "read from",
              "",
              "storage %s only: sets and log".formatted(source().storages().get(0)),
              true));
      if (source.isolated()) {
        context.found(
            Finding.check(
                "used beside it",
                "",
                "the plan, identities of age where they were given, this machine's own programs and"
                    + " images",
                true));
        context.found(
            Finding.check(
                "not used",
                "",
                "other storages, the live server (image and versions are those of the manifest),"
                    + " what a machine of the primary site remembers",
                true));
      }
    }

    private Step startSandbox() {
      return Step.changing(
              "start-sandbox",
              "Starts an empty throw-away server, from the image that the backup was taken from if"
                  + " it can be had, that nobody outside reaches and that reaches nobody.",
              context -> {
                String owner = context.execution().value();
                sandboxes.removeLeftovers(owner);
                BackupManifest manifest = backup.manifest(context);
                ThrowawayServer started = sandboxes.start(sandboxRequest(context, manifest));
                sandbox = started;
                tellOfSandbox(context);
              })
          .ephemeral()
          .within(Duration.ofMinutes(10))
          .onFailure(FailurePolicy.ABORT);
    }

    private void tellOfSandbox(StepContext context) {
      ThrowawayServer started = started();
      context.record("sandbox", started.description());
      context.record("sameImage", String.valueOf(started.sameImage()));
      context.found(Finding.check("throw-away server", "", started.description(), true));
    }

    private DatabaseServer server() {
      return started().server();
    }

    private ThrowawayServer started() {
      ThrowawayServer started = sandbox;
      if (started == null) {
        throw new IllegalStateException("the throw-away server has not been started");
      }
      return started;
    }

    /** A server from files has its database under its own name. */
    private String database(ExecutionId execution) {
      return request.kind() == BackupKind.PHYSICAL
          ? environment.requireDatabase().name()
          : DatabaseRestore.restoredName(execution);
    }

    private Step startFromFiles() {
      String how =
          request
              .replay()
              .map(replay -> "replays the archived log up to %s".formatted(Outlook.target(replay)))
              .orElse("lets it become consistent");
      return Step.changing(
              START_FROM_FILES,
              "Unpacks the server's files for a throw-away server that nobody outside reaches and"
                  + " that reaches nobody, compares each with what the server said that it sent, "
                  + how
                  + ". A damaged copy is replaced by another storage's.",
              this::startFromFiles)
          .ephemeral()
          .within(Duration.ofHours(24))
          .onFailure(FailurePolicy.ABORT);
    }

    private void startFromFiles(StepContext context) {
      sandboxes.removeLeftovers(context.execution().value());
      recovery.run(
          context,
          replay(context),
          (files, target) ->
              sandbox =
                  sandboxes.startFrom(
                      sandboxRequest(context, backup.manifest(context)),
                      files,
                      target,
                      context.progress()));
      tellOfSandbox(context);
    }

    private SandboxRequest sandboxRequest(StepContext context, BackupManifest manifest) {
      return new SandboxRequest(
          context.execution().value(),
          manifest.server().majorVersion(),
          manifest.server().image(),
          request.kind() == BackupKind.PHYSICAL ? environment.requireDatabase().user() : SUPERUSER);
    }

    private Step ready() {
      return Step.reading(
              "ready",
              "The server has passed all checks. With that it is ready.",
              context -> context.reached(MeasuringPoint.READY))
          .in(Mode.DRILL)
          .onFailure(FailurePolicy.ABORT);
    }

    private Step applyProperties() {
      return Step.changing(
              "apply-properties",
              "Gives the restored database the owner, privileges and settings of the backup. With"
                  + " that it is ready.",
              context -> {
                server()
                    .restoreTarget()
                    .applyProperties(
                        DatabaseRestore.restoredName(context.execution()),
                        backup.manifest(context).database().properties());
                context.reached(MeasuringPoint.READY);
              })
          .probe(DatabaseRestore::repeatable)
          .within(Duration.ofMinutes(5))
          .onFailure(FailurePolicy.ABORT);
    }

    private Step judge() {
      return Step.reading(
              "judge",
              "On another image than the environment's, the result counts only when collation and"
                  + " extensions are the same; a recovery to an instant, only when the data itself"
                  + " proves it.",
              context -> {
                boolean sameImage = Boolean.parseBoolean(context.value("sameImage"));
                boolean collation = Boolean.parseBoolean(context.value("collationMatches"));
                boolean extensions = Boolean.parseBoolean(context.value("extensionsMatch"));
                context.found(
                    Finding.check(
                        "image",
                        "the environment's",
                        sameImage ? "the same" : "another",
                        sameImage));
                context.found(
                    Finding.check(
                        "collation fingerprint", "the same", sameOrNot(collation), collation));
                context.found(
                    Finding.check(
                        "extension fingerprint", "the same", sameOrNot(extensions), extensions));
                boolean proven =
                    context.find(RecoveredPoint.PROVEN).map(Boolean::parseBoolean).orElse(true);
                context.record(
                    INCONCLUSIVE,
                    String.valueOf((!sameImage && !(collation && extensions)) || !proven));
              })
          .in(Mode.DRILL)
          .onFailure(FailurePolicy.ABORT);
    }

    private static String sameOrNot(boolean same) {
      return same ? "the same" : "another";
    }

    private Step recordDrill() {
      return Step.changing(
              "record-drill",
              "Writes beside the backup that it was restored and found good, and how long that"
                  + " took.",
              this::recordDrill)
          .probe(DatabaseRestore::repeatable)
          .within(Duration.ofMinutes(5))
          .onFailure(FailurePolicy.CONTINUE);
    }

    private void recordDrill(StepContext context) {
      if (Boolean.parseBoolean(context.value(INCONCLUSIVE))) {
        context.found(Finding.warning("backup", "not recorded as drilled: inconclusive"));
        return;
      }
      backup.recordEvent(
          context,
          BackupEvent.Type.DRILLED,
          "restored on %s, all facts as in the manifest".formatted(context.value("sandbox")),
          context.soFar().recoveryTimeActual().orElse(Duration.ZERO));
    }

    private Step tearDown() {
      return Step.changing(
              TEAR_DOWN,
              "Removes the throw-away server with all its data and looks whether anything is left;"
                  + " runs however the drill ends.",
              context -> {
                List<String> left = new ArrayList<>(remove());
                left.addAll(sandboxes.removeLeftovers(context.execution().value()));
                for (String thing : left.stream().distinct().toList()) {
                  context.found(Finding.check("left behind", "nothing", thing, false));
                }
                if (!left.isEmpty()) {
                  throw new RecoveryException(
                      ErrorCode.STEP_FAILED,
                      "the drill left something behind: "
                          + String.join(", ", left.stream().distinct().toList()),
                      "remove it by hand.");
                }
                context.found(Finding.check("left behind", "nothing", "nothing", true));
              })
          .always()
          .within(Duration.ofMinutes(5))
          .onFailure(FailurePolicy.CONTINUE);
    }

    private List<String> remove() {
      ThrowawayServer started = sandbox;
      return started == null ? List.of() : started.remove();
    }

    private void removeQuietly() {
      remove();
    }
  }
}
