package dev.drp.recovery;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.recovery.JournalEvent.Act;
import dev.drp.recovery.JournalEvent.Created;
import dev.drp.recovery.JournalEvent.PhaseOutline;
import dev.drp.recovery.JournalEvent.StepOutline;
import dev.drp.state.StateLock;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Executes recovery plans, step by step, with a journal from which each execution can be resumed.
 *
 * <p>A call returns when the execution ends, pauses or is interrupted; how it went is in the
 * result, not in an exception. Exceptions mean that nothing was begun: LOCKED, USAGE,
 * JOURNAL_DAMAGED. To stop an execution, interrupt the thread that runs it: the running step is
 * interrupted, cleanup runs, and the journal says so. Safe for concurrent use.
 */
public final class RecoveryEngine {
  private final Executions executions;
  private final Clock clock;
  private final Duration grace;

  public RecoveryEngine(Executions executions, Clock clock) {
    this(executions, clock, Duration.ofSeconds(30));
  }

  /**
   * @param grace how long interrupted work may take to end
   */
  RecoveryEngine(Executions executions, Clock clock, Duration grace) {
    this.executions = requireNonNull(executions, "executions");
    this.clock = requireNonNull(clock, "clock");
    this.grace = requireNonNull(grace, "grace");
  }

  /** Puts a plan into words, with forecasts from past executions. Reaches for nothing. */
  public Explanation explain(RecoveryPlan plan, Mode mode) {
    return executions.explain(plan, mode);
  }

  /**
   * Executes a plan. {@link Mode#PLAN} executes nothing: see {@link #explain}.
   *
   * @throws RecoveryException LOCKED when another execution acts on the environment
   */
  @SuppressWarnings("try") // locks are held, not used
  public Execution execute(RecoveryPlan plan, Mode mode, ExecutionListener listener) {
    if (mode == Mode.PLAN) {
      throw new IllegalArgumentException("mode PLAN executes nothing; explain the plan");
    }
    Instant now = clock.instant();
    ExecutionId id = ExecutionId.draw(now);
    try (Environment environment = Environment.lock(executions, plan, mode, id, now);
        StateLock lock = executions.lock(id, now);
        Journal journal = Journal.create(executions.journal(id), clock)) {
      Journal.Line first = journal.append(created(id, plan, mode));
      return new Attempt(
              plan,
              executions.journal(id),
              journal,
              new Journal.Contents(List.of(first), 0),
              executions.requests(id),
              listener,
              grace)
          .run(Act.RUN, List.of(), null);
    } finally {
      plan.close();
    }
  }

  /**
   * Goes on with an execution that was interrupted or paused. A step that failed, or whose outcome
   * is not known, is probed before it is done again, unless a decision says otherwise.
   *
   * @param decisions about steps that failed or whose outcome is not known; recorded
   * @param planOf rebuilds the plan, from {@link Execution#plan()} and {@link
   *     Execution#arguments()}
   * @throws RecoveryException USAGE when there is nothing to resume or a decision does not fit;
   *     LOCKED when it runs
   */
  public Execution resume(
      ExecutionId id,
      List<Decision> decisions,
      Function<Execution, RecoveryPlan> planOf,
      ExecutionListener listener) {
    return goOn(
        id,
        before -> {
          switch (before.state()) {
            case PAUSED_BY_FAILED_STEP, INTERRUPTED -> {}
            case IN_PROGRESS,
                AWAITING_COMMIT,
                COMPLETED,
                COMPLETED_WITH_EXCEPTIONS,
                FAILED,
                ROLLED_BACK ->
                throw cannot(before, "resumed", "only what was paused or interrupted goes on.");
          }
          return before.undoingTo().isPresent() ? Act.UNDO : before.act();
        },
        decisions,
        null,
        planOf,
        listener);
  }

