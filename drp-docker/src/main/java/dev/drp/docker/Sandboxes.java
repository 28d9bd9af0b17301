package dev.drp.docker;

import static java.util.Objects.requireNonNullElse;

import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Mount;
import com.github.dockerjava.api.model.MountType;
import com.github.dockerjava.api.model.VolumeOptions;
import com.github.dockerjava.api.model.VolumesFrom;
import dev.drp.RecoveryException;
import dev.drp.runtime.Container;
import dev.drp.runtime.ThrowawayContainer;
import dev.drp.runtime.ThrowawayRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Throw-away containers, each with a network and volumes of its own; those that share another
 * container's volumes are on no network. All parts carry the same labels from the moment they
 * exist, so that after a crash they are found by them alone.
 */
final class Sandboxes {
  /** Label with the owner, an execution's id. */
  static final String OWNER = "dev.drp.owner";

  private static final String THROWAWAY = "dev.drp.throwaway";
  private static final String NAME = "dev.drp.sandbox";
  private static final String NO_NETWORK = "none";
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Logger LOG = LoggerFactory.getLogger(Sandboxes.class);

  private final Engine engine;

  Sandboxes(Engine engine) {
    this.engine = engine;
  }

  ThrowawayContainer start(ThrowawayRequest request, Function<String, Container> lookup) {
    String name = "drp-" + UUID.randomUUID();
    Map<String, String> labels = Map.of(OWNER, request.owner(), THROWAWAY, "true", NAME, name);
    try {
      List<String> volumePaths = new ArrayList<>(volumePaths(request.imageId()));
      request
          .volumesOf()
          .map(lookup)
          .ifPresent(of -> of.volumes().forEach(mount -> volumePaths.remove(mount.path())));
      String network = NO_NETWORK;
      if (request.volumesOf().isEmpty()) {
        network = name;
        createNetwork(network, labels);
      }
      String id = createContainer(request, name, network, labels, volumePaths);
      engine.run(docker -> docker.startContainerCmd(id).exec());
      return new Throwaway(lookup.apply(id), name);
    } catch (RuntimeException e) {
      try {
        List<String> left = remove(NAME, name);
        if (!left.isEmpty()) {
          LOG.warn("could not remove {}", left);
        }
      } catch (RecoveryException notRemoved) {
        e.addSuppressed(notRemoved);
      }
      throw e;
    }
  }

  /** What carries that label and is ours to throw away. */
  List<String> leftovers(String label, String value) {
    return parts(label, value).stream().map(Part::toString).toList();
  }

