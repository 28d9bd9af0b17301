package dev.drp.docker;

import static java.util.stream.Collectors.toMap;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Container;
import dev.drp.runtime.Container.Health;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.HiddenSecrets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Waits until the containers of a project's services are up, and tells which one is not and why.
 */
final class ServicesUp {
  private static final int LOG_LINES = 20;
  private static final Duration PAUSE = Duration.ofMillis(100);

  /** How long one without a health check must have been seen to run. */
  private static final Duration SETTLED = Duration.ofSeconds(1);

  private final String project;
  private final ContainerRuntime engine;
  private final Map<String, Container> before;
  private final Set<String> unhealthyBefore;
  private final Deadline deadline;

  /**
   * @param before the containers that were there before anything was started
   */
  ServicesUp(String project, ContainerRuntime engine, List<Container> before, Deadline deadline) {
    this.project = project;
    this.engine = engine;
    this.before = before.stream().collect(toMap(Container::id, Function.identity()));
    this.unhealthyBefore =
        before.stream()
            .filter(ServicesUp::isUnhealthy)
            .map(Container::id)
            .collect(Collectors.toCollection(HashSet::new));
    this.deadline = deadline;
  }

  /**
   * Waits until those are healthy again that were unhealthy before anything was started, for
   * instance because what they need was not there. False when there is none of them.
   */
  boolean recovers(List<Container> containers) {
    List<Container> late =
        containers.stream()
            .filter(container -> unhealthyBefore.contains(container.id()))
            .filter(container -> !container.isUp())
            .toList();
    await(late);
    late.forEach(container -> unhealthyBefore.remove(container.id()));
    return !late.isEmpty();
  }

  /** Waits until all are up. SERVICE_UNHEALTHY as soon as one cannot be any more. */
  void await(List<Container> containers) {
    Map<String, Long> runningSince = new HashMap<>();
    List<Container> missing = new ArrayList<>(containers);
    while (true) {
      missing.replaceAll(container -> engine.container(container.id()));
      requireNoneBroken(missing);
      missing.removeIf(container -> isDone(container, runningSince));
      if (missing.isEmpty()) {
        return;
      }
      if (deadline.hasPassed()) {
        requireAllUp(missing);
      }
      try {
        Thread.sleep(PAUSE.toMillis());
      } catch (InterruptedException e) {
        throw RecoveryException.interrupted("waiting for the services of " + project, e);
      }
    }
  }

  /** SERVICE_UNHEALTHY when one ended badly, or became unhealthy, since it was started. */
  void requireNoneBroken(List<Container> containers) {
    first(containers, this::endedBadly)
        .ifPresent(
            container -> {
              throw unhealthy(container, "ended with " + exit(container));
            });
    first(
            containers,
            container -> isUnhealthy(container) && !unhealthyBefore.contains(container.id()))
        .ifPresent(
            container -> {
              throw unhealthy(container, "is unhealthy");
            });
  }

  /** SERVICE_UNHEALTHY when one is not up although there was time enough. */
  void requireAllUp(List<Container> containers) {
    requireNoneBroken(containers);
    // Those that were not started at all wait for one that was.
    first(containers, container -> container.restarting() || isNotHealthy(container))
        .or(() -> first(containers, container -> !container.isUp() && !endedWell(container)))
        .ifPresent(
            container -> {
              throw unhealthy(container, stateInTheEnd(container));
            });
  }

  private String stateInTheEnd(Container container) {
    long seconds = deadline.limit().toSeconds();
    if (container.restarting()) {
      return "is started again and again, and ends with %s, for %d s"
          .formatted(exit(container), seconds);
    }
    return container.running()
        ? "is not healthy after %d s".formatted(seconds)
        : "was not started within %d s".formatted(seconds);
  }

  private boolean isDone(Container container, Map<String, Long> runningSince) {
    if (endedWell(container)) {
      return true;
    }
    if (!container.isUp()) {
      runningSince.remove(container.id());
      return false;
    }
    Container earlier = before.get(container.id());
    if (container.health().isPresent() || (earlier != null && earlier.running())) {
      return true;
    }
    long now = System.nanoTime();
    return now - runningSince.computeIfAbsent(container.id(), id -> now) >= SETTLED.toNanos();
  }

  private boolean endedBadly(Container container) {
    Container earlier = before.get(container.id());
    return !container.restarting()
        && container.end().map(end -> end.exitCode() != 0).orElse(false)
        && (earlier == null || !earlier.end().equals(container.end()));
  }

  private static boolean endedWell(Container container) {
    return !container.restarting() && container.end().map(end -> end.exitCode() == 0).orElse(false);
  }

  private static boolean isNotHealthy(Container container) {
    return container.running() && !container.isUp();
  }

  private static boolean isUnhealthy(Container container) {
    return container.health().equals(Optional.of(Health.UNHEALTHY));
  }

  private static String exit(Container container) {
    return container
        .end()
        .map(
            end ->
                "exit code %d%s"
                    .formatted(end.exitCode(), end.outOfMemory() ? " (out of memory)" : ""))
        .orElse("an exit code that is not known");
  }

  private static Optional<Container> first(
      List<Container> containers, Predicate<Container> predicate) {
    return containers.stream().filter(predicate).findFirst();
  }

  private RecoveryException unhealthy(Container container, String state) {
    String service = container.composeService().orElse(container.name());
    HiddenSecrets secrets =
        HiddenSecrets.of(
            engine.containers().stream()
                .filter(each -> each.composeProject().equals(Optional.of(project)))
                .toList());
    String log =
        secrets.hideIn(engine.lastLogLines(container, LOG_LINES)).stream()
            .map(line -> "\n  " + line.replaceAll("\\p{Cc}", ""))
            .collect(Collectors.joining());
    return new RecoveryException(
        ErrorCode.SERVICE_UNHEALTHY,
        "service %s of %s %s%s"
            .formatted(
                service,
                project,
                state,
                log.isEmpty() ? "; it printed nothing" : "; the last lines of its log:" + log),
        "mend what keeps it from working, then run this again; docker logs %s shows all of its log."
            .formatted(container.name()));
  }
}
