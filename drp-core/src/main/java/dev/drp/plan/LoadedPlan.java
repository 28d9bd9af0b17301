package dev.drp.plan;

import static java.util.stream.Collectors.joining;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What came of reading a plan file.
 *
 * @param file where it was read from
 * @param plan the plan, unless there is an error
 * @param problems everything that is wrong with it, in the order of the file
 * @param notActedOn what it says and nothing executes yet, in the order of the file
 * @param lines the line, from 1, of every property path in the file
 */
public record LoadedPlan(
    Path file,
    Optional<ContingencyPlan> plan,
    List<PlanProblem> problems,
    List<NotActedOn> notActedOn,
    Map<String, Integer> lines) {
  public LoadedPlan {
    problems = List.copyOf(problems);
    notActedOn = List.copyOf(notActedOn);
    lines = Map.copyOf(lines);
  }

  /** The line of a property, or of the nearest section around it that the file has. */
  public OptionalInt line(String path) {
    for (String at = path; !at.isEmpty(); at = parent(at)) {
      Integer line = lines.get(at);
      if (line != null) {
        return OptionalInt.of(line);
      }
    }
    return OptionalInt.empty();
  }

  private static String parent(String path) {
    return path.substring(0, Math.max(0, Math.max(path.lastIndexOf('.'), path.lastIndexOf('['))));
  }

  /**
   * The plan, for work that needs one.
   *
   * @throws RecoveryException with PLAN_INVALID that lists all errors
   */
  public ContingencyPlan orThrow() {
    return plan.orElseThrow(
        () ->
            new RecoveryException(
                ErrorCode.PLAN_INVALID,
                problems.stream()
                    .filter(problem -> problem.severity() == PlanProblem.Severity.ERROR)
                    .map(problem -> "\n  " + problem)
                    .collect(joining("", "plan %s has errors:".formatted(file), "")),
                "correct the file; `drp plan check` looks at it again."));
  }
}
