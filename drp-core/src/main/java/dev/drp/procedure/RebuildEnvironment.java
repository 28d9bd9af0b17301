package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.plan.PlannedRecovery;
import dev.drp.recovery.Mode;
import dev.drp.recovery.Phase;
import dev.drp.recovery.RecoveryPlan;
import dev.drp.recovery.Step;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Everything is lost: on a machine with nothing but a container engine, configuration, images,
 * files in volumes, data and services come back from the storages. What is there is set aside,
 * never removed.
 */
final class RebuildEnvironment {
  static final String NAME = PlannedRecovery.REBUILD;

  /** What steps, values and arguments of the configuration's part begin with. */
  static final String CONFIGURATION = "configuration-";

  /** Steps of a restore of the data that look at the server, which a rebuild has to start first. */
  private static final Set<String> OF_SERVER = Set.of("identify-target", "check-fit");

  static final Duration FIREWALL_LIMIT = Duration.ofMinutes(10);

  private final Stack stack;
  private final ProvidedImages images;
  private final Optional<PlannedProgram> firewall;
  private final Optional<Duration> responseTime;

  /**
   * @param firewall the plan's program for it
   * @param responseTime how long answers may take
   */
  RebuildEnvironment(
      Stack stack,
      ProvidedImages images,
      Optional<PlannedProgram> firewall,
      Optional<Duration> responseTime) {
    this.stack = requireNonNull(stack, "stack");
    this.images = requireNonNull(images, "images");
    this.firewall = requireNonNull(firewall, "firewall");
    this.responseTime = requireNonNull(responseTime, "responseTime");
  }

  /**
   * @param guard refuses a machine on which the environment is alive
   * @param configuration puts files in place; its first phase changes nothing
   * @param volumes puts files into volumes other than the database's
   * @param data restores the database, or its whole server; its first phase changes nothing; empty
   *     where the environment has none
   * @param proxy absent where the environment has none
   */
  RecoveryPlan plan(
      RecoveryPlan.Builder builder,
      Shares shares,
      Step guard,
      RecoveryPlan configuration,
      VolumeSteps volumes,
      Optional<RecoveryPlan> data,
      MigrationSteps migrations,
      Optional<Step> proxy) {
    builder.inPlace().takingOver(configuration);
    data.ifPresent(builder::takingOver);

    builder.phase("checks", shares.of(5), guard);
    builder.phase(configuration.phases().get(0));
    builder.phase("look-at-images", images.look());
    builder.phase("volumes-in-backups", volumes.choose());
    data.ifPresent(it -> builder.phase(preflight(it, false)));

    configuration.phases().stream().skip(1).forEach(builder::phase);
    builder.phase("images", shares.of(20), images.provide());
    builder.phase("volumes", shares.of(20), volumes.look(), volumes.fill());
    if (data.isPresent()) {
      builder.phase("database", shares.of(5), stack.startDatabase());
      builder.phase(preflight(data.get(), true));
      data.get().phases().stream().skip(1).forEach(builder::phase);
      migrations.addTo(builder, UnaryOperator.identity());
    }
    builder.phase("stack", shares.of(10), stack.startRest());
    proxy.ifPresent(it -> builder.phase("proxy", shares.of(5), it));
    firewall.ifPresent(it -> builder.phase("firewall", shares.of(5), firewall(it)));
    return builder
        .phase(
            "validate",
            shares.of(10),
            stack.checkDatabase(),
            stack.answers().checkAnswers(),
            stack.answers().measureAnswers(responseTime))
        .build();
  }

  /** Of the first phase of a restore, what needs the server, or what does not. */
  private static Phase preflight(RecoveryPlan data, boolean ofServer) {
    Phase all = data.phases().get(0);
    return new Phase(
        ofServer ? "target" : "backup",
        Optional.empty(),
        all.steps().stream()
            .filter(step -> OF_SERVER.contains(step.name()) == ofServer)
            .map(step -> ofServer ? step.in(Mode.DRILL, Mode.RECOVERY) : step)
            .toList());
  }

  private static Step firewall(PlannedProgram program) {
    return Step.changing(
            "firewall", "Runs %s; after a crash, again.".formatted(program), program::run)
        .probe(DatabaseRestore::repeatable)
        .within(program.limit().plusMinutes(1));
  }
}
