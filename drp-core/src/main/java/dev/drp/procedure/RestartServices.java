package dev.drp.procedure;

import dev.drp.recovery.Mode;
import dev.drp.recovery.RecoveryPlan;

/**
 * The emergency restart: everything is stopped and started again, with the same images and the same
 * data.
 */
final class RestartServices {
  static final String NAME = "restart";

  private RestartServices() {}

  static RecoveryPlan plan(
      RecoveryPlan.Builder builder, Shares shares, Stack stack, ProxySteps proxy) {
    return builder
        .inPlace()
        .phase(
            "state",
            shares.of(10),
            stack.requireUnprotected(Mode.DRILL),
            stack.look(),
            stack.checkVolumes(),
            stack.captureLogs())
        .phase("stop", shares.of(10), stack.stop())
        .phase("start", shares.of(60), stack.start())
        .phase("validate", shares.of(20), stack.checkDatabase(), stack.answers().checkAnswers())
        .phase("proxy", proxy.restartWhereNeeded())
        .whatStands(any -> "Volumes were not touched.")
        .build();
  }
}
