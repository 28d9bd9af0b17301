package dev.drp.docker;

import static java.util.stream.Collectors.joining;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.CommandResult;
import dev.drp.runtime.ComposeConfiguration;
import dev.drp.runtime.ComposeProject;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.HiddenSecrets;
import dev.drp.runtime.ImageIdentity;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One Compose project on a Docker engine. */
final class DockerComposeProject implements ComposeProject {
  private static final Duration REMOVAL = Duration.ofMinutes(1);
  private static final Duration CREATION = Duration.ofMinutes(5);
  private static final Duration RECENT = Duration.ofMinutes(1);

  /** A service that the team has not, and Compose knows for a moment only. */
  private static final String VOLUMES = "drp-volumes";

  private final ComposeCommand compose;
  private final ContainerRuntime engine;
  private volatile @Nullable Reading lastReading;

  DockerComposeProject(ComposeCommand compose, ContainerRuntime engine) {
    this.compose = compose;
    this.engine = engine;
  }

  @Override
  public String name() {
    return compose.project();
  }

  @Override
  public void requireProgram() {
    compose.requireCompose();
  }

  @Override
  public void loadImages(InputStream tar) {
    compose.load(tar);
  }

  @Override
  public ComposeConfiguration configuration() {
    long began = System.nanoTime();
    ComposeConfiguration configuration = ComposeJson.configuration(compose.configuration());
    lastReading = new Reading(configuration, began);
    return configuration;
  }

  @Override
  public ComposeConfiguration recentConfiguration() {
    Reading reading = lastReading;
    if (reading != null && System.nanoTime() - reading.began < RECENT.toNanos()) {
      return reading.configuration;
    }
    return configuration();
  }

  /** What the files said, and when they were read. */
  private record Reading(ComposeConfiguration configuration, long began) {}

  @Override
  public List<Container> containers() {
    return engine.containers().stream()
        .filter(container -> container.composeProject().equals(Optional.of(name())))
        .filter(container -> !container.isOneOff())
        .toList();
  }

