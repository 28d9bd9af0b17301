package dev.drp.procedure;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupCopy;
import dev.drp.backup.BackupEvent;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BackupPart;
import dev.drp.backup.BackupReader;
import dev.drp.backup.CatalogEntry;
import dev.drp.database.DatabaseDescription.Extension;
import dev.drp.database.DatabaseProperties;
import dev.drp.database.DatabaseServer;
import dev.drp.database.RestoreTarget;
import dev.drp.database.RoleChanges;
import dev.drp.database.ServerFacts;
import dev.drp.recovery.ExecutionId;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.Mode;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The steps that put a backup into a new database and prove it, the same in a drill and in earnest:
 * only the server differs.
 */
final class DatabaseRestore {
  /** Names of steps and values that others look at. */
  static final String CHECK_BACKUP = "check-backup";

  static final String LOAD = "load";
  static final String RELAXED = "relaxed";

  private static final Duration LONG = Duration.ofHours(24);
  private static final Duration SHORT = Duration.ofMinutes(5);

  private final ChosenBackup backup;
  private final BackupReader reader;
  private final Supplier<DatabaseServer> server;
  private final boolean throwAway;

  /**
   * @param server the server that is restored to; asked when a step needs it
   * @param throwAway whether that server is removed afterwards, so that nothing needs to be undone
   */
  DatabaseRestore(
      ChosenBackup backup,
      BackupReader reader,
      Supplier<DatabaseServer> server,
      boolean throwAway) {
    this.backup = backup;
    this.reader = reader;
    this.server = server;
    this.throwAway = throwAway;
  }

  /** The database that the restore builds, until it takes the place of the live one. */
  static String restoredName(ExecutionId execution) {
    return "drp_restore_" + execution;
  }

  static String mark(ExecutionId execution) {
    return "drp restore " + execution;
  }

  Step checkBackup() {
    return Step.reading(
            CHECK_BACKUP,
            "Reads every part of the backup as stored and compares its hash with the manifest,"
                + " before anything is created. A damaged copy is replaced by another storage's;"
                + " without one, the next older good backup is named.",
            this::readAllParts)
        .within(LONG)
        .onFailure(FailurePolicy.ABORT);
  }

  private void readAllParts(StepContext context) {
    CatalogEntry chosen = backup.backup(context);
    @Nullable RecoveryException damage = null;
    for (BackupCopy copy : chosen.copiesToRead()) {
      try {
        readAllParts(context, chosen, copy);
        context.record(ChosenBackup.STORAGE, copy.storage().name());
        context.found(
            Finding.check("copy in storage " + copy.storage().name(), "whole", "whole", true));
        return;
      } catch (RecoveryException e) {
        if (e.code() == ErrorCode.INTERRUPTED) {
          throw e;
        }
        damage = e;
        context.found(
            Finding.check("copy in storage " + copy.storage().name(), "whole", e.problem(), false));
        if (e.code() == ErrorCode.BACKUP_CORRUPT && context.mode() != Mode.CHECK) {
          backup.recordEvent(copy, context, BackupEvent.Type.FAILED, e.problem(), Duration.ZERO);
        }
      }
    }
    throw new RecoveryException(
        damage == null ? ErrorCode.BACKUP_CORRUPT : damage.code(),
        damage == null ? "backup %s has no copy".formatted(chosen.id()) : damage.problem(),
        "nothing was created or changed; " + backup.nextOlder(context) + ".",
        damage);
  }

  private void readAllParts(StepContext context, CatalogEntry backup, BackupCopy copy) {
    BackupManifest manifest = backup.manifest();
    try (Progress.Task task =
        context.progress().start("check of " + backup.id(), manifest.storedBytes())) {
      for (BackupPart part : manifest.parts()) {
        reader.checkStored(backup.id(), copy, part, task);
      }
    }
  }

  private static RecoveryException unreadable(BackupPart part, IOException cause) {
    return new RecoveryException(
        ErrorCode.STORAGE_UNAVAILABLE,
        "cannot read %s of the backup: %s".formatted(part.name(), cause),
        "check the storage that holds it.",
        cause);
  }

  Step checkFit() {
    return Step.reading(
            "check-fit",
            "Compares the server with the backup: version, collation, extensions, roles,"
                + " publications, replication slots, prepared transactions, and space including"
                + " the temporary space of the restore.",
            context -> {
              ServerFacts facts = server.get().facts();
              BackupManifest manifest = backup.manifest(context);
              checkVersion(context, facts, manifest);
              checkCollation(context, manifest);
              checkExtensions(context, manifest);
              checkSpace(context, manifest);
              compareRoles(context, manifest);
              warnOfReplication(context, facts, manifest);
            })
        .within(SHORT)
        .onFailure(FailurePolicy.ABORT);
  }

