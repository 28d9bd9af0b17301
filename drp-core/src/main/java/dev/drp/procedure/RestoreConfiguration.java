package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupId;
import dev.drp.backup.BackupPart;
import dev.drp.backup.BackupReader;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.FileArchive;
import dev.drp.backup.FileArchive.Origin;
import dev.drp.files.FileDifference;
import dev.drp.files.FileIndex;
import dev.drp.files.FilePlaces;
import dev.drp.files.FileSource;
import dev.drp.files.HostFiles;
import dev.drp.files.HostFolder;
import dev.drp.plan.ComposeSettings;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.recovery.Execution;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.RecoveryPlan;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Brings back the files of a configuration or system backup: into a folder of their own, or in
 * place of those that are there, which are set aside; or says how those differ. Safe for concurrent
 * use.
 */
public final class RestoreConfiguration {
  /** Name of the recovery plan in journals. */
  public static final String NAME = "restore-configuration";

  private static final String BACKUP = "backup";
  private static final String CONFIRM = "confirm";
  private static final String TARGETS = "targets";
  private static final String UNPACK = "unpack-beside";
  private static final String SWITCH = "switch";
  private static final Duration LONG = Duration.ofHours(24);

  /** What an engine and a person restore by other means: kept as it is. */
  private static final List<String> KEPT = List.of("images.tar", "database.dump", "globals.sql");

  private final ContingencyPlan plan;
  private final BackupCatalog catalog;
  private final BackupReader reader;
  private final FilePlaces places;

  public RestoreConfiguration(
      ContingencyPlan plan, BackupCatalog catalog, BackupReader reader, FilePlaces places) {
    this.plan = requireNonNull(plan, "plan");
    this.catalog = requireNonNull(catalog, "catalog");
    this.reader = requireNonNull(reader, "reader");
    this.places = requireNonNull(places, "places");
  }

  /**
   * What was restored into a folder.
   *
   * @param leftOut what is in the backup and not in the folder, for people
   */
  public record Unpacked(CatalogEntry backup, List<FileArchive> archives, List<String> leftOut) {
    public Unpacked {
      requireNonNull(backup, "backup");
      archives = List.copyOf(archives);
      leftOut = List.copyOf(leftOut);
    }
  }

  /**
   * How files differ from a backup.
   *
   * @param notCompared what cannot be compared, with the reason
   */
  public record Comparison(
      CatalogEntry backup, List<FileDifference> differences, List<String> notCompared) {
    public Comparison {
      requireNonNull(backup, "backup");
      differences = List.copyOf(differences);
      notCompared = List.copyOf(notCompared);
    }
  }

  /**
   * Restores into a folder, which is empty or is made.
   *
   * @param id which backup; the newest good one with files when empty
   * @throws RecoveryException with REFUSED when the folder is not empty, or the archive would write
   *     outside of it; BACKUP_NOT_FOUND, BACKUP_CORRUPT, IDENTITY_MISSING
   */
  public Unpacked into(String environment, Optional<BackupId> id, Path folder) {
    FilesOfBackup files = open(environment, id);
    NewFolder root = NewFolder.make(places.host(), folder);
    NewFolder.requireSpace(root.path(), files.backup().manifest(), List.of());
    List<String> leftOut = new ArrayList<>();
    for (FileArchive archive : files.archives()) {
      leftOut.addAll(unpack(files, archive, root.makeBelow(archive.folder())));
    }
    for (BackupPart part : files.backup().manifest().parts()) {
      if (KEPT.contains(part.plainName())) {
        keep(files, part, root);
      }
    }
    return new Unpacked(files.backup(), files.archives(), leftOut);
  }

  /**
   * How what is there now differs from a backup. Changes nothing.
   *
   * @param id which backup; the newest good one with files when empty
   */
  public Comparison compare(String environment, Optional<BackupId> id) {
    FilesOfBackup files = open(environment, id);
    List<FileDifference> differences = new ArrayList<>();
    List<String> notCompared = new ArrayList<>();
    for (FileArchive archive : files.archives()) {
      Optional<FileSource> now = files.current(archive);
      if (now.isEmpty()) {
        notCompared.add(archive.place() + ": no container has it");
      } else {
        FileIndex current = now.get().index();
        differences.addAll(files.index(archive).differencesOf(current, archive.base()));
      }
    }
    return new Comparison(files.backup(), differences, notCompared);
  }