  /**
   * Removes what carries that label; returns what is still there. Does its work also for a thread
   * that is interrupted.
   */
  List<String> remove(String label, String value) {
    boolean interrupted = Thread.interrupted();
    try {
      long start = System.nanoTime();
      List<Part> parts = parts(label, value);
      while (!parts.isEmpty() && System.nanoTime() - start < PATIENCE.toNanos()) {
        // In their order: a network or volume can be removed once nothing uses it any more.
        for (Part part : parts) {
          remove(part);
        }
        parts = parts(label, value);
        if (!parts.isEmpty()) {
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
        }
      }
      return parts.stream().map(Part::toString).toList();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void remove(Part part) {
    try {
      engine.run(
          PATIENCE,
          docker -> {
            switch (part.kind) {
              // Without its volumes: those that are not ours, as one of another container, stay.
              case CONTAINER -> docker.removeContainerCmd(part.id).withForce(true).exec();
              case NETWORK -> docker.removeNetworkCmd(part.id).exec();
              case VOLUME -> docker.removeVolumeCmd(part.id).exec();
            }
          });
    } catch (RecoveryException e) {
      // Whether it is gone is looked up afterwards.
      LOG.debug("{} cannot be removed", part, e);
    }
  }

  private List<Part> parts(String label, String value) {
    Map<String, String> labels = Map.of(THROWAWAY, "true", label, value);
    List<String> filter = labels.entrySet().stream().map(Object::toString).toList();
    List<Part> parts = new ArrayList<>();
    engine.run(
        docker -> {
          for (var container :
              docker.listContainersCmd().withShowAll(true).withLabelFilter(labels).exec()) {
            String name = Engine.name(container.getNames()[0]);
            parts.add(new Part(Kind.CONTAINER, container.getId(), name));
          }
          for (var network : docker.listNetworksCmd().withFilter("label", filter).exec()) {
            parts.add(new Part(Kind.NETWORK, network.getId(), network.getName()));
          }
          var volumes = docker.listVolumesCmd().withFilter("label", filter).exec().getVolumes();
          for (var volume : requireNonNullElse(volumes, List.<InspectVolumeResponse>of())) {
            parts.add(new Part(Kind.VOLUME, volume.getName(), volume.getName()));
          }
        });
    return parts;
  }

  /** An image declares where it wants volumes; as ours they carry labels. */
  private List<String> volumePaths(String imageId) {
    return engine.ask(
        docker -> {
          try {
            var config = docker.inspectImageCmd(imageId).exec().getConfig();
            return config == null || config.getVolumes() == null
                ? List.of()
                : List.copyOf(config.getVolumes().keySet());
          } catch (NotFoundException e) {
            throw engine.imageNotFound(imageId, e);
          }
        });
  }

  private void createNetwork(String name, Map<String, String> labels) {
    engine.run(
        docker ->
            docker
                .createNetworkCmd()
                .withName(name)
                .withDriver("bridge")
                // Internal: nothing is forwarded. But the host keeps an address on the bridge and
                // could be reached there, unless it has none.
                .withInternal(true)
                .withOptions(Map.of("com.docker.network.bridge.inhibit_ipv4", "true"))
                .withLabels(labels)
                .exec());
  }

  private String createContainer(
      ThrowawayRequest request,
      String name,
      String network,
      Map<String, String> labels,
      List<String> volumePaths) {
    HostConfig host = HostConfig.newHostConfig().withNetworkMode(network);
    host.withMounts(volumePaths.stream().map(path -> volume(path, labels)).toList());
    request.volumesOf().map(VolumesFrom::new).ifPresent(host::withVolumesFrom);
    request.memoryBytes().ifPresent(host::withMemory);
    request.sharedMemoryBytes().ifPresent(host::withShmSize);
    List<String> environment =
        request.environment().entrySet().stream()
            .map(variable -> variable.getKey() + "=" + variable.getValue().reveal())
            .toList();
    return engine.ask(
        docker -> {
          try {
            CreateContainerCmd create =
                docker
                    .createContainerCmd(request.imageId())
                    .withName(name)
                    .withLabels(labels)
                    .withEnv(environment)
                    .withHostConfig(host);
            if (!request.arguments().isEmpty()) {
              create.withCmd(request.arguments());
            }
            return engine.unlogged().createCreateContainerCmdExec().exec(create).getId();
          } catch (NotFoundException e) {
            throw engine.imageNotFound(request.imageId(), e);
          }
        });
  }

  private static Mount volume(String path, Map<String, String> labels) {
    return new Mount()
        .withType(MountType.VOLUME)
        .withTarget(path)
        .withVolumeOptions(new VolumeOptions().withLabels(labels));
  }

  private enum Kind {
    CONTAINER,
    NETWORK,
    VOLUME
  }

  private record Part(Kind kind, String id, String name) {
    @Override
    public String toString() {
      return kind.name().toLowerCase(Locale.ROOT) + " " + name;
    }
  }

  private final class Throwaway implements ThrowawayContainer {
    private final Container container;
    private final String name;

    Throwaway(Container container, String name) {
      this.container = container;
      this.name = name;
    }

    @Override
    public Container container() {
      return container;
    }

    @Override
    public List<String> lastLogLines(int count) {
      return engine.lastLogLines(container.id(), count);
    }

    @Override
    public List<String> remove() {
      return Sandboxes.this.remove(NAME, name);
    }
  }
}
