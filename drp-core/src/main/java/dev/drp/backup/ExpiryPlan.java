package dev.drp.backup;

import dev.drp.RecoveryException;
import java.util.List;
import java.util.Map;

/**
 * Which backups stay where and which go, and once it is carried out, what came of it.
 *
 * @param decisions about every backup in every storage, newest first
 * @param unfinished what earlier runs left half-done, and is removed too, one line each
 * @param problems what else is in the storages; stays
 * @param failures what could not be removed and why; empty in a plan that is not carried out
 */
public record ExpiryPlan(
    List<RetentionDecision> decisions,
    List<String> unfinished,
    List<CatalogProblem> problems,
    Map<RetentionDecision, RecoveryException> failures) {
  public ExpiryPlan {
    decisions = List.copyOf(decisions);
    unfinished = List.copyOf(unfinished);
    problems = List.copyOf(problems);
    failures = Map.copyOf(failures);
  }

  /** What goes. */
  public List<RetentionDecision> removed() {
    return decisions.stream().filter(decision -> !decision.keep()).toList();
  }
}