  /**
   * Says that a step that waits for a person is approved, or done. It may be said before it is
   * asked for. The process that runs the execution goes on by itself; one that is paused, when it
   * is resumed.
   *
   * @param step its name; empty for the one that waits, or the next that will
   * @param by who says so
   * @param reason why; it is recorded, and may be empty
   * @return the step's name
   * @throws RecoveryException USAGE when no such step waits or will wait
   */
  public String approve(ExecutionId id, Optional<String> step, String by, String reason) {
    Execution execution = executions.show(id);
    if (by.isBlank()) {
      throw new RecoveryException(
          ErrorCode.USAGE, "nobody is named who approves", "say who you are.");
    }
    switch (execution.state()) {
      case IN_PROGRESS, PAUSED_BY_FAILED_STEP, INTERRUPTED -> {}
      case AWAITING_COMMIT, COMPLETED, COMPLETED_WITH_EXCEPTIONS, FAILED, ROLLED_BACK ->
          throw cannot(execution, "approved", "only what is not at its end waits for people.");
    }
    List<String> waiting =
        execution.steps().stream()
            .filter(it -> it.forPerson() && !it.state().settled())
            .map(StepExecution::name)
            .toList();
    String approved =
        waiting.stream()
            .filter(it -> step.isEmpty() || step.get().equals(it))
            .findFirst()
            .orElseThrow(
                () ->
                    new RecoveryException(
                        ErrorCode.USAGE,
                        "%s of execution %s waits for no approval"
                            .formatted(step.map("step "::concat).orElse("no step"), id),
                        waiting.isEmpty()
                            ? "look at the execution: all such steps are behind it."
                            : "these do, or will: " + String.join(", ", waiting)));
    executions.requests(id).approve(approved, new Requests.Word(by, reason, clock.instant()));
    return approved;
  }

  /**
   * Gives an execution up: the running step is interrupted, and what can be undone is undone, last
   * first. One that runs elsewhere is asked to, and does it by itself: then this returns at once.
   * One that is paused, interrupted or awaits its commit is undone here.
   *
   * @param by who says so
   * @param reason why; it is recorded
   * @throws RecoveryException USAGE when it is at its end
   */
  public Execution abort(
      ExecutionId id,
      String by,
      String reason,
      Function<Execution, RecoveryPlan> planOf,
      ExecutionListener listener) {
    Requests.Word word = new Requests.Word(by, reason, clock.instant());
    if (executions.show(id).state() == ExecutionState.IN_PROGRESS) {
      executions.requests(id).abort(word);
      return executions.show(id);
    }
    Execution undone = undo(id, Attempt.aborted(word), planOf, listener);
    executions.requests(id).forgetAbort();
    return undone;
  }

  /**
   * Takes the way back: undoes, last first, what an execution did that is paused, interrupted or
   * awaits its commit.
   */
  public Execution undo(
      ExecutionId id, Function<Execution, RecoveryPlan> planOf, ExecutionListener listener) {
    return undo(id, null, planOf, listener);
  }

  private Execution undo(
      ExecutionId id,
      @Nullable Problem because,
      Function<Execution, RecoveryPlan> planOf,
      ExecutionListener listener) {
    return goOn(
        id,
        before -> {
          boolean wayBack =
              switch (before.state()) {
                case PAUSED_BY_FAILED_STEP, INTERRUPTED, AWAITING_COMMIT ->
                    before.act() != Act.COMMIT;
                case IN_PROGRESS, COMPLETED, COMPLETED_WITH_EXCEPTIONS, FAILED, ROLLED_BACK ->
                    false;
              };
          if (!wayBack) {
            throw cannot(before, "undone", "the way back is open until the commit only.");
          }
          return Act.UNDO;
        },
        List.of(),
        because,
        planOf,
        listener);
  }

  /** Gives up the way back of an execution that awaits its commit, or was rolled back. */
  public Execution commit(
      ExecutionId id, Function<Execution, RecoveryPlan> planOf, ExecutionListener listener) {
    return goOn(
        id,
        before -> {
          switch (before.state()) {
            case AWAITING_COMMIT, ROLLED_BACK -> {}
            case IN_PROGRESS,
                PAUSED_BY_FAILED_STEP,
                INTERRUPTED,
                COMPLETED,
                COMPLETED_WITH_EXCEPTIONS,
                FAILED ->
                throw cannot(
                    before, "committed", "only what is complete and waits for it is committed.");
          }
          return Act.COMMIT;
        },
        List.of(),
        null,
        planOf,
        listener);
  }