  /**
   * The recovery plan that puts files of the machine in place: unpacked beside those that are
   * there, compared with the backup, then exchanged by renames. What is replaced stays beside until
   * the commit. Building it reaches for nothing.
   *
   * @param confirm the environment's name: it lets its files be replaced
   */
  public RecoveryPlan plan(String environment, Optional<BackupId> id, String confirm) {
    return new Procedure(plan.environment(environment), id, confirm, "", Optional.empty()).plan();
  }

  /**
   * The same as a part of another recovery plan, which may have steps, values and arguments of its
   * own by these names: those of this part begin with the prefix.
   *
   * @param id which backup; the newest good one with files when empty
   * @param withoutBackup what is required where none was asked for and there is none: then the
   *     files are left as they are
   */
  RecoveryPlan part(
      String environment,
      Optional<BackupId> id,
      String confirm,
      String prefix,
      Step.Action withoutBackup) {
    return new Procedure(
            plan.environment(environment), id, confirm, prefix, Optional.of(withoutBackup))
        .plan();
  }

  /** The recovery plan of an execution that is to be resumed, undone or committed. */
  public RecoveryPlan plan(Execution before) {
    return plan(
        before.environment(),
        Optional.ofNullable(before.arguments().get(BACKUP)).map(BackupId::new),
        before.arguments().getOrDefault(CONFIRM, ""));
  }

  /** The images of its services, as the backups know them. */
  StoredImages images(String environment) {
    return new StoredImages(catalog, reader, environment);
  }

  /** The files of its volumes, as the backups hold them. */
  StoredVolumes volumes(String environment) {
    Environment of = plan.environment(environment);
    return new StoredVolumes(
        catalog, environment, backup -> new FilesOfBackup(backup, reader, places, of));
  }

  private FilesOfBackup open(String environment, Optional<BackupId> id) {
    Environment of = plan.environment(environment);
    CatalogEntry backup = FilesOfBackup.choose(catalog.list(environment), environment, id);
    return new FilesOfBackup(backup, reader, places, of);
  }

  private List<String> unpack(FilesOfBackup files, FileArchive archive, Path target) {
    try (InputStream tar = files.open(archive)) {
      return new HostFolder(places.host(), target).unpack(tar, archive.root());
    } catch (IOException e) {
      throw files.unreadable(archive.part(), e);
    }
  }

  private static void keep(FilesOfBackup files, BackupPart part, NewFolder root) {
    try (InputStream content = files.open(part.plainName())) {
      root.write(part.plainName(), content);
    } catch (IOException e) {
      throw files.unreadable(part.plainName(), e);
    }
  }

  /** One execution. */
  private final class Procedure {
    private final Environment environment;
    private final Optional<BackupId> id;
    private final String confirm;
    private final String prefix;
    private final Optional<Step.Action> withoutBackup;
    private @Nullable FilesOfBackup files;

    /**
     * @param prefix of the names of steps, values and arguments
     * @param withoutBackup what is required where there is no backup; empty where one has to be
     */
    Procedure(
        Environment environment,
        Optional<BackupId> id,
        String confirm,
        String prefix,
        Optional<Step.Action> withoutBackup) {
      this.environment = environment;
      this.id = id;
      this.confirm = confirm;
      this.prefix = prefix;
      this.withoutBackup = withoutBackup;
    }

    /** Then volumes are for another part. */
    private boolean isPart() {
      return withoutBackup.isPresent();
    }

    private String named(String name) {
      return prefix + name;
    }

    RecoveryPlan plan() {
      RecoveryPlan.Builder builder =
          RecoveryPlan.named(NAME, plan.application(), environment.name())
              .phase(named("preflight"), chooseBackup(), lookAtTargets())
              .phase(named("restore"), unpackBeside())
              .phase(named(SWITCH), switchFiles())
              .commit(dropReplaced())
              .whatStands(this::whatStands)
              .argument(named(CONFIRM), confirm);
      id.ifPresent(it -> builder.argument(named(BACKUP), it.value()));
      return builder.build();
    }

    private Step chooseBackup() {
      return Step.reading(
              named("choose-backup"),
              id.map("Takes backup %s."::formatted)
                      .orElse("Takes the newest good backup that holds the configuration.")
                  + (isPart() && id.isEmpty()
                      ? " Where there is none, the files that are there have to do."
                      : ""),
              context -> {
                Optional<FilesOfBackup> chosen = choose(context);
                if (chosen.isPresent()) {
                  files = chosen.get();
                  String value = chosen.get().backup().id().value();
                  context.record(named(BACKUP), value);
                  context.found(Finding.check(BACKUP, "", value, true));
                  requireReadable(chosen.get());
                }
              })
          .onFailure(FailurePolicy.ABORT);
    }

