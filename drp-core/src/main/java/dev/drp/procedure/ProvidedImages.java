package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.CatalogEntry;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import dev.drp.runtime.ComposeProject;
import dev.drp.runtime.ContainerRuntime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The images of an environment, brought to an engine that may have none of them. */
final class ProvidedImages {
  /** For all that are loaded or fetched. */
  static final Duration FETCH_LIMIT = Duration.ofHours(2);

  private final ComposeProject project;
  private final Supplier<ContainerRuntime> engine;
  private final StoredImages stored;
  private final Optional<PlannedProgram> fetch;

  /**
   * @param fetch the plan's program for those that no backup holds
   */
  ProvidedImages(
      ComposeProject project,
      Supplier<ContainerRuntime> engine,
      StoredImages stored,
      Optional<PlannedProgram> fetch) {
    this.project = requireNonNull(project, "project");
    this.engine = requireNonNull(engine, "engine");
    this.stored = requireNonNull(stored, "stored");
    this.fetch = requireNonNull(fetch, "fetch");
  }

  /** What a rebuild will need, as far as that is known before the files are back. */
  Step look() {
    return Step.reading(
            "look-at-images",
            "Looks which of the images that ran are at hand, and whether a backup holds the rest.",
            context -> {
              Map<String, String> ids = new TreeMap<>(stored.ids());
              List<String> missing = new ArrayList<>();
              ids.forEach(
                  (service, id) -> {
                    boolean there = isThere(id);
                    context.found(
                        Finding.check(
                            "image of " + service, id, there ? id : "not at hand", there));
                    if (!there) {
                      missing.add(service);
                    }
                  });
              if (!missing.isEmpty() && stored.newest().isEmpty() && fetch.isEmpty()) {
                context.found(
                    Finding.warning(
                        "images",
                        "those of %s are neither at hand nor in a backup: load or pull what the"
                                .formatted(String.join(", ", missing))
                            + " Compose files name"));
              }
            })
        .within(Duration.ofMinutes(10))
        .onFailure(FailurePolicy.CONTINUE);
  }

  /**
   * All images are on the engine before anything starts. Services run those that ran, by content,
   * where these are there.
   */
  Step provide() {
    return Step.changing(
            "provide-images",
            "Loads images that are missing from the newest good backup that holds some%s, and names"
                    .formatted(fetch.map(", or fetches them with %s"::formatted).orElse(""))
                + " those that are missing then: Compose pulls and builds none.",
            context -> {
              Map<String, String> ids = stored.ids();
              Map<String, String> missing = missingImages(ids);
              Optional<CatalogEntry> backup =
                  missing.isEmpty() ? Optional.empty() : stored.newest();
              if (backup.isPresent()) {
                stored.load(backup.get(), project);
                context.found(
                    Finding.check("images", "", "loaded from " + backup.get().id(), true));
                missing = missingImages(ids);
              }
              if (!missing.isEmpty() && fetch.isPresent()) {
                fetch.get().run(context);
                missing = missingImages(ids);
              }
              if (!missing.isEmpty()) {
                throw new RecoveryException(
                    ErrorCode.IMAGE_NOT_FOUND,
                    "images are missing: "
                        + missing.entrySet().stream()
                            .map(it -> "%s of service %s".formatted(it.getValue(), it.getKey()))
                            .collect(Collectors.joining(", ")),
                    "nothing was started. Load or pull them, then resume.");
              }
              chooseImages(context, ids);
            })
        .probe(DatabaseRestore::repeatable)
        .within(FETCH_LIMIT.multipliedBy(2));
  }

  /** By service, what neither the name in the files nor the id of before leads to. */
  private Map<String, String> missingImages(Map<String, String> ids) {
    Map<String, String> missing = new TreeMap<>();
    project
        .configuration()
        .services()
        .forEach(
            (service, definition) -> {
              String name = definition.image().orElse(project.name() + "-" + service);
              String id = ids.getOrDefault(service, name);
              if (!isThere(id) && !isThere(name)) {
                missing.put(service, name);
              }
            });
    return missing;
  }

  private void chooseImages(StepContext context, Map<String, String> ids) {
    Map<String, String> images = new TreeMap<>();
    for (String service : project.configuration().services().keySet()) {
      String id = ids.getOrDefault(service, "");
      boolean there = !id.isEmpty() && isThere(id);
      if (there) {
        images.put(service, id);
      }
      context.found(
          Finding.check(
              "image of " + service,
              id.isEmpty() ? "the one that its name means" : id,
              there ? id : "the one that its name means",
              there || id.isEmpty()));
    }
    RunningImages.keep(context, images);
  }

  private boolean isThere(String image) {
    return engine.get().image(image).isPresent();
  }
}