  @SuppressWarnings("try") // locks are held, not used
  private Execution goOn(
      ExecutionId id,
      Function<Execution, Act> actOf,
      List<Decision> decisions,
      @Nullable Problem because,
      Function<Execution, RecoveryPlan> planOf,
      ExecutionListener listener) {
    // Says that it does not exist before a lock file is made for it.
    executions.show(id);
    Instant now = clock.instant();
    try (StateLock lock = executions.lock(id, now)) {
      Path file = executions.journal(id);
      Journal.Contents contents = Journal.read(file);
      Execution before = Execution.of(file, contents, false);
      Act act = actOf.apply(before);
      decisions.forEach(decision -> check(before, decision));
      RecoveryPlan plan = planOf.apply(before);
      try (Environment environment = Environment.lock(executions, plan, before.mode(), id, now)) {
        checkSame(before, plan);
        try (Journal journal = Journal.append(file, contents, clock)) {
          return new Attempt(
                  plan, file, journal, contents, executions.requests(id), listener, grace)
              .run(act, decisions, because);
        }
      } finally {
        plan.close();
      }
    }
  }

  private static RecoveryException cannot(Execution execution, String what, String hint) {
    return new RecoveryException(
        ErrorCode.USAGE,
        "execution %s cannot be %s: it is %s".formatted(execution.id(), what, execution.state()),
        hint);
  }

  private static void check(Execution before, Decision decision) {
    boolean fits =
        before.steps().stream()
            .filter(step -> step.name().equals(decision.step()))
            .anyMatch(
                step ->
                    switch (step.state()) {
                      case RUNNING, FAILED, TIMED_OUT, UNKNOWN -> true;
                      case NOT_STARTED -> decision.kind() == Decision.Kind.IGNORE;
                      case SUCCEEDED,
                          ALREADY_DONE,
                          FAILED_IGNORED,
                          SKIPPED,
                          UNDOING,
                          UNDONE,
                          UNDO_FAILED ->
                          false;
                    });
    if (!fits) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "there is nothing to decide about step %s of execution %s"
              .formatted(decision.step(), before.id()),
          "decide about steps that failed or whose outcome is not known: "
              + before.steps().stream()
                  .filter(step -> step.problem().isPresent() && !step.state().settled())
                  .map(StepExecution::name)
                  .toList());
    }
  }

  private static void checkSame(Execution before, RecoveryPlan plan) {
    Set<String> journaled =
        before.steps().stream().map(StepExecution::name).collect(Collectors.toSet());
    Set<String> planned = plan.allSteps().map(Step::name).collect(Collectors.toSet());
    if (!journaled.equals(planned)) {
      Set<String> differing = new java.util.TreeSet<>(journaled);
      differing.addAll(planned);
      differing.removeIf(name -> journaled.contains(name) && planned.contains(name));
      throw new RecoveryException(
          ErrorCode.USAGE,
          "execution %s began with another recovery plan: its steps differ in %s"
              .formatted(before.id(), differing),
          "go on with the plan and the version of this tool that began it.");
    }
  }

  private static Created created(ExecutionId id, RecoveryPlan plan, Mode mode) {
    List<PhaseOutline> phases = new ArrayList<>();
    for (Phase phase : plan.phases()) {
      phases.add(outline(phase, false, mode));
    }
    if (!plan.commit().isEmpty()) {
      phases.add(outline(Executions.commitPhase(plan), true, mode));
    }
    return new Created(
        Journal.FORMAT,
        id.value(),
        plan.name(),
        plan.application(),
        plan.environment(),
        mode,
        plan.objectives().recoveryTime().orElse(null),
        plan.objectives().recoveryPoint().orElse(null),
        plan.arguments(),
        phases);
  }

  private static PhaseOutline outline(Phase phase, boolean commit, Mode mode) {
    return new PhaseOutline(
        phase.name(),
        phase.target().orElse(null),
        commit,
        phase.steps().stream()
            .map(
                step ->
                    new StepOutline(
                        step.name(),
                        step.explanation(),
                        step.appliesTo(mode),
                        step.isForPerson() ? true : null,
                        step.group().orElse(null)))
            .toList());
  }

  /** The environment, held while an execution acts on it; a check acts on nothing. */
  private record Environment(List<StateLock> held) implements AutoCloseable {
    static Environment lock(
        Executions executions, RecoveryPlan plan, Mode mode, ExecutionId id, Instant now) {
      List<StateLock> held = new ArrayList<>();
      Environment environment = new Environment(held);
      try {
        for (Mode other : Mode.values()) {
          boolean locks = other == mode || (plan.isInPlace() && other == Mode.RECOVERY);
          if (locks && mode != Mode.CHECK) {
            held.add(
                executions.lockEnvironment(plan.application(), plan.environment(), other, id, now));
          }
        }
        return environment;
      } catch (RecoveryException e) {
        environment.close();
        throw e;
      }
    }

    @Override
    public void close() {
      held.forEach(StateLock::close);
    }
  }
}