    private Optional<FilesOfBackup> choose(StepContext context) throws Exception {
      try {
        return Optional.of(open(environment.name(), id));
      } catch (RecoveryException e) {
        if (e.code() != ErrorCode.BACKUP_NOT_FOUND || id.isPresent() || withoutBackup.isEmpty()) {
          throw e;
        }
        withoutBackup.get().run(context);
        context.found(Finding.warning(BACKUP, "%s: no file is put back".formatted(e.problem())));
        return Optional.empty();
      }
    }

    /** What is encrypted shows here that we can decrypt it. */
    private void requireReadable(FilesOfBackup chosen) {
      for (FileArchive archive : chosen.archives()) {
        try (InputStream tar = chosen.open(archive)) {
          tar.read();
        } catch (IOException e) {
          throw chosen.unreadable(archive.part(), e);
        }
      }
    }

    private Step lookAtTargets() {
      return Step.reading(
              named("look-at-targets"),
              "Looks which files of this machine are replaced, and refuses to go on when the name"
                  + " of %s was not confirmed.".formatted(environment.name()),
              context -> {
                for (FileArchive archive : archives(context)) {
                  if (archive.origin() == Origin.SERVICE
                      || (archive.origin() == Origin.VOLUME && !isPart())) {
                    context.found(
                        Finding.warning(
                            archive.place(),
                            archive.origin() == Origin.VOLUME
                                ? "is not put in place; drp recover volumes fills it where it is"
                                    + " lost or empty"
                                : "is not put in place; restore it into a folder, and copy it from"
                                    + " there with docker cp"));
                  }
                }
                List<FileArchive> archives = onHost(context);
                for (FileArchive archive : archives) {
                  requireOurs(archive, Path.of(archive.path()));
                  context.found(Finding.check("replaced", "", archive.path(), true));
                }
                context.record(
                    named(TARGETS),
                    archives.stream().map(FileArchive::path).collect(Collectors.joining("\n")));
                requireSpaceFor(context, archives);
                if (!confirm.equals(environment.name())) {
                  throw new RecoveryException(
                      ErrorCode.REFUSED,
                      "files of environment %s would be replaced, and %s"
                          .formatted(
                              environment.name(),
                              confirm.isEmpty()
                                  ? "nothing was confirmed"
                                  : "confirmed was " + confirm),
                      "nothing was touched. If that is what you want, confirm the name of the"
                          + " environment.");
                }
              })
          .onFailure(FailurePolicy.ABORT);
    }

    private void requireSpaceFor(StepContext context, List<FileArchive> archives) {
      for (FileArchive archive : archives) {
        Path there = Path.of(archive.path());
        do {
          there = requireNonNull(there.getParent());
        } while (!Files.exists(there));
        NewFolder.requireSpace(there, files(context).backup().manifest(), archives);
      }
    }

    /** A backup says where it is from; where it goes to, the plan says. */
    private void requireOurs(FileArchive archive, Path path) {
      Stream<Path> compose = environment.compose().stream().map(ComposeSettings::directory);
      Stream<Path> named =
          environment.configuration().stream()
              .filter(it -> it.service().isEmpty())
              .map(it -> it.path());
      boolean ours =
          Stream.concat(named, compose)
              .map(it -> it.toAbsolutePath().normalize())
              .anyMatch(path::startsWith);
      if (!ours) {
        throw new RecoveryException(
            ErrorCode.REFUSED,
            "the backup holds %s, which the plan does not name".formatted(path),
            "nothing was touched. Add it to the environment's configuration, or restore the backup"
                + " into a folder and copy what you want.");
      }
      Stream<Path> left = archive.without().stream().map(Path::of);
      Stream<Path> data = environment.database().flatMap(DatabaseSettings::dataDirectory).stream();
      Stream.of(left, data, places.without().stream())
          .flatMap(it -> it)
          .filter(it -> it.startsWith(path) && Files.exists(it))
          .findFirst()
          .ifPresent(
              it -> {
                throw new RecoveryException(
                    ErrorCode.REFUSED,
                    "%s would be replaced, and %s in it is not in the backup: it holds a database, or"
                            .formatted(path, it)
                        + " backups",
                    "nothing was touched. Restore the backup into a folder, and copy what you"
                        + " want.");
              });
    }

