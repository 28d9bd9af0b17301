package dev.drp.docker;

import static java.util.Objects.requireNonNullElse;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.exception.NotModifiedException;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Image;
import com.github.dockerjava.api.model.Mount;
import com.github.dockerjava.api.model.MountType;
import com.github.dockerjava.api.model.VolumeOptions;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerLoad;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.EngineDiskUsage;
import dev.drp.runtime.ImageIdentity;
import dev.drp.runtime.RelayTunnel;
import dev.drp.runtime.ThrowawayContainer;
import dev.drp.runtime.ThrowawayRequest;
import dev.drp.runtime.Tunnel;
import dev.drp.runtime.Volume;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * A Docker engine, reached over its unix socket or through its own program. Holds no connection
 * open; nothing is asked of the engine before the first call.
 */
public final class DockerContainerRuntime implements ContainerRuntime {
  private static final String DEFAULT_HOST = "unix:///var/run/docker.sock";
  private static final String UNIX = "unix://";

  /** Two samples, a second apart. */
  private static final Duration MEASURING = Duration.ofSeconds(20);

  /** The engine walks through all volumes. */
  private static final Duration ADDING_UP = Duration.ofMinutes(5);

  /** How the engine writes that something has not happened. */
  private static final String NEVER = "0001-01-01T00:00:00Z";

  private final Engine engine;
  private final Sandboxes sandboxes;
  private final Set<String> cleaned = ConcurrentHashMap.newKeySet();

  /** An engine behind that opener of connections. */
  public DockerContainerRuntime(StreamOpener opener) {
    engine = new Engine(opener);
    sandboxes = new Sandboxes(engine);
  }

