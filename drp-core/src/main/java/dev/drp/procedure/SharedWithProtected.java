package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.DatabaseServer;
import dev.drp.plan.Environment;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import dev.drp.runtime.ComposeProject;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Keeps a simulation away from what belongs to a protected environment, too. */
final class SharedWithProtected {
  private final Environment environment;
  private final ComposeProject project;
  private final Supplier<Set<String>> volumes;
  private final DatabaseConnector databases;

  /**
   * @param volumes those of the environment; asked for when the step runs
   */
  SharedWithProtected(
      Environment environment,
      ComposeProject project,
      Supplier<Set<String>> volumes,
      DatabaseConnector databases) {
    this.environment = requireNonNull(environment, "environment");
    this.project = requireNonNull(project, "project");
    this.volumes = requireNonNull(volumes, "volumes");
    this.databases = requireNonNull(databases, "databases");
  }

  /** Of which environments this one is not to share anything. */
  Step requireUnshared(
      List<Environment> protectedOnes, Function<Environment, ComposeProject> projects) {
    return Step.reading(
            "require-unshared",
            "Refuses to go on when a protected environment has the same Compose project, volume or"
                + " database server.",
            context -> {
              Set<String> own = volumes.get();
              for (Environment other : protectedOnes) {
                Optional<ComposeProject> its = other.compose().map(any -> projects.apply(other));
                if (its.isPresent() && its.get().name().equals(project.name())) {
                  throw shared(other, "Compose project " + project.name());
                }
                Set<String> common = new TreeSet<>(own);
                common.retainAll(volumesOf(other, its));
                if (!common.isEmpty()) {
                  throw shared(other, "volume " + String.join(", ", common));
                }
                requireOtherServer(context, other);
              }
            })
        .within(Duration.ofMinutes(2))
        .onFailure(FailurePolicy.ABORT);
  }

  private static Set<String> volumesOf(Environment other, Optional<ComposeProject> project) {
    Set<String> names =
        other.volumes().stream().map(Environment.Volume::name).collect(Collectors.toSet());
    project.ifPresent(
        it -> {
          it.configuration().volumes().values().forEach(volume -> names.add(volume.name()));
          it.containers().stream()
              .flatMap(container -> container.volumes().stream())
              .forEach(mount -> names.add(mount.volume()));
        });
    return names;
  }

  private void requireOtherServer(StepContext context, Environment other) {
    if (environment.database().isEmpty() || other.database().isEmpty()) {
      return;
    }
    Optional<String> own = systemIdentifier(environment);
    Optional<String> its = systemIdentifier(other);
    if (own.isPresent() && own.equals(its)) {
      throw shared(other, "database server with system identifier " + own.get());
    }
    if (own.isEmpty() || its.isEmpty()) {
      context.found(
          Finding.warning(
              "database server of " + (own.isEmpty() ? environment.name() : other.name()),
              "cannot be asked who it is; project and volumes are others"));
    }
  }

  private Optional<String> systemIdentifier(Environment of) {
    try (DatabaseServer server = databases.connect(of)) {
      return Optional.of(server.facts().systemIdentifier());
    } catch (RecoveryException e) {
      return Optional.empty();
    }
  }

  private RecoveryException shared(Environment other, String what) {
    return new RecoveryException(
        ErrorCode.REFUSED,
        "environment %s shares %s with %s, which is protected"
            .formatted(environment.name(), what, other.name()),
        "nothing was touched. Correct the plan, or give %s its own.".formatted(environment.name()));
  }
}
