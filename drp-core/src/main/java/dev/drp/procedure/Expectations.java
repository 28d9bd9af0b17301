package dev.drp.procedure;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseServer;
import dev.drp.database.ExpectationResult;
import dev.drp.plan.Environment;
import dev.drp.plan.Expectation;
import dev.drp.recovery.Finding;
import dev.drp.recovery.StepContext;
import java.util.ArrayList;
import java.util.List;

/** The plan's expectations of an environment's data. */
final class Expectations {
  private Expectations() {}

  /**
   * Runs all of them, in one snapshot.
   *
   * @param what which data it is, for messages: {@code the restored data}
   * @throws RecoveryException VERIFICATION_FAILED when one is not met, or takes too long
   */
  static void run(
      StepContext context,
      Environment environment,
      DatabaseServer server,
      String name,
      String what) {
    List<Expectation> expectations = environment.requireDatabase().expectations();
    if (expectations.isEmpty()) {
      context.found(Finding.warning("expectations", "the plan has none"));
      return;
    }
    List<String> failed = new ArrayList<>();
    try (ConsistentSnapshot snapshot = server.openSnapshot(name)) {
      for (Expectation expectation : expectations) {
        ExpectationResult result = snapshot.evaluate(expectation);
        String actual =
            "%s (%d ms%s)"
                .formatted(
                    result.actual(), result.took().toMillis(), result.inTime() ? "" : ", too slow");
        boolean met = result.met() && result.inTime();
        context.found(
            new Finding(Finding.Kind.EXPECTATION, result.name(), result.expected(), actual, met));
        if (!met) {
          failed.add("%s: expected %s, is %s".formatted(result.name(), result.expected(), actual));
        }
      }
    }
    if (!failed.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.VERIFICATION_FAILED,
          "%s does not meet %d of %d expectations: %s"
              .formatted(what, failed.size(), expectations.size(), String.join("; ", failed)),
          "compare with what the backup's manifest says of the same expectations when it was"
              + " taken.");
    }
  }
}