  /**
   * The engine that {@code DOCKER_HOST} names, or the one of this machine. USAGE when it is not a
   * {@code unix://} address.
   *
   * @param environment the variables of this process
   */
  public static DockerContainerRuntime of(Map<String, String> environment) {
    String host = environment.getOrDefault("DOCKER_HOST", "");
    String address = host.isBlank() ? DEFAULT_HOST : host.strip();
    if (!address.startsWith(UNIX)) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "DOCKER_HOST is %s; only %s addresses can be used".formatted(address, UNIX),
          "run this on the engine's own machine, with DOCKER_HOST unset or set to its socket.");
    }
    return new DockerContainerRuntime(
        new UnixSocketOpener(Path.of(address.substring(UNIX.length()))));
  }

  /**
   * The engine of a place where programs can be run, such as another host: what {@code docker}
   * talks to there.
   *
   * @param commands runs programs there
   */
  public static DockerContainerRuntime of(CommandRunner commands) {
    return new DockerContainerRuntime(new ProgramOpener(commands));
  }

  @Override
  public List<Container> containers() {
    Map<String, List<String>> digests = new HashMap<>();
    for (Image image : engine.ask(docker -> docker.listImagesCmd().exec())) {
      digests.put(image.getId(), digests(image.getRepoDigests()));
    }
    List<Container> containers = new ArrayList<>();
    for (var listed : engine.ask(docker -> docker.listContainersCmd().withShowAll(true).exec())) {
      // One that has gone since it was listed is no container any more.
      inspect(listed.getId())
          .map(found -> container(found, digests.getOrDefault(found.getImageId(), List.of())))
          .ifPresent(containers::add);
    }
    containers.sort(Comparator.comparing(Container::name));
    return List.copyOf(containers);
  }

  @Override
  public Container container(String idOrName) {
    return inspect(idOrName)
        .map(
            found ->
                container(
                    found,
                    image(found.getImageId())
                        .map(ImageIdentity::repositoryDigests)
                        .orElse(List.of())))
        .orElseThrow(() -> engine.containerNotFound(idOrName, null));
  }

  @Override
  public CommandRunner commandsIn(Container container) {
    return new ContainerCommands(engine, container, cleaned);
  }

  @Override
  public Tunnel tunnelInto(Container container) {
    return new RelayTunnel(commandsIn(container));
  }

  @Override
  public Optional<ImageIdentity> image(String reference) {
    return engine.ask(
        docker -> {
          try {
            var image = docker.inspectImageCmd(reference).exec();
            List<String> digests = requireNonNullElse(image.getRepoDigests(), List.of());
            return Optional.of(new ImageIdentity(reference, image.getId(), digests));
          } catch (NotFoundException e) {
            return Optional.empty();
          }
        });
  }

  @Override
  public Optional<InputStream> openFiles(Container container, String path) {
    return engine.download(
        "/containers/%s/archive?path=%s".formatted(container.id(), encoded(path)));
  }

  @Override
  public void writeFiles(Container container, String folder, TarWriter writer) throws IOException {
    engine.upload(
        "/containers/%s/archive?path=%s".formatted(container.id(), encoded(folder)), writer);
  }

  @Override
  public Container createWithVolume(String name, String image, String volume, String path) {
    HostConfig host =
        HostConfig.newHostConfig()
            .withNetworkMode("none")
            .withMounts(
                List.of(
                    new Mount()
                        .withType(MountType.VOLUME)
                        .withSource(volume)
                        .withTarget(path)
                        .withVolumeOptions(new VolumeOptions().withNoCopy(true))));
    return container(
        engine.ask(
            docker -> {
              try {
                return docker
                    .createContainerCmd(image)
                    .withName(name)
                    .withCmd("true") // an image may have none, and it is not run
                    .withHostConfig(host)
                    .exec()
                    .getId();
              } catch (NotFoundException e) {
                throw engine.imageNotFound(image, e);
              }
            }));
  }

  @Override
  public void remove(Container container) {
    engine.run(
        docker -> {
          try {
            docker.removeContainerCmd(container.id()).withRemoveVolumes(true).exec();
          } catch (NotFoundException gone) {
            return;
          }
        });
  }

  @Override
  public void remove(Volume volume) {
    engine.run(
        docker -> {
          try {
            docker.removeVolumeCmd(volume.name()).exec();
          } catch (NotFoundException gone) {
            return;
          }
        });
  }

  @Override
  public InputStream openImages(List<String> images) {
    for (String wanted : images) {
      if (image(wanted).isEmpty()) {
        throw engine.imageNotFound(wanted, null);
      }
    }
    String names =
        images.stream().map(name -> "names=" + encoded(name)).collect(Collectors.joining("&"));
    return engine
        .download("/images/get?" + names)
        .orElseThrow(() -> engine.failed("it has no such images: " + images, null));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  @Override
  public void start(Container container) {
    engine.start(
        Duration.ZERO,
        docker -> {
          try {
            docker.startContainerCmd(container.id()).exec();
          } catch (NotModifiedException runsAlready) {
            return;
          } catch (NotFoundException e) {
            throw engine.containerNotFound(container.name(), e);
          }
        });
  }

  @Override
  public void stop(Container container, Duration grace) {
    int seconds = (int) Math.min(Integer.MAX_VALUE, grace.toSeconds());
    engine.run(
        grace,
        docker -> {
          try {
            docker.stopContainerCmd(container.id()).withTimeout(seconds).exec();
          } catch (NotModifiedException stoppedAlready) {
            return;
          } catch (NotFoundException e) {
            throw engine.containerNotFound(container.name(), e);
          }
        });
  }

  @Override
  public void restart(Container container, Duration grace) {
    int seconds = (int) Math.min(Integer.MAX_VALUE, grace.toSeconds());
    engine.start(
        grace,
        docker -> {
          try {
            docker.restartContainerCmd(container.id()).withTimeout(seconds).exec();
          } catch (NotFoundException e) {
            throw engine.containerNotFound(container.name(), e);
          }
        });
  }

  @Override
  public List<String> lastLogLines(Container container, int count) {
    try {
      return engine.lastLogLines(container.id(), count);
    } catch (NotFoundException e) {
      throw engine.containerNotFound(container.name(), e);
    }
  }

  @Override
  public ContainerLoad load(Container container) {
    JsonNode stats;
    try {
      stats = engine.json(MEASURING, "/containers/%s/stats?stream=false".formatted(container.id()));
    } catch (NotFoundException e) {
      throw engine.containerNotFound(container.name(), e);
    }
    if (!stats.at("/memory_stats").has("usage")) {
      throw Engine.notRunning(container.name(), null);
    }
    return EngineFigures.load(stats);
  }

  @Override
  public List<Volume> volumes() {
    var found = engine.ask(docker -> docker.listVolumesCmd().exec()).getVolumes();
    return requireNonNullElse(found, List.<InspectVolumeResponse>of()).stream()
        .map(
            volume ->
                new Volume(
                    volume.getName(),
                    volume.getDriver(),
                    requireNonNullElse(volume.getLabels(), Map.of())))
        .sorted(Comparator.comparing(Volume::name))
        .toList();
  }

  @Override
  public EngineDiskUsage diskUsage() {
    return EngineFigures.diskUsage(engine.json(ADDING_UP, "/system/df"));
  }

  @Override
  public ThrowawayContainer startThrowaway(ThrowawayRequest request) {
    ThrowawayContainer started = sandboxes.start(request, this::container);
    cleaned.add(started.container().id()); // nobody was there before
    return started;
  }

  @Override
  public List<String> leftovers(String owner) {
    return sandboxes.leftovers(Sandboxes.OWNER, owner);
  }

  @Override
  public List<String> removeLeftovers(String owner) {
    return sandboxes.remove(Sandboxes.OWNER, owner);
  }

  @Override
  public void close() {
    // Connections belong to their requests.
  }

  private Optional<InspectContainerResponse> inspect(String idOrName) {
    return engine.ask(
        docker -> {
          try {
            return Optional.of(docker.inspectContainerCmd(idOrName).exec());
          } catch (NotFoundException e) {
            return Optional.empty();
          }
        });
  }

  private static Container container(InspectContainerResponse found, List<String> digests) {
    Map<String, String> environment = new HashMap<>();
    for (String variable : requireNonNullElse(found.getConfig().getEnv(), new String[0])) {
      int equals = variable.indexOf('=');
      if (equals > 0) {
        environment.put(variable.substring(0, equals), variable.substring(equals + 1));
      }
    }
    List<Container.Mount> mounts = new ArrayList<>();
    for (var mount :
        requireNonNullElse(found.getMounts(), List.<InspectContainerResponse.Mount>of())) {
      Optional<String> source = Optional.ofNullable(mount.getSource()).filter(it -> !it.isEmpty());
      String name = requireNonNullElse(mount.getName(), source.orElse(""));
      mounts.add(new Container.Mount(name, mount.getDestination().getPath(), source));
    }
    mounts.sort(Comparator.comparing(Container.Mount::path)); // the engine's order is any
    String reference = requireNonNullElse(found.getConfig().getImage(), found.getImageId());
    return new Container(
        found.getId(),
        Engine.name(found.getName()),
        new ImageIdentity(reference, found.getImageId(), digests),
        runs(found.getState()),
        Boolean.TRUE.equals(found.getState().getRestarting()),
        health(found.getState()),
        end(found.getState()),
        requireNonNullElse(found.getConfig().getLabels(), Map.of()),
        environment,
        mounts);
  }

  /** The engine calls one running that it is going to restart after a while. */
  private static boolean runs(InspectContainerResponse.ContainerState state) {
    return Boolean.TRUE.equals(state.getRunning()) && !Boolean.TRUE.equals(state.getRestarting());
  }

  private static Optional<Container.Health> health(InspectContainerResponse.ContainerState state) {
    if (!runs(state) || state.getHealth() == null) {
      return Optional.empty();
    }
    return switch (requireNonNullElse(state.getHealth().getStatus(), "")) {
      case "starting" -> Optional.of(Container.Health.STARTING);
      case "healthy" -> Optional.of(Container.Health.HEALTHY);
      case "unhealthy" -> Optional.of(Container.Health.UNHEALTHY);
      default -> Optional.empty();
    };
  }

  private static Optional<Container.End> end(InspectContainerResponse.ContainerState state) {
    Instant at = Instant.parse(requireNonNullElse(state.getFinishedAt(), NEVER));
    Long code = state.getExitCodeLong();
    // One that could not even be started has an exit code, too.
    return runs(state) || code == null || at.equals(Instant.parse(NEVER))
        ? Optional.empty()
        : Optional.of(
            new Container.End(code.intValue(), at, Boolean.TRUE.equals(state.getOOMKilled())));
  }

  private static List<String> digests(String[] digests) {
    return digests == null ? List.of() : List.of(digests);
  }
}
