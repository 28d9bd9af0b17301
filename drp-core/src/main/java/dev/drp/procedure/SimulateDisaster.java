package dev.drp.procedure;

import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Mode;
import dev.drp.recovery.Phase;
import dev.drp.recovery.RecoveryPlan;
import dev.drp.recovery.Step;
import java.util.List;

/**
 * The quarterly disaster: on an environment that may be down, the services are stopped, the data is
 * restored from a backup as after its loss, the time is taken until it answers, and everything is
 * put back as it was, whatever came of it.
 */
final class SimulateDisaster {
  static final String NAME = "simulate";

  private SimulateDisaster() {}

  /**
   * @param disaster what stops the services
   * @param unshared refuses an environment that shares something with a protected one
   * @param restore of the database, or of its whole server; its first phase changes nothing
   */
  static RecoveryPlan plan(
      RecoveryPlan.Builder builder,
      Stack stack,
      Step disaster,
      Step unshared,
      MigrationSteps migrations,
      RecoveryPlan restore) {
    List<Phase> phases = restore.phases();
    builder
        .rehearsal()
        .takingOver(restore)
        .phase(
            "guard",
            stack.requireUnprotected(Mode.CHECK, Mode.DRILL, Mode.RECOVERY),
            unshared,
            stack.look())
        .phase(aborting(phases.get(0)))
        .phase("disaster", disaster);
    phases.subList(1, phases.size()).forEach(phase -> builder.phase(aborting(phase)));
    migrations.addTo(builder, SimulateDisaster::aborting);
    return builder
        .phase(
            "resume",
            stack.startWriters().onFailure(FailurePolicy.ABORT),
            stack.answers().checkAnswers().onFailure(FailurePolicy.ABORT))
        .build();
  }

  /** Nobody is to be asked: what fails ends the simulation, and all is put back. */
  private static Phase aborting(Phase phase) {
    return new Phase(
        phase.name(),
        phase.target(),
        phase.steps().stream().map(step -> step.onFailure(FailurePolicy.ABORT)).toList());
  }
}
