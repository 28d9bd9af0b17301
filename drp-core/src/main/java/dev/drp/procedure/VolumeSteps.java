package dev.drp.procedure;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupId;
import dev.drp.files.FileDifference;
import dev.drp.files.VolumeFiles;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.procedure.StoredVolumes.Holdings;
import dev.drp.procedure.StoredVolumes.Stored;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.Mode;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import dev.drp.runtime.ComposeConfiguration;
import dev.drp.runtime.ComposeProject;
import dev.drp.runtime.ContainerRuntime;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Brings back the files of an environment's volumes, but the database's, before a service starts. A
 * volume that has files is left as it is: what survived is newer than any backup.
 */
final class VolumeSteps {
  private static final String BACKUPS = "volume-backups";
  private static final String TO_FILL = "volumes-to-fill";
  private static final Duration LONG = Duration.ofHours(24);

  private final Environment environment;
  private final ComposeProject project;
  private final StoredVolumes stored;
  private final Optional<BackupId> wanted;
  private final Supplier<ContainerRuntime> engine;

  /** What becomes of a volume when the step that fills it is undone. */
  private enum Before {
    /** There was none. */
    MISSING,
    EMPTY
  }

  /**
   * @param wanted the backup whose volumes are taken, where it holds any
   */
  VolumeSteps(
      Environment environment,
      ComposeProject project,
      StoredVolumes stored,
      Optional<BackupId> wanted,
      Supplier<ContainerRuntime> engine) {
    this.environment = environment;
    this.project = project;
    this.stored = stored;
    this.wanted = wanted;
    this.engine = engine;
  }

  /** Needs neither the Compose files nor the engine. */
  Step choose() {
    return Step.reading(
            "choose-volume-backups",
            "Takes, for each volume but the database's, the newest good backup that holds its"
                + " files, and names those of the plan that no backup holds.",
            context -> {
              Holdings holdings = stored.holdings(wanted);
              holdings.silent().forEach(it -> context.found(Finding.warning("volumes", it)));
              Map<String, String> chosen = new TreeMap<>();
              holdings
                  .newest()
                  .forEach(
                      (volume, it) -> {
                        requireReadable(it);
                        chosen.put(volume, it.id().value());
                      });
              for (String volume : chosen.keySet()) {
                context.found(
                    Finding.check(
                        files(volume), "", String.valueOf(holdings.newest().get(volume)), true));
              }
              for (Environment.Volume volume : environment.volumes()) {
                if (!chosen.containsKey(volume.name()) && !holdings.isOfDatabase(volume.name())) {
                  context.found(
                      Finding.check(
                          files(volume.name()),
                          "in a backup",
                          "in none: only backups of kind system hold volumes, but the database's",
                          false));
                }
              }
              remember(context, BACKUPS, chosen);
            })
        .onFailure(FailurePolicy.ABORT);
  }

  /** What is encrypted shows here that we can decrypt it. */
  private static void requireReadable(Stored volume) {
    try (InputStream tar = volume.backup().open(volume.archive())) {
      tar.read();
    } catch (IOException e) {
      throw volume.backup().unreadable(volume.archive().part(), e);
    }
  }

  /** After {@link #choose}, with the Compose files and images in place. */
  Step look() {
    return Step.reading(
            "look-at-volumes",
            "Looks which volumes of the Compose files are lost or empty. One that has files is left"
                + " as it is.",
            context -> {
              Map<String, String> chosen = remembered(context, BACKUPS);
              Map<String, String> lost = new TreeMap<>();
              for (String volume : keys().keySet()) {
                if (!chosen.containsKey(volume)) {
                  context.found(
                      Finding.warning(
                          "volume " + volume, "no backup holds its files: it starts empty"));
                  continue;
                }
                Optional<Before> before = before(context, volume);
                before.ifPresent(it -> lost.put(volume, it.name()));
                context.found(
                    before
                        .map(it -> Finding.check("volume " + volume, "", found(it), true))
                        .orElseGet(() -> kept(volume, chosen.getOrDefault(volume, ""))));
              }
              remember(context, TO_FILL, lost);
            })
        .in(Mode.DRILL, Mode.RECOVERY)
        .within(LONG);
  }

  private static String found(Before before) {
    return switch (before) {
      case MISSING -> "lost: it is made anew, and filled";
      case EMPTY -> "empty, or left half filled: it is filled";
    };
  }

  private Finding kept(String volume, String backup) {
    return Finding.warning(
        "volume " + volume,
        "has files, and is left as it is; drp restore-configuration %s --diff --backup %s says how"
                .formatted(environment.name(), backup)
            + " it differs from the backup");
  }

  /** Empty when it has files that are not ours. */
  private Optional<Before> before(StepContext context, String volume) {
    VolumeFiles files = files(engine.get(), volume);
    if (!files.exists()) {
      return Optional.of(Before.MISSING);
    }
    return files.isHalfFilled() || files.isEmpty(image(context))
        ? Optional.of(Before.EMPTY)
        : Optional.empty();
  }

