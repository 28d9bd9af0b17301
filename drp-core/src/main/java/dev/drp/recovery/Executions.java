package dev.drp.recovery;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.state.StateDirectory;
import dev.drp.state.StateLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The executions that a state directory knows, read from their journals. Safe for concurrent use.
 */
public final class Executions {
  private static final String JOURNAL = ".jsonl";

  /** Forecasts rest on so many executions at most: a restore must not wait for a year of drills. */
  private static final int PAST = 20;

  private final StateDirectory state;

  public Executions(StateDirectory state) {
    this.state = requireNonNull(state, "state");
  }

  /** All executions, newest first, and what is wrong with journals that cannot be read. */
  public Listing list() {
    List<Execution> executions = new ArrayList<>();
    List<RecoveryException> damaged = new ArrayList<>();
    for (ExecutionId id : ids()) {
      try {
        executions.add(show(id));
      } catch (RecoveryException e) {
        damaged.add(e);
      }
    }
    executions.sort(Comparator.comparing(Execution::startedAt).reversed());
    return new Listing(executions, damaged);
  }

  /** EXECUTION_NOT_FOUND, JOURNAL_DAMAGED or FORMAT_UNKNOWN when it cannot be told. */
  public Execution show(ExecutionId id) {
    Path journal = journal(id);
    // First the lock: one that ends in between is then read to its end.
    boolean running = !StateLock.holder(lock(id)).isEmpty();
    return Execution.of(journal, Journal.read(journal), running);
  }

  /** The newest execution of a plan on an environment that passes the test. */
  public Optional<Execution> newest(
      String plan, String application, String environment, Predicate<Execution> test) {
    return list().executions().stream()
        .filter(e -> e.plan().equals(plan))
        .filter(e -> e.application().equals(application) && e.environment().equals(environment))
        .filter(test)
        .findFirst();
  }

  /** Puts a plan into words, with forecasts from what it took before. Reaches for nothing. */
  public Explanation explain(RecoveryPlan plan, Mode mode) {
    List<Execution> past =
        past(
            plan.name(),
            plan.application(),
            plan.environment(),
            any -> true,
            e -> e.mode() == mode);
    List<Explanation.ExplainedPhase> phases = new ArrayList<>();
    for (Phase phase : plan.phases()) {
      phases.add(explain(phase, false, mode, past));
    }
    if (!plan.commit().isEmpty()) {
      phases.add(explain(commitPhase(plan), true, mode, past));
    }
    return new Explanation(
        plan.name(), plan.environment(), plan.objectives(), plan.outlook(), phases);
  }

  private static Explanation.ExplainedPhase explain(
      Phase phase, boolean commit, Mode mode, List<Execution> past) {
    return new Explanation.ExplainedPhase(
        phase.name(),
        phase.target(),
        commit,
        forecastOfPhase(phase.name(), past),
        forecastsOfGroups(phase, past),
        phase.steps().stream()
            .filter(step -> step.appliesTo(mode))
            .map(step -> explain(step, past))
            .toList());
  }

  private static Explanation.ExplainedStep explain(Step step, List<Execution> past) {
    return new Explanation.ExplainedStep(
        step.name(),
        step.explanation(),
        step.group(),
        step.changes(),
        step.limit(),
        step.onFailure(),
        Stream.of(Mode.values()).filter(step::appliesTo).toList(),
        step.undoExplanation(),
        step.isAlways(),
        forecastOfStep(step.name(), past));
  }

  /**
   * How long executions of a plan took from their first step until what they recovered was ready.
   */
  public Optional<Forecast> untilReady(
      String plan, String application, String environment, Predicate<Execution> which) {
    return Forecast.of(
        past(plan, application, environment, it -> Journal.names(it, MeasuringPoint.READY), which)
            .stream()
            .flatMap(
                e -> e.between(MeasuringPoint.EXECUTION_STARTED, MeasuringPoint.READY).stream())
            .toList());
  }

  /**
   * The newest executions of a plan on an environment that pass the test; damaged ones are not.
   *
   * @param journal whether a journal is worth reading
   * @param which is asked by several threads, as that is
   */
  private List<Execution> past(
      String plan,
      String application,
      String environment,
      Predicate<Path> journal,
      Predicate<Execution> which) {
    List<ExecutionId> newestFirst = new ArrayList<>(ids());
    Collections.reverse(newestFirst);
    List<Execution> found = new ArrayList<>();
    for (int from = 0; from < newestFirst.size() && found.size() < PAST; from += PAST) {
      newestFirst.subList(from, Math.min(newestFirst.size(), from + PAST)).parallelStream()
          .filter(id -> journal.test(journal(id)))
          .filter(
              id ->
                  Journal.created(journal(id))
                      .filter(it -> it.plan().equals(plan) && it.application().equals(application))
                      .filter(it -> it.environment().equals(environment))
                      .isPresent())
          .flatMap(id -> readable(id).stream())
          .filter(which)
          .forEachOrdered(found::add);
    }
    return found.subList(0, Math.min(PAST, found.size()));
  }

