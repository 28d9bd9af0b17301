package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.Environment;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Mode;
import dev.drp.recovery.Step;
import dev.drp.runtime.ComposeProject;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Keeps a rebuild away from a machine on which the environment is alive. */
final class EmptyHost {
  private final Environment environment;
  private final ComposeProject project;
  private final Supplier<ContainerRuntime> engine;
  private final Optional<Instant> impact;

  EmptyHost(
      Environment environment,
      ComposeProject project,
      Supplier<ContainerRuntime> engine,
      Optional<Instant> impact) {
    this.environment = requireNonNull(environment, "environment");
    this.project = requireNonNull(project, "project");
    this.engine = requireNonNull(engine, "engine");
    this.impact = requireNonNull(impact, "impact");
  }

  /**
   * The machine can take the environment, and it does not run there: what runs is not rebuilt.
   *
   * @param confirmed whether the operator named what may be replaced
   * @param token the name that had to be confirmed
   */
  Step require(boolean confirmed, String token) {
    return Step.reading(
            "require-empty-host",
            "Looks whether engine and Compose answer, and refuses to go on when services of project"
                + " %s run here, or the name of %s was not confirmed. As a drill, also when"
                    .formatted(project.name(), token)
                + " containers or volumes of the project are here at all: it is for another"
                + " machine.",
            context -> {
              impact.ifPresent(at -> context.reached(MeasuringPoint.IMPACT, at));
              project.requireProgram();
              List<Container> containers = project.containers();
              List<String> running =
                  containers.stream().filter(Container::running).map(Container::name).toList();
              context.found(
                  Finding.check(
                      "running containers",
                      "none",
                      running.isEmpty() ? "none" : String.join(", ", running),
                      running.isEmpty()));
              if (!running.isEmpty()) {
                throw new RecoveryException(
                    ErrorCode.REFUSED,
                    "%s is not lost: %s runs here"
                        .formatted(environment.name(), String.join(", ", running)),
                    "nothing was touched. Another recovery plan fits (drp assess %1$s); or stop"
                            .formatted(environment.name())
                        + " its services first.");
              }
              if (context.mode() == Mode.DRILL) {
                requireNothingLeft(containers);
              }
              if (!confirmed) {
                throw new RecoveryException(
                    ErrorCode.REFUSED,
                    "files and data of environment %s would be replaced, and %s was not confirmed"
                        .formatted(environment.name(), token),
                    "nothing was touched. If that is what you want, confirm that name.");
              }
            })
        .within(Duration.ofMinutes(2))
        .onFailure(FailurePolicy.ABORT);
  }

  private void requireNothingLeft(List<Container> containers) {
    List<String> left =
        Stream.concat(
                containers.stream().map(it -> "container " + it.name()),
                engine.get().volumes().stream()
                    .filter(it -> it.composeProject().equals(Optional.of(project.name())))
                    .map(it -> "volume " + it.name()))
            .toList();
    if (!left.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "a rebuild is rehearsed where nothing of %s is, and here is %s"
              .formatted(environment.name(), String.join(", ", left)),
          "nothing was touched. Rehearse it on another machine, with the kit.");
    }
  }
}
