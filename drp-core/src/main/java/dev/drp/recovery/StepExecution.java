package dev.drp.recovery;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What became of a step in an execution.
 *
 * @param forPerson whether a person does or approves it
 * @param group the group that it is done with, at the same time; empty: by itself
 * @param begun how many times it was begun
 * @param startedAt when it was begun last
 * @param took how long its last run, or its undo, lasted; empty when that has not ended
 * @param findings what its last run and its precheck found
 * @param problem why it failed last
 */
public record StepExecution(
    String name,
    String explanation,
    StepState state,
    boolean forPerson,
    Optional<String> group,
    int begun,
    Optional<Instant> startedAt,
    Optional<Duration> took,
    List<Finding> findings,
    Optional<Problem> problem) {
  public StepExecution {
    requireNonNull(name, "name");
    requireNonNull(explanation, "explanation");
    requireNonNull(state, "state");
    requireNonNull(group, "group");
    requireNonNull(startedAt, "startedAt");
    requireNonNull(took, "took");
    findings = List.copyOf(findings);
    requireNonNull(problem, "problem");
  }
}
