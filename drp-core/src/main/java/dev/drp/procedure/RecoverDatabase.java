package dev.drp.procedure;

import dev.drp.recovery.Mode;
import dev.drp.recovery.Phase;
import dev.drp.recovery.RecoveryPlan;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The data is damaged: what writes is stopped, the data of a backup or of an instant is restored
 * beside the damaged one and proven, both are exchanged, and what writes is started again. What is
 * damaged is kept, whole, until somebody commits.
 */
final class RecoverDatabase {
  static final String NAME = "database";

  private RecoverDatabase() {}

  /**
   * @param restore of the database, or of its whole server; its first phase changes nothing
   */
  static RecoveryPlan plan(
      RecoveryPlan.Builder builder,
      Stack stack,
      ProxySteps proxy,
      MigrationSteps migrations,
      RecoveryPlan restore) {
    List<Phase> phases = restore.phases();
    builder
        .rehearsal()
        .takingOver(restore)
        .phase("state", stack.requireUnprotected(Mode.DRILL), stack.look())
        .phase(phases.get(0))
        .phase("containment", proxy.startMaintenance(), stack.captureLogs(), stack.stopWriters());
    phases.subList(1, phases.size()).forEach(builder::phase);
    migrations.addTo(builder, UnaryOperator.identity());
    return builder
        .phase(
            "resume", stack.startWriters(), stack.answers().checkAnswers(), proxy.endMaintenance())
        .build();
  }
}
