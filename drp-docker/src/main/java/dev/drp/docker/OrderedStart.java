package dev.drp.docker;

import dev.drp.runtime.ComposeConfiguration;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Starts those containers that do not run, each as soon as the services that its own depends on
 * have come as far as it needs. Those that have no container among them count as up.
 */
final class OrderedStart {
  private final ComposeConfiguration configuration;
  private final ContainerRuntime engine;
  private final ServicesUp services;
  private final List<Container> waiting;
  private final List<Container> started = new ArrayList<>();
  private final Set<String> up = new HashSet<>();

  OrderedStart(
      ComposeConfiguration configuration,
      ContainerRuntime engine,
      ServicesUp services,
      List<Container> containers) {
    this.configuration = configuration;
    this.engine = engine;
    this.services = services;
    this.waiting = new ArrayList<>(containers);
  }

  /** Returns once all are up. SERVICE_UNHEALTHY as soon as one cannot be any more. */
  void run() {
    while (!waiting.isEmpty()) {
      // Compose refuses files whose services wait for each other, so there is one.
      List<Container> next = waiting.stream().filter(it -> isDue(dependsOn(it), waiting)).toList();
      List<Container> now = next.stream().filter(it -> isDue(awaits(it), notUp())).toList();
      if (now.isEmpty()) {
        // For no more than one of them needs: others may become healthy only once that one runs.
        await(awaits(next.get(0)));
      }
      now.stream().filter(it -> !it.running()).forEach(engine::start);
      started.addAll(now);
      waiting.removeAll(now);
    }
    services.await(started);
  }

  private void await(List<String> names) {
    services.await(started.stream().filter(it -> names.contains(service(it))).toList());
    up.addAll(names);
  }

  private List<Container> notUp() {
    return started.stream().filter(it -> !up.contains(service(it))).toList();
  }

  private static boolean isDue(List<String> needs, List<Container> missing) {
    return Collections.disjoint(
        needs, missing.stream().map(OrderedStart::service).collect(Collectors.toSet()));
  }

  private List<String> dependsOn(Container container) {
    return definition(container).map(ComposeConfiguration.Service::dependsOn).orElse(List.of());
  }

  private List<String> awaits(Container container) {
    return definition(container).map(ComposeConfiguration.Service::awaits).orElse(List.of());
  }

  private Optional<ComposeConfiguration.Service> definition(Container container) {
    return Optional.ofNullable(configuration.services().get(service(container)));
  }

  private static String service(Container container) {
    return container.composeService().orElse("");
  }
}