  @Override
  public void createVolumes(Collection<String> volumes, Map<String, String> images) {
    if (volumes.isEmpty()) {
      return;
    }
    ComposeConfiguration configuration = recentConfiguration();
    Set<String> unknown = new TreeSet<>(volumes);
    unknown.removeAll(configuration.volumes().keySet());
    if (!unknown.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.COMPOSE_INVALID,
          "the Compose files of %s have no volume %s; they have %s"
              .formatted(
                  name(),
                  String.join(", ", unknown),
                  String.join(", ", new TreeSet<>(configuration.volumes().keySet()))),
          "correct the name, or the files.");
    }
    // Before all others: Compose makes nothing while one of them is missing.
    for (String key : new TreeSet<>(volumes)) {
      ComposeConfiguration.Volume volume = configuration.volume(key);
      if (volume.external()) {
        compose.createVolume(volume.name());
      }
    }
    // A service of ours that has them all, without a container: Compose makes what it would need.
    String override =
        ComposeJson.volumes(VOLUMES, anyImage(configuration, images), new TreeSet<>(volumes));
    CommandResult result =
        compose.run(
            override,
            CREATION,
            List.of(
                "create",
                "--no-build",
                "--pull",
                "never",
                "--no-recreate",
                "--scale",
                VOLUMES + "=0",
                VOLUMES));
    if (!result.succeeded()) {
      throw failed("make volumes of", result);
    }
  }

  private String anyImage(ComposeConfiguration configuration, Map<String, String> images) {
    return Stream.concat(
            images.values().stream(),
            configuration.services().entrySet().stream()
                .map(it -> it.getValue().image().orElse(name() + "-" + it.getKey())))
        .flatMap(it -> engine.image(it).stream())
        .map(ImageIdentity::id)
        .findFirst()
        .orElseThrow(
            () ->
                new RecoveryException(
                    ErrorCode.IMAGE_NOT_FOUND,
                    "no image of %s is on the engine".formatted(name()),
                    "load or pull them first: nothing is ever pulled or built for you."));
  }

  @Override
  public void up(List<String> services, Map<String, String> images, Duration limit) {
    Deadline deadline = new Deadline(limit);
    ComposeConfiguration configuration = recentConfiguration();
    List<String> wanted = wanted(services, configuration);
    Map<String, String> others = requireImages(wanted, configuration, images);
    String override = others.isEmpty() ? "" : ComposeJson.images(others);
    List<Container> before = containersOf(wanted);
    ServicesUp awaited = new ServicesUp(name(), engine, before, deadline);

    recreate(ofAnotherImage(before, images), override, deadline);
    CommandResult result = start(services, wanted, override, deadline, awaited);
    // A service that waits for one which was unhealthy already is given up by Compose at once.
    while (!result.succeeded() && awaited.recovers(containersOf(wanted))) {
      result = start(services, wanted, override, deadline, awaited);
    }
    if (!result.succeeded()) {
      awaited.requireNoneBroken(containersOf(wanted));
      throw failed("start", result);
    }
    awaited.await(containersOf(wanted));
  }

  @Override
  public void start(List<Container> containers, Duration limit) {
    ServicesUp services = new ServicesUp(name(), engine, containers, new Deadline(limit));
    new OrderedStart(recentConfiguration(), engine, services, containers).run();
  }

  @Override
  public Container create(String service, Map<String, String> images) {
    ComposeConfiguration configuration = recentConfiguration();
    List<String> only = List.of(service);
    wanted(only, configuration);
    Map<String, String> others = requireImages(only, configuration, images);
    List<Container> there = containersOf(only);
    if (there.isEmpty() || !ofAnotherImage(there, images).isEmpty()) {
      recreate(only, others.isEmpty() ? "" : ComposeJson.images(others), new Deadline(CREATION));
      there = containersOf(only);
    }
    return there.stream()
        .findFirst()
        .orElseThrow(
            () ->
                new RecoveryException(
                    ErrorCode.CONTAINER_NOT_FOUND,
                    "Compose made no container for service %s of %s".formatted(service, name()),
                    "look at its scale in the Compose files."));
  }

  @Override
  public String run(
      String service, Map<String, String> images, List<String> program, Duration limit) {
    ComposeConfiguration configuration = recentConfiguration();
    wanted(List.of(service), configuration);
    Map<String, String> others = requireImages(List.of(service), configuration, images);
    String container = "%s-%s-drp-run".formatted(name(), service);
    List<String> arguments =
        new ArrayList<>(List.of("run", "--rm", "--no-deps", "--no-TTY", "--name", container));
    arguments.add(service);
    arguments.addAll(program);
    compose.remove(container);
    try {
      ComposeCommand.Outcome outcome =
          compose.printed(others.isEmpty() ? "" : ComposeJson.images(others), limit, arguments);
      if (!outcome.result().succeeded()) {
        throw new RecoveryException(
            ErrorCode.COMMAND_FAILED,
            "%s in a container of service %s of %s ended with exit code %d: %s"
                .formatted(
                    program.get(0),
                    service,
                    name(),
                    outcome.result().exitCode(),
                    HiddenSecrets.of(containers()).hideIn(ComposeCommand.said(outcome.result()))),
            "what it said above is the cause; mend it, then run this again.");
      }
      return outcome.output();
    } finally {
      removeWhateverHappens(container);
    }
  }

  /** Also after Ctrl-C: what runs in it must not go on. */
  private void removeWhateverHappens(String container) {
    boolean interrupted = Thread.interrupted(); // it would keep us from it
    try {
      compose.remove(container);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void down(Duration grace) {
    Duration limit = REMOVAL.plus(grace.multipliedBy(Math.max(1, containers().size())));
    CommandResult result =
        compose.run("", limit, List.of("down", "--timeout", Long.toString(grace.toSeconds())));
    if (!result.succeeded()) {
      configuration(); // says it better when the files are the cause
      throw failed("stop", result);
    }
  }

  private List<String> wanted(List<String> services, ComposeConfiguration configuration) {
    Set<String> known = configuration.services().keySet();
    List<String> unknown = services.stream().filter(service -> !known.contains(service)).toList();
    if (!unknown.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.COMPOSE_INVALID,
          "the Compose files of %s have no service %s; they have %s"
              .formatted(
                  name(), String.join(", ", unknown), String.join(", ", new TreeSet<>(known))),
          "correct the name, or the files.");
    }
    return configuration.withDependencies(services.isEmpty() ? known : services);
  }

  /** Which services need another image than what their name means now, with that image. */
  private Map<String, String> requireImages(
      List<String> services, ComposeConfiguration configuration, Map<String, String> pinned) {
    Map<String, String> others = new HashMap<>();
    Map<String, String> missing = new TreeMap<>();
    for (String service : services) {
      Optional<String> reference =
          Optional.ofNullable(configuration.services().get(service))
              .flatMap(ComposeConfiguration.Service::image);
      Optional<String> current = reference.flatMap(engine::image).map(ImageIdentity::id);
      String pin = pinned.get(service);
      if (pin == null) {
        if (current.isEmpty()) {
          reference.ifPresent(name -> missing.put(service, name));
        }
      } else if (!current.equals(Optional.of(pin))) {
        if (engine.image(pin).isEmpty()) {
          missing.put(service, pin);
        }
        others.put(service, pin);
      }
    }
    if (!missing.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.IMAGE_NOT_FOUND,
          "images of %s are not on the engine: %s"
              .formatted(
                  name(),
                  missing.entrySet().stream()
                      .map(it -> "%s of service %s".formatted(it.getValue(), it.getKey()))
                      .collect(joining(", "))),
          "load or pull them first: nothing is ever pulled or built for you.");
    }
    return others;
  }

  private List<Container> containersOf(List<String> services) {
    return containers().stream()
        .filter(container -> container.composeService().map(services::contains).orElse(false))
        .toList();
  }

  private static List<String> ofAnotherImage(
      List<Container> containers, Map<String, String> images) {
    return containers.stream()
        .filter(
            container ->
                container
                    .composeService()
                    .flatMap(service -> Optional.ofNullable(images.get(service)))
                    .map(image -> !image.equals(container.image().id()))
                    .orElse(false))
        .flatMap(container -> container.composeService().stream())
        .distinct()
        .toList();
  }

  /** Makes containers anew, keeping their volumes, also nameless ones, and leaves them stopped. */
  private void recreate(List<String> services, String override, Deadline deadline) {
    if (services.isEmpty()) {
      return;
    }
    CommandResult result =
        compose.run(
            override,
            deadline.left(),
            up(List.of("--no-start", "--no-deps", "--force-recreate"), services));
    if (!result.succeeded()) {
      throw failed("make new containers for", result);
    }
  }

  private CommandResult start(
      List<String> services,
      List<String> wanted,
      String override,
      Deadline deadline,
      ServicesUp awaited) {
    try {
      return compose.run(
          override, deadline.left(), up(List.of("--detach", "--no-recreate"), services));
    } catch (RecoveryException e) {
      // Compose waits without end for one that does not become healthy.
      if (e.code() == ErrorCode.TIMED_OUT) {
        awaited.requireAllUp(containersOf(wanted));
      }
      throw e;
    }
  }

  private static List<String> up(List<String> options, List<String> services) {
    List<String> arguments = new ArrayList<>(List.of("up", "--no-build", "--pull", "never"));
    arguments.addAll(options);
    arguments.addAll(services);
    return arguments;
  }

  private RecoveryException failed(String doing, CommandResult result) {
    return new RecoveryException(
        ErrorCode.COMMAND_FAILED,
        "Compose cannot %s %s: %s".formatted(doing, name(), ComposeCommand.said(result)),
        "what Compose said above is the cause; mend it, then run this again.");
  }
}