    private Step unpackBeside() {
      return Step.changing(
              named(UNPACK),
              "Unpacks the files in a new folder beside those that are there, and compares them"
                  + " with the backup.",
              context -> {
                targets(context).forEach(ReplacedPath::removeFresh); // several may share a folder
                targets(context).forEach(ReplacedPath::makeFresh);
                for (FileArchive archive : onHost(context)) {
                  ReplacedPath target = target(context, archive.path());
                  unpack(files(context), archive, target.fresh())
                      .forEach(it -> context.found(Finding.warning("left out", it)));
                  requireAsInBackup(context, archive, target);
                }
              })
          .probe(DatabaseRestore::repeatable)
          .undo(
              "Removes what was unpacked.",
              context -> {
                for (ReplacedPath target : targets(context)) {
                  target.removeFresh();
                  target.removeIfEmpty();
                }
              })
          .within(LONG)
          .onFailure(FailurePolicy.ABORT);
    }

    private void requireAsInBackup(StepContext context, FileArchive archive, ReplacedPath target) {
      FileIndex unpacked = HostFiles.of(places.host(), target.unpacked()).index();
      List<FileDifference> differences =
          files(context).index(archive).withoutDevices().differencesOf(unpacked, archive.base());
      differences.stream()
          .limit(20)
          .forEach(
              it ->
                  context.found(
                      Finding.check(it.path(), "as in the backup", it.kind().name(), false)));
      List<FileDifference> broken =
          differences.stream().filter(it -> !it.aspects().equals(List.of("owner"))).toList();
      if (!broken.isEmpty()) {
        throw new RecoveryException(
            ErrorCode.VERIFICATION_FAILED,
            "%d of the unpacked files of %s are not as in the backup, first %s"
                .formatted(broken.size(), target.path(), broken.get(0).path()),
            "nothing was replaced. Look at the space and kind of that file system.");
      }
    }

    private Step switchFiles() {
      return Step.changing(
              named(SWITCH),
              "Exchanges the files with the unpacked ones by renames; what is replaced stays beside"
                  + " them.",
              context -> {
                for (ReplacedPath target : targets(context)) {
                  target.exchange();
                  context.found(Finding.check("replaced files", "", target.old().toString(), true));
                }
              })
          .probe(DatabaseRestore::repeatable)
          .undo(
              "Exchanges the files back; the restored ones are kept until the commit.",
              context -> targets(context).forEach(ReplacedPath::exchangeBack))
          .within(Duration.ofHours(1));
    }

    private Step dropReplaced() {
      return Step.changing(
              named("drop-replaced"),
              "Removes the files that were replaced, and after a way back the restored ones.",
              context -> targets(context).forEach(ReplacedPath::remove))
          .probe(DatabaseRestore::repeatable);
    }

    private String whatStands(Execution execution) {
      return switch (execution.stepExecution(named(SWITCH)).state()) {
        case NOT_STARTED, SKIPPED -> "No file was replaced.";
        case UNDONE -> "The files are those from before; the restored ones are gone.";
        case SUCCEEDED, ALREADY_DONE, FAILED_IGNORED ->
            "The files are the restored ones; what they replaced is kept beside them in folders"
                + " .drp-%s. Restart the services that read them.".formatted(execution.id());
        case FAILED, RUNNING, TIMED_OUT, UNKNOWN, UNDOING, UNDO_FAILED ->
            "Some files may be exchanged, and some not; resume goes on, undo takes it back.";
      };
    }

    private FilesOfBackup files(StepContext context) {
      FilesOfBackup known = files;
      if (known == null) {
        known = open(environment.name(), Optional.of(new BackupId(context.value(named(BACKUP)))));
        files = known;
      }
      return known;
    }

    private List<FileArchive> onHost(StepContext context) {
      return archives(context).stream().filter(it -> it.origin() == Origin.HOST).toList();
    }

    /** None where there is no backup, and none has to be. */
    private List<FileArchive> archives(StepContext context) {
      return context.find(named(BACKUP)).isEmpty() ? List.of() : files(context).archives();
    }

    /** As the journal has them: the way back needs no backup. */
    private List<ReplacedPath> targets(StepContext context) {
      return context
          .value(named(TARGETS))
          .lines()
          .filter(it -> !it.isEmpty())
          .map(it -> target(context, it))
          .toList();
    }

    private ReplacedPath target(StepContext context, String path) {
      return new ReplacedPath(
          places.host(), Path.of(path).normalize(), ".drp-" + context.execution());
    }
  }
}
