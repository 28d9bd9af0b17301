package dev.drp.procedure;

import dev.drp.recovery.Mode;
import dev.drp.recovery.RecoveryPlan;

/** The application does not answer: its services are restarted, the database is left alone. */
final class RecoverApplication {
  static final String NAME = "application";

  private RecoverApplication() {}

  static RecoveryPlan plan(RecoveryPlan.Builder builder, Shares shares, Stack stack) {
    return builder
        .inPlace()
        .phase(
            "diagnose",
            shares.of(20),
            stack.requireUnprotected(Mode.DRILL),
            stack.look(),
            stack.captureLogs())
        .phase("restart", shares.of(60), stack.restartEach())
        .phase("validate", shares.of(20), stack.checkDatabase(), stack.answers().checkAnswers())
        .whatStands(any -> "The database was not touched.")
        .build();
  }
}