  /** After {@link #look}. */
  Step fill() {
    return Step.changing(
            "fill-volumes",
            "Lets Compose make the volumes that are lost, puts the files of the backups into those"
                + " that were lost or empty, through a container that is never started, and"
                + " compares what is in them with the backups.",
            context -> {
              Map<String, String> chosen = remembered(context, BACKUPS);
              Set<String> lost = remembered(context, TO_FILL).keySet();
              make(context, lost);
              for (String volume : lost) {
                fill(context, volume, new BackupId(chosen.getOrDefault(volume, "")));
              }
            })
        .probe(DatabaseRestore::repeatable)
        .undo(
            "Removes the volumes that were filled; one that a container has by now is kept.",
            this::undo)
        .within(LONG);
  }

  private void make(StepContext context, Set<String> volumes) {
    if (volumes.isEmpty()) {
      return;
    }
    Map<String, String> keys = keys();
    project.createVolumes(
        volumes.stream().filter(keys::containsKey).map(keys::get).toList(),
        RunningImages.of(context));
  }

  private void fill(StepContext context, String volume, BackupId id) throws IOException {
    VolumeFiles files = files(engine.get(), volume);
    String image = image(context);
    if (!files.isHalfFilled() && !files.isEmpty(image)) {
      context.found(Finding.check("volume " + volume, "", "was filled already", true));
      return;
    }
    Stored content = stored.open(volume, id);
    try (InputStream tar = content.backup().open(content.archive())) {
      files
          .fill(tar, image)
          .forEach(it -> context.found(Finding.warning("left out of volume " + volume, it)));
    } catch (IOException e) {
      throw content.backup().unreadable(content.archive().part(), e);
    }
    requireAsInBackup(context, content, files, image);
    files.complete();
    context.found(Finding.check("volume " + volume, "", content.toString(), true));
  }

  private static void requireAsInBackup(
      StepContext context, Stored content, VolumeFiles files, String image) {
    List<FileDifference> differences =
        content
            .backup()
            .index(content.archive())
            .withoutDevices()
            .differencesOf(files.index(image), content.archive().base())
            .stream()
            .filter(it -> it.kind() != FileDifference.Kind.ADDED)
            .toList();
    differences.stream()
        .limit(20)
        .forEach(
            it ->
                context.found(
                    Finding.check(
                        it.path(),
                        "as in the backup",
                        Stream.concat(Stream.of(it.kind().name()), it.aspects().stream())
                            .collect(Collectors.joining(" ")),
                        false)));
    if (!differences.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.VERIFICATION_FAILED,
          "%d files of %s are not as in backup %s, first %s"
              .formatted(
                  differences.size(),
                  content.archive().place(),
                  content.id(),
                  differences.get(0).path()),
          "no service was started. Look at the space and the driver of that volume, then resume.");
    }
  }

  /** Nothing that anybody but us may have written is removed. */
  private void undo(StepContext context) {
    Map<String, String> lost = remembered(context, TO_FILL);
    Set<String> makeAgain = new TreeSet<>();
    lost.forEach(
        (volume, before) -> {
          VolumeFiles files = files(engine.get(), volume);
          if (files.isInUse()) {
            context.found(
                Finding.warning(
                    "volume " + volume, "a container has it: it is kept, with what is in it"));
          } else {
            files.remove();
            if (Before.valueOf(before) == Before.EMPTY) {
              makeAgain.add(volume);
            }
          }
        });
    make(context, makeAgain);
  }

  /** By full name: how the Compose files call their volumes, but those of the database. */
  private Map<String, String> keys() {
    ComposeConfiguration configuration = project.configuration();
    List<String> ofDatabase =
        environment
            .database()
            .flatMap(DatabaseSettings::service)
            .map(configuration.services()::get)
            .map(ComposeConfiguration.Service::volumes)
            .orElse(List.of());
    Map<String, String> keys = new TreeMap<>();
    configuration
        .volumes()
        .forEach(
            (key, volume) -> {
              if (!ofDatabase.contains(key)) {
                keys.put(volume.name(), key);
              }
            });
    return keys;
  }

  /** Any that is there will do: nothing of it runs. */
  private String image(StepContext context) {
    ContainerRuntime runtime = engine.get();
    return Stream.concat(
            RunningImages.of(context).values().stream(),
            project.configuration().services().entrySet().stream()
                .map(it -> it.getValue().image().orElse(project.name() + "-" + it.getKey())))
        .filter(it -> runtime.image(it).isPresent())
        .findFirst()
        .orElseThrow(
            () ->
                new RecoveryException(
                    ErrorCode.IMAGE_NOT_FOUND,
                    "no image of %s is on the engine".formatted(project.name()),
                    "load or pull them first."));
  }

  private static VolumeFiles files(ContainerRuntime engine, String volume) {
    return new VolumeFiles(engine, volume);
  }

  private static String files(String volume) {
    return "files of volume " + volume;
  }

  private static void remember(StepContext context, String name, Map<String, String> values) {
    context.record(
        name,
        values.entrySet().stream()
            .map(it -> it.getKey() + " " + it.getValue())
            .collect(Collectors.joining("\n")));
  }

  private static Map<String, String> remembered(StepContext context, String name) {
    return Arrays.stream(context.find(name).orElse("").split("\n", -1))
        .filter(line -> !line.isEmpty())
        .map(line -> line.split(" ", 2))
        .collect(
            Collectors.toMap(line -> line[0], line -> line[1], (one, same) -> one, TreeMap::new));
  }
}
