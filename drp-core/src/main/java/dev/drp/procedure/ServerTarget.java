package dev.drp.procedure;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupManifest;
import dev.drp.database.DataDirectories;
import dev.drp.database.DataDirectory;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.DatabaseServer;
import dev.drp.plan.Environment;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionId;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where one execution restores the files of a server to: found, opened once, and refused unless it
 * may be replaced, repaired or filled.
 */
final class ServerTarget implements AutoCloseable {
  private static final String VOLUME = "volume";

  private final DatabaseConnector connector;
  private final DataDirectories directories;
  private final Environment environment;
  private final RestoreRequest request;
  private final Optional<Execution> before;
  private final String database;
  private @Nullable DataDirectory directory;
  private DataDirectory.@Nullable Facts facts;

  /**
   * @param before the execution when it is resumed, undone or committed
   */
  ServerTarget(
      DatabaseConnector connector,
      DataDirectories directories,
      Environment environment,
      RestoreRequest request,
      Optional<Execution> before) {
    this.connector = connector;
    this.directories = directories;
    this.environment = environment;
    this.request = request;
    this.before = before;
    this.database = environment.requireDatabase().name();
  }

  Step identify() {
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
              this.facts = facts;
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
              request.impact().ifPresent(impact -> context.reached(MeasuringPoint.IMPACT, impact));
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

  /**
   * @param log bytes of the log that the execution replays
   */
  Step checkFit(ChosenBackup backup, ToLongFunction<StepContext> log) {
    return Step.reading(
            "check-fit",
            "Compares the server's programs with the backup, and the space that it needs with"
                + " what is free: the live files stay in place and take theirs, too.",
            context -> {
              DataDirectory.Facts facts = facts(context);
              BackupManifest manifest = backup.manifest(context);
              if (request.delta()) {
                checkIdentity(context, facts, manifest);
              }
              checkVersion(context, facts, manifest);
              checkSpace(context, facts, manifest, log.applyAsLong(context));
            })
        .within(Duration.ofMinutes(10))
        .onFailure(FailurePolicy.ABORT);
  }

  /** As they were when the target was identified, a moment ago; or now. */
  private DataDirectory.Facts facts(StepContext context) {
    DataDirectory.Facts known = facts;
    return known == null ? directory(context).facts() : known;
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
      StepContext context, DataDirectory.Facts facts, BackupManifest manifest, long log) {
    long needed = (request.delta() ? 0 : manifest.requireBase().tarBytes()) + 2 * log;
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

  /** The server on the recovered files. */
  DatabaseServer recovered() {
    DataDirectory known = directory;
    if (known == null) { // an earlier attempt has recovered it
      known = open(before.orElseThrow().id());
    }
    return known.recovered().server();
  }

  DataDirectory directory(StepContext context) {
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

  @Override
  public void close() {
    DataDirectory known = directory;
    if (known != null) {
      known.close();
    }
  }
}
