package dev.drp.procedure;

import dev.drp.recovery.Mode;
import dev.drp.recovery.RecoveryPlan;

/** Volumes other than the database's are lost or empty: their files come back from a backup. */
final class RecoverVolumes {
  static final String NAME = "volumes";

  private RecoverVolumes() {}

  static RecoveryPlan plan(
      RecoveryPlan.Builder builder, Shares shares, Stack stack, VolumeSteps volumes) {
    return builder
        .inPlace()
        .phase(
            "state",
            shares.of(10),
            stack.requireUnprotected(Mode.DRILL),
            stack.look(),
            volumes.choose())
        .phase("volumes", shares.of(60), volumes.look(), volumes.fill())
        .phase("start", shares.of(20), stack.start())
        .phase("validate", shares.of(10), stack.checkDatabase(), stack.answers().checkAnswers())
        .whatStands(any -> "The database was not touched, nor volumes that have files.")
        .build();
  }
}
