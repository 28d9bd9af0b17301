package dev.drp.runtime;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the files of a Compose project say, with all variables filled in.
 *
 * @param services by name
 * @param volumes full names of its named volumes, by the name that its files use
 */
public record ComposeConfiguration(Map<String, Service> services, Map<String, Volume> volumes) {
  public ComposeConfiguration {
    services = Map.copyOf(services);
    volumes = Map.copyOf(volumes);
  }

  /**
   * All services, each after those that it depends on; otherwise in name order. To stop them, go
   * the other way.
   */
  public List<String> inOrder() {
    return withDependencies(services.keySet());
  }

  /**
   * These services, and all that they depend on, each after those that it depends on.
   *
   * @param wanted names of services; one that there is not is left out
   */
  public List<String> withDependencies(Collection<String> wanted) {
    Set<String> ordered = new LinkedHashSet<>();
    for (String service : new TreeSet<>(wanted)) {
      add(service, new LinkedHashSet<>(), ordered);
    }
    return List.copyOf(ordered);
  }

  /** These services, and all that depend on them, each after those that it depends on. */
  public List<String> withDependents(Collection<String> wanted) {
    List<String> ordered = new ArrayList<>();
    for (String service : inOrder()) {
      if (wanted.contains(service)
          || service(service).dependsOn().stream().anyMatch(ordered::contains)) {
        ordered.add(service);
      }
    }
    return List.copyOf(ordered);
  }

  private void add(String service, Set<String> path, Set<String> ordered) {
    // Compose refuses circles; one that was made by hand is cut somewhere.
    if (!services.containsKey(service) || ordered.contains(service) || !path.add(service)) {
      return;
    }
    for (String needed : new TreeSet<>(service(service).dependsOn())) {
      add(needed, path, ordered);
    }
    ordered.add(service);
  }

  /** The service of that name, which has to be there. */
  public Service service(String name) {
    return requireNonNull(services.get(name), name);
  }

  /** The volume that its files call so, which has to be there. */
  public Volume volume(String key) {
    return requireNonNull(volumes.get(key), key);
  }

  /**
   * A service.
   *
   * @param image its name; empty where it is built from sources
   * @param dependsOn services that have to be there before it
   * @param awaits those of them that have to be healthy, or to have ended well, before it
   * @param volumes named volumes that it mounts, by the name that the files use
   * @param publishedPorts ports of the host that lead to it
   * @param hasHealthCheck whether its files give one; its image may have one all the same
   */
  public record Service(
      Optional<String> image,
      List<String> dependsOn,
      List<String> awaits,
      List<String> volumes,
      List<Integer> publishedPorts,
      boolean hasHealthCheck) {
    public Service {
      requireNonNull(image, "image");
      dependsOn = List.copyOf(dependsOn);
      awaits = List.copyOf(awaits);
      volumes = List.copyOf(volumes);
      publishedPorts = List.copyOf(publishedPorts);
    }
  }

  /**
   * A named volume.
   *
   * @param name as the engine knows it
   * @param external whether Compose expects it to be there, and never makes it
   */
  public record Volume(String name, boolean external) {
    public Volume {
      requireNonNull(name, "name");
    }
  }
}