  /** Of a server that was started from files: what it sorts with and what it can load. */
  Step checkLibraries() {
    return Step.reading(
            "check-libraries",
            "Compares the versions of collation and extensions with those of the backup: files"
                + " that another version sorted may be wrong here.",
            context -> {
              BackupManifest manifest = backup.manifest(context);
              checkCollation(context, manifest);
              checkExtensions(context, manifest);
            })
        .within(SHORT)
        .onFailure(FailurePolicy.ABORT);
  }

  private static void checkVersion(
      StepContext context, ServerFacts facts, BackupManifest manifest) {
    boolean fits = facts.majorVersion() >= manifest.server().majorVersion();
    context.found(
        Finding.check(
            "server version", manifest.server().version() + " or newer", facts.version(), fits));
    if (!fits) {
      throw new RecoveryException(
          ErrorCode.VERSION_MISMATCH,
          "%s runs PostgreSQL %s, backup %s was taken from %s"
              .formatted(
                  facts.place(), facts.version(), manifest.id(), manifest.server().version()),
          "restore to a server of major version %d or newer."
              .formatted(manifest.server().majorVersion()));
    }
    if (facts.inRecovery()) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "%s is a standby: it replays another server's changes and cannot be written"
              .formatted(facts.place()),
          "restore to the primary.");
    }
  }

  private void checkCollation(StepContext context, BackupManifest manifest) {
    DatabaseProperties properties = manifest.database().properties();
    String expected = properties.collationVersion().orElse("none");
    String actual = server.get().collationVersion(properties).orElse("none");
    context.record("collationMatches", String.valueOf(expected.equals(actual)));
    if (expected.equals(actual)) {
      context.found(Finding.check("collation version", expected, actual, true));
    } else {
      context.found(
          Finding.warning(
              "collation version",
              "the backup was sorted by version %s, this server sorts by %s; text may come in"
                      .formatted(expected, actual)
                  + " another order than before"));
    }
  }

  private void checkExtensions(StepContext context, BackupManifest manifest) {
    Map<String, String> available =
        server.get().availableExtensions().stream()
            .collect(Collectors.toMap(Extension::name, Extension::version, (a, b) -> b));
    List<String> missing = new ArrayList<>();
    boolean same = true;
    for (Extension wanted : manifest.database().extensions()) {
      String version = available.get(wanted.name());
      same &= wanted.version().equals(version);
      context.found(
          Finding.check(
              "extension " + wanted.name(),
              wanted.version(),
              version == null ? "not available" : version,
              version != null));
      if (version == null) {
        missing.add(wanted.name());
      }
    }
    context.record("extensionsMatch", String.valueOf(same));
    if (!missing.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.PRECHECK_FAILED,
          "the server cannot provide extensions that backup %s needs: %s"
              .formatted(manifest.id(), String.join(", ", missing)),
          "install them on the server, or use the image that the backup was taken from.");
    }
  }

  private void checkSpace(StepContext context, BackupManifest manifest) {
    long needed =
        manifest.database().sizeBytes()
            + server.get().restoreTarget().temporaryBytes(manifest.dump().plainBytes());
    OptionalLong free = server.get().freeBytes();
    if (free.isEmpty()) {
      context.found(
          Finding.warning(
              "space",
              "%d bytes are needed; how many are free cannot be asked here".formatted(needed)));
      return;
    }
    boolean enough = free.getAsLong() >= needed;
    context.found(
        Finding.check(
            "space",
            "%d bytes, temporary space included".formatted(needed),
            "%d bytes free".formatted(free.getAsLong()),
            enough));
    if (!enough) {
      throw new RecoveryException(
          ErrorCode.OUT_OF_SPACE,
          "the restore needs %d bytes, the server's file system has %d left"
              .formatted(needed, free.getAsLong()),
          "make room; the live database stays in place during a restore and takes its space too.");
    }
  }

  private void compareRoles(StepContext context, BackupManifest manifest) {
    Optional<BackupPart> globals = manifest.globals();
    if (globals.isEmpty()) {
      context.found(Finding.warning("roles", "the backup holds none"));
      return;
    }
    RoleChanges changes =
        withPart(context, globals.get(), input -> server.get().restoreTarget().compareRoles(input));
    for (String role : changes.missing()) {
      context.found(Finding.warning("role " + role, "is missing here and will be created"));
    }
    for (String difference : changes.differences()) {
      context.found(Finding.warning("role", difference + "; it stays as it is"));
    }
  }

  private static void warnOfReplication(
      StepContext context, ServerFacts facts, BackupManifest manifest) {
    for (String slot : facts.replicationSlots()) {
      context.found(
          Finding.warning(
              "replication slot " + slot,
              "who reads from it must start anew if it belongs to the replaced database"));
    }
    for (String transaction : facts.preparedTransactions()) {
      context.found(
          Finding.warning(
              "prepared transaction " + transaction,
              "it is not in the restored database; end it before the switch"));
    }
    for (String publication : manifest.database().publications()) {
      context.found(
          Finding.warning(
              "publication " + publication, "subscribers must be attached anew after the restore"));
    }
    for (String subscription : manifest.database().subscriptions()) {
      context.found(
          Finding.warning("subscription " + subscription, "it is restored without a connection"));
    }
  }

  Step createRoles() {
    return Step.changing(
            "create-roles",
            "Creates the roles of the backup that the server does not have. Roles that exist stay"
                + " exactly as they are, passwords included.",
            context -> {
              Optional<BackupPart> globals = backup.manifest(context).globals();
              if (globals.isEmpty()) {
                return;
              }
              RoleChanges changes =
                  withPart(
                      context,
                      globals.get(),
                      input -> server.get().restoreTarget().createMissingRoles(input));
              for (String left : changes.notRestored()) {
                context.found(Finding.warning("roles", "left out: " + left));
              }
            })
        .probe(DatabaseRestore::repeatable)
        .within(SHORT)
        .onFailure(FailurePolicy.ABORT);
  }

  /** The ports of a restore end in the same state when they are called again. */
  static Step.Outcome repeatable(StepContext context) {
    return Step.Outcome.NOT_DONE;
  }

  Step relaxDurability() {
    Step step =
        Step.changing(
                "relax-durability",
                "Lets a server that holds nothing else yet answer before data is safe on disk,"
                    + " until the restore is complete. A server with content keeps its settings.",
                context -> {
                  RestoreTarget target = server.get().restoreTarget();
                  boolean may =
                      target.mayRelaxDurability(List.of(restoredName(context.execution())));
                  context.record(RELAXED, String.valueOf(may));
                  if (may) {
                    target.relaxDurability();
                  }
                })
            .probe(DatabaseRestore::repeatable)
            .within(SHORT)
            .onFailure(FailurePolicy.ABORT);
    return throwAway
        ? step
        : step.undo(
            "Gives the server its normal settings back.",
            context -> server.get().restoreTarget().restoreDurability());
  }

  Step load() {
    Step step =
        Step.changing(
                LOAD,
                "Creates a new, marked database beside the live one and loads the dump into it with"
                    + " one job for each processor. What an interrupted load left is dropped"
                    + " first.",
                context -> {
                  BackupManifest manifest = backup.manifest(context);
                  RestoreTarget target = server.get().restoreTarget();
                  String name = restoredName(context.execution());
                  target.create(name, manifest.database().properties(), mark(context.execution()));
                  BackupPart dump = manifest.dump();
                  try (Progress.Task task =
                      context.progress().start("restore of " + manifest.id(), dump.plainBytes())) {
                    withPart(
                        context,
                        dump,
                        input -> {
                          target.load(
                              name, input, Runtime.getRuntime().availableProcessors(), task);
                          return name;
                        });
                  }
                })
            .probe(DatabaseRestore::repeatable)
            .within(LONG)
            .onFailure(FailurePolicy.ABORT);
    return throwAway
        ? step
        : step.undo(
            "Drops the new database, if it carries this restore's mark.",
            context ->
                server
                    .get()
                    .restoreTarget()
                    .drop(restoredName(context.execution()), mark(context.execution())));
  }

  Step analyze() {
    return Step.changing(
            "analyze",
            "Gathers the statistics that the server needs to plan queries.",
            context -> server.get().restoreTarget().analyze(restoredName(context.execution())))
        .probe(DatabaseRestore::repeatable)
        .within(LONG)
        .onFailure(FailurePolicy.ABORT);
  }

  Step restoreDurability() {
    return Step.changing(
            "restore-durability",
            "Writes everything to disk and gives the server its normal settings back, before it"
                + " serves.",
            context -> {
              // Where nobody knows, it may be: it has no effect on a server that is not.
              if (Boolean.parseBoolean(context.find(RELAXED).orElse("true"))) {
                server.get().restoreTarget().restoreDurability();
              }
            })
        .probe(DatabaseRestore::repeatable)
        .within(Duration.ofMinutes(30))
        .onFailure(FailurePolicy.ABORT);
  }

  private <T> T withPart(StepContext context, BackupPart part, PartUser<T> user) {
    try (InputStream content =
        reader.open(backup.backup(context).id(), backup.copy(context), part)) {
      return user.use(content);
    } catch (IOException e) {
      throw unreadable(part, e);
    }
  }

  private interface PartUser<T> {
    T use(InputStream content);
  }
}
