package dev.drp.runtime;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import java.util.Optional;

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
   * A service.
   *
   * @param image its name; empty where it is built from sources
   * @param dependsOn services that have to be there before it
   * @param volumes named volumes that it mounts, by the name that the files use
   * @param publishedPorts ports of the host that lead to it
   * @param hasHealthCheck whether its files give one; its image may have one all the same
   */
  public record Service(
      Optional<String> image,
      List<String> dependsOn,
      List<String> volumes,
      List<Integer> publishedPorts,
      boolean hasHealthCheck) {
    public Service {
      requireNonNull(image, "image");
      dependsOn = List.copyOf(dependsOn);
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