  private Optional<Execution> readable(ExecutionId id) {
    try {
      return Optional.of(show(id));
    } catch (RecoveryException e) {
      return Optional.empty(); // a listing tells of it
    }
  }

  private static Optional<Forecast> forecastOfStep(String name, List<Execution> past) {
    return Forecast.of(
        past.stream()
            .flatMap(execution -> execution.steps().stream())
            .filter(step -> step.name().equals(name) && step.state() == StepState.SUCCEEDED)
            .flatMap(step -> step.took().stream())
            .toList());
  }

  /** From executions that went through all of the phase. */
  private static Optional<Forecast> forecastOfPhase(String name, List<Execution> past) {
    return Forecast.of(
        past.stream()
            .flatMap(execution -> execution.phases().stream())
            .filter(phase -> phase.name().equals(name))
            .filter(phase -> phase.steps().stream().allMatch(step -> step.state().settled()))
            .map(PhaseExecution::took)
            .filter(took -> took.compareTo(Duration.ZERO) > 0)
            .toList());
  }

  private static Map<String, Forecast> forecastsOfGroups(Phase phase, List<Execution> past) {
    Map<String, Forecast> forecasts = new LinkedHashMap<>();
    for (Group<Step> group : Group.of(phase.steps(), Step::group)) {
      group
          .name()
          .ifPresent(name -> forecastOfGroup(name, past).ifPresent(it -> forecasts.put(name, it)));
    }
    return forecasts;
  }

  /** From executions that went through all of the group. */
  private static Optional<Forecast> forecastOfGroup(String name, List<Execution> past) {
    return Forecast.of(
        past.stream()
            .flatMap(execution -> execution.phases().stream())
            .flatMap(phase -> phase.groups().stream())
            .filter(group -> group.name().equals(Optional.of(name)))
            .filter(group -> group.steps().stream().allMatch(step -> step.state().settled()))
            .map(PhaseExecution::took)
            .filter(took -> took.compareTo(Duration.ZERO) > 0)
            .toList());
  }

  static Phase commitPhase(RecoveryPlan plan) {
    return new Phase("commit", Optional.empty(), plan.commit());
  }

  Path journal(ExecutionId id) {
    return state.executions().resolve(id + JOURNAL);
  }

  Requests requests(ExecutionId id) {
    return new Requests(state.executions(), id);
  }

  private Path lock(ExecutionId id) {
    return state.executions().resolve(id + ".lock");
  }

  /** Makes the caller the only writer of a journal; LOCKED when there is one already. */
  StateLock lock(ExecutionId id, Instant now) {
    return StateLock.take(lock(id), "the journal of execution " + id, holder(id, now));
  }

  /** Keeps a second execution of that mode off an environment; LOCKED when there is one. */
  StateLock lockEnvironment(
      String application, String environment, Mode mode, ExecutionId id, Instant now) {
    String name = mode.name().toLowerCase(Locale.ROOT);
    return StateLock.take(
        state.environment(application, environment).file(name + ".lock"),
        "executions in mode %s on %s".formatted(name, environment),
        holder(id, now));
  }

  private static String holder(ExecutionId id, Instant now) {
    return "execution %s, process %d on %s, since %s"
        .formatted(
            id,
            ProcessHandle.current().pid(),
            StateDirectory.host(),
            now.truncatedTo(ChronoUnit.SECONDS));
  }

  private List<ExecutionId> ids() {
    try (Stream<Path> files = Files.list(state.executions())) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(JOURNAL))
          .map(name -> name.substring(0, name.length() - JOURNAL.length()))
          .filter(ExecutionId::isOne)
          .map(ExecutionId::new)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "cannot list the executions in %s: %s".formatted(state.executions(), e),
          "check permissions of the state directory.",
          e);
    }
  }

  /**
   * What a listing found.
   *
   * @param executions newest first
   * @param damaged one error for each journal that cannot be read
   */
  public record Listing(List<Execution> executions, List<RecoveryException> damaged) {
    public Listing {
      executions = List.copyOf(executions);
      damaged = List.copyOf(damaged);
    }
  }
}
