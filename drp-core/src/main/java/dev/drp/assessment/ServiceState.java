package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.runtime.ComposeConfiguration;
import dev.drp.runtime.Container;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How a service of a Compose project is.
 *
 * @param value in words
 * @param since when it ended; empty where that is not known, or it did not
 */
public record ServiceState(String service, boolean up, String value, Optional<Instant> since) {
  public ServiceState {
    requireNonNull(service, "service");
    requireNonNull(value, "value");
    requireNonNull(since, "since");
  }

  /**
   * All services that the files name or that have a container, in name order.
   *
   * @param configuration what the files say; empty where that is not known
   */
  static List<ServiceState> all(
      Optional<ComposeConfiguration> configuration, List<Container> ofProject) {
    TreeSet<String> names = new TreeSet<>();
    configuration.ifPresent(it -> names.addAll(it.services().keySet()));
    ofProject.forEach(it -> it.composeService().ifPresent(names::add));
    List<ServiceState> services = new ArrayList<>();
    for (String name : names) {
      Optional<ComposeConfiguration.Service> written =
          configuration.flatMap(it -> Optional.ofNullable(it.services().get(name)));
      services.add(
          of(
              name,
              written,
              ofProject.stream()
                  .filter(it -> it.composeService().equals(Optional.of(name)))
                  .toList()));
    }
    return services;
  }

  private static ServiceState of(
      String name, Optional<ComposeConfiguration.Service> written, List<Container> containers) {
    if (containers.isEmpty()) {
      return new ServiceState(name, false, "has no container", Optional.empty());
    }
    boolean up = containers.stream().allMatch(it -> it.isUp() || isDone(it, written));
    return new ServiceState(
        name,
        up,
        containers.stream().map(ServiceState::words).distinct().collect(Collectors.joining("; ")),
        up
            ? Optional.empty()
            : containers.stream()
                .flatMap(it -> it.end().stream())
                .map(Container.End::at)
                .min(Comparator.naturalOrder()));
  }

  /**
   * Whether it was meant to end, and ended well. Nothing says that it was; but who serves has a
   * port or a health check.
   */
  private static boolean isDone(
      Container container, Optional<ComposeConfiguration.Service> written) {
    return container.end().filter(end -> end.exitCode() == 0).isPresent()
        && written
            .filter(it -> !it.hasHealthCheck() && it.publishedPorts().isEmpty())
            .filter(it -> it.volumes().isEmpty())
            .isPresent();
  }

  static String words(Container container) {
    if (container.restarting()) {
      return Stream.of("ended, and the engine restarts it", end(container))
          .filter(it -> !it.isEmpty())
          .collect(Collectors.joining(": "));
    }
    if (container.running()) {
      return container
          .health()
          .map(
              it ->
                  switch (it) {
                    case HEALTHY -> "runs, healthy";
                    case STARTING -> "runs, not healthy yet";
                    case UNHEALTHY -> "runs, but is unhealthy";
                  })
          .orElse("runs");
    }
    String end = end(container);
    return end.isEmpty() ? "was never started" : end;
  }

  private static String end(Container container) {
    return container
        .end()
        .map(
            it ->
                "ended with code %d%s at %s"
                    .formatted(it.exitCode(), it.outOfMemory() ? ", out of memory," : "", it.at()))
        .orElse("");
  }
}
