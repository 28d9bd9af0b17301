package dev.drp.recovery;

import dev.drp.ExitStatus;
import dev.drp.recovery.JournalEvent.Act;
import dev.drp.recovery.JournalEvent.AttemptBegan;
import dev.drp.recovery.JournalEvent.AttemptEnded;
import dev.drp.recovery.JournalEvent.Created;
import dev.drp.recovery.JournalEvent.Decided;
import dev.drp.recovery.JournalEvent.PhaseOutline;
import dev.drp.recovery.JournalEvent.Prechecked;
import dev.drp.recovery.JournalEvent.Reached;
import dev.drp.recovery.JournalEvent.StepBegan;
import dev.drp.recovery.JournalEvent.StepEnded;
import dev.drp.recovery.JournalEvent.StepOutline;
import dev.drp.recovery.JournalEvent.UndoingBegan;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One run of a recovery plan, as its journal tells it at one moment. Immutable; a step's change is
 * seen in the next one that is read.
 */
public final class Execution {
  private final Created created;
  private final Map<String, StepProgress> steps = new LinkedHashMap<>();
  private final Map<String, String> values = new LinkedHashMap<>();
  private final Map<MeasuringPoint, Measured> points = new EnumMap<>(MeasuringPoint.class);
  private final List<Decision> decisions = new ArrayList<>();
  private final int tornBytes;
  private ExecutionState state = ExecutionState.IN_PROGRESS;
  private Act act = Act.RUN;
  private @Nullable ExecutionState undoingTo;
  private @Nullable Problem undoingBecause;
  private boolean rolledBack;
  private @Nullable Problem problem;
  private String whatStands = "";
  private int attempts;
  private Instant startedAt = Instant.EPOCH;
  private Instant lastAt = Instant.EPOCH;
  private Duration elapsedBefore = Duration.ZERO;
  private Duration elapsedNow = Duration.ZERO;
  private Duration waited = Duration.ZERO;
  private Duration byPeople = Duration.ZERO;

  /** Steps begun and not ended in this attempt; whether a person does them. */
  private final Map<String, Boolean> atWork = new HashMap<>();

  private String evidence = "";

  private Execution(Created created, int tornBytes) {
    this.created = created;
    this.tornBytes = tornBytes;
    for (PhaseOutline phase : created.phases()) {
      for (StepOutline step : phase.steps()) {
        steps.put(step.name(), new StepProgress(step));
      }
    }
  }

  /**
   * Retells a journal. JOURNAL_DAMAGED when a line says what cannot follow the lines before it.
   *
   * @param running whether somebody writes the journal now
   */
  static Execution of(Path journal, Journal.Contents contents, boolean running) {
    if (contents.lines().isEmpty()
        || !(contents.lines().get(0).event() instanceof Created created)) {
      throw Journal.damaged(journal, 1, "does not say what is executed");
    }
    Execution execution = new Execution(created, contents.tornBytes());
    int number = 0;
    for (Journal.Line line : contents.lines()) {
      number++;
      try {
        execution.apply(line);
      } catch (IllegalStateException e) {
        throw Journal.damaged(journal, number, "cannot be: " + e.getMessage());
      }
    }
    if (!running && execution.state == ExecutionState.IN_PROGRESS) {
      execution.state = ExecutionState.INTERRUPTED;
    }
    return execution;
  }

  private void apply(Journal.Line line) {
    JournalEvent event = line.event();
    if (event instanceof AttemptBegan) {
      atWork.clear();
    } else if (!atWork.isEmpty() && !atWork.containsValue(false)) {
      byPeople = byPeople.plus(line.elapsed()).minus(elapsedNow);
    }
    if (event instanceof Created) {
      if (!evidence.isEmpty()) {
        throw new IllegalStateException("a second beginning");
      }
      startedAt = line.at();
    } else if (event instanceof AttemptBegan began) {
      beginAttempt(line, began);
    } else if (event instanceof Decided decided) {
      decisions.add(decided.decision());
      step(decided.decision().step()).decide(decided.decision());
    } else if (event instanceof Prechecked prechecked) {
      step(prechecked.step()).precheck(prechecked);
    } else if (event instanceof StepBegan began) {
      StepProgress step = step(began.step());
      step.begin(began.state(), line.at());
      atWork.put(began.step(), began.state() == StepState.RUNNING && step.outline.isPerson());
    } else if (event instanceof StepEnded ended) {
      step(ended.step()).end(ended);
      atWork.remove(ended.step());
      values.putAll(ended.values());
    } else if (event instanceof Reached reached) {
      points.put(
          reached.point(),
          reached.instant() == null
              ? new Measured(line.at(), attempts, line.elapsed())
              : new Measured(reached.instant(), 0, Duration.ZERO));
    } else if (event instanceof UndoingBegan undoing) {
      undoingTo = undoing.outcome();
      undoingBecause = undoing.because();
    } else if (event instanceof AttemptEnded ended) {
      become(ended.state());
      problem = ended.problem();
      whatStands = ended.whatStands();
      if (ended.state() == ExecutionState.ROLLED_BACK) {
        undoingTo = null;
        rolledBack = true;
      }
    }
    elapsedNow = line.elapsed();
    lastAt = line.at();
    evidence = line.hash();
  }

  private void beginAttempt(Journal.Line line, AttemptBegan began) {
    if (attempts > 0) {
      if (state != ExecutionState.IN_PROGRESS) {
        become(ExecutionState.IN_PROGRESS);
      }
      if (began.act() == Act.RUN) {
        waited = waited.plus(positive(Duration.between(lastAt, line.at())));
      }
    }
    attempts = began.attempt();
    act = began.act();
    problem = null;
    whatStands = "";
    elapsedBefore = elapsedBefore.plus(elapsedNow);
    for (String step : began.anew()) {
      step(step).anew();
    }
  }

  private static Duration positive(Duration duration) {
    return duration.isNegative() ? Duration.ZERO : duration;
  }

  private void become(ExecutionState next) {
    if (!state.successors().contains(next)) {
      throw new IllegalStateException("the execution went from %s to %s".formatted(state, next));
    }
    state = next;
  }

  private StepProgress step(String name) {
    StepProgress step = steps.get(name);
    if (step == null) {
      throw new IllegalStateException("there is no step " + name);
    }
    return step;
  }

  public ExecutionId id() {
    return new ExecutionId(created.execution());
  }

  /** Name of its recovery plan. */
  public String plan() {
    return created.plan();
  }

  public String application() {
    return created.application();
  }

  public String environment() {
    return created.environment();
  }

  public Mode mode() {
    return created.mode();
  }

  public ExecutionState state() {
    return state;
  }

  public RecoveryObjectives objectives() {
    return new RecoveryObjectives(
        Optional.ofNullable(created.recoveryTimeObjective()),
        Optional.ofNullable(created.recoveryPointObjective()));
  }

  /** What rebuilds its recovery plan. */
  public Map<String, String> arguments() {
    return created.arguments();
  }

  public List<PhaseExecution> phases() {
    return created.phases().stream()
        .map(
            phase ->
                new PhaseExecution(
                    phase.name(),
                    Optional.ofNullable(phase.target()),
                    phase.commit(),
                    phase.steps().stream().map(step -> stepExecution(step.name())).toList()))
        .toList();
  }

  /** All steps, in order. */
  public List<StepExecution> steps() {
    return steps.keySet().stream().map(this::stepExecution).toList();
  }

  /** IllegalStateException when the plan has no such step. */
  public StepExecution stepExecution(String name) {
    return step(name).view();
  }

  StepState stepState(String name) {
    return step(name).state;
  }

  /** What a person decided and nobody has acted upon yet. */
  Optional<Decision> openDecision(String name) {
    return Optional.ofNullable(step(name).decision);
  }

  /** A value that a step recorded. */
  public Optional<String> value(String name) {
    return Optional.ofNullable(values.get(name));
  }

  public List<Decision> decisions() {
    return List.copyOf(decisions);
  }

  /** Why the last attempt ended without success. */
  public Optional<Problem> problem() {
    return Optional.ofNullable(problem);
  }

  /** What is untouched and what is left, said when the last attempt ended; empty otherwise. */
  public String whatStands() {
    return whatStands;
  }

  /** Steps that failed and were gone past. */
  public List<StepExecution> exceptions() {
    return steps().stream().filter(step -> step.state() == StepState.FAILED_IGNORED).toList();
  }

  public int attempts() {
    return attempts;
  }

  public Instant startedAt() {
    return startedAt;
  }

  /** When the last line of the journal was written. */
  public Instant lastAt() {
    return lastAt;
  }

  /** How long attempts ran, by a monotonic clock, less the time of {@link #waitingTime}. */
  public Duration machineTime() {
    return elapsedBefore.plus(elapsedNow).minus(byPeople);
  }

  /**
   * How long it waited for people: between attempts, and while nothing but steps that are theirs
   * was at work.
   */
  public Duration waitingTime() {
    return waited.plus(byPeople);
  }

  public Optional<Instant> reached(MeasuringPoint point) {
    return Optional.ofNullable(points.get(point)).map(Measured::instant);
  }

  /** Time between two points; monotonic where both were reached in the same attempt. */
  public Optional<Duration> between(MeasuringPoint from, MeasuringPoint to) {
    Measured first = points.get(from);
    Measured second = points.get(to);
    if (first == null || second == null) {
      return Optional.empty();
    }
    return Optional.of(
        first.attempt() > 0 && first.attempt() == second.attempt()
            ? second.elapsed().minus(first.elapsed())
            : Duration.between(first.instant(), second.instant()));
  }

  /**
   * The actual recovery time. Of a drill: from its start to the end of validation. In earnest: from
   * the impact where it is known, else from the declaration.
   */
  public Optional<Duration> recoveryTimeActual() {
    if (mode() == Mode.DRILL) {
      return between(MeasuringPoint.EXECUTION_STARTED, MeasuringPoint.READY);
    }
    return between(MeasuringPoint.IMPACT, MeasuringPoint.READY)
        .or(() -> between(MeasuringPoint.DECLARED, MeasuringPoint.READY));
  }

  /**
   * The actual recovery point, as the time whose data is lost; from the impact where known. Zero
   * where the data goes further than that.
   */
  public Optional<Duration> recoveryPointActual() {
    return between(MeasuringPoint.RECOVERY_POINT, MeasuringPoint.IMPACT)
        .or(() -> between(MeasuringPoint.RECOVERY_POINT, MeasuringPoint.DECLARED))
        .map(lost -> lost.isNegative() ? Duration.ZERO : lost);
  }

  public ObjectiveState recoveryTimeObjective() {
    return ObjectiveState.of(objectives().recoveryTime(), recoveryTimeActual());
  }

  public ObjectiveState recoveryPointObjective() {
    return ObjectiveState.of(objectives().recoveryPoint(), recoveryPointActual());
  }

  /** The hash of the journal's last line: with it, every line can be proven unchanged. */
  public String evidence() {
    return evidence;
  }

  /** Length of a torn last line, left by a crash; 0 when there is none. */
  public int tornBytes() {
    return tornBytes;
  }

  /** How the process that ran it should end. */
  public ExitStatus exitStatus() {
    return switch (state) {
      case INTERRUPTED, IN_PROGRESS -> ExitStatus.INTERRUPTED;
      case PAUSED_BY_FAILED_STEP -> ExitStatus.PAUSED;
      case FAILED -> problem == null ? ExitStatus.FAILED : problem.code().exitStatus();
      case COMPLETED_WITH_EXCEPTIONS -> ExitStatus.PARTIAL;
      case AWAITING_COMMIT, COMPLETED ->
          !exceptions().isEmpty()
              ? ExitStatus.PARTIAL
              : objectiveMissed() ? ExitStatus.OBJECTIVE_MISSED : ExitStatus.OK;
      case ROLLED_BACK -> problem == null ? ExitStatus.OK : problem.code().exitStatus();
    };
  }

  private boolean objectiveMissed() {
    return recoveryTimeObjective() == ObjectiveState.MISSED
        || recoveryPointObjective() == ObjectiveState.MISSED;
  }

  Act act() {
    return act;
  }

  /** Where undoing leads; empty while the execution goes forward. */
  Optional<ExecutionState> undoingTo() {
    return Optional.ofNullable(undoingTo);
  }

  Optional<Problem> undoingBecause() {
    return Optional.ofNullable(undoingBecause);
  }

  boolean rolledBack() {
    return rolledBack;
  }

  private record Measured(Instant instant, int attempt, Duration elapsed) {}

  private static final class StepProgress {
    private final StepOutline outline;
    private StepState state;
    private int begun;
    private @Nullable Instant startedAt;
    private @Nullable Duration took;
    private List<Finding> prechecked = List.of();
    private List<Finding> findings = List.of();
    private @Nullable Problem problem;
    private @Nullable Decision decision;

    StepProgress(StepOutline outline) {
      this.outline = outline;
      this.state = outline.applies() ? StepState.NOT_STARTED : StepState.SKIPPED;
    }

    void become(StepState next) {
      if (!state.successors().contains(next)) {
        throw new IllegalStateException(
            "step %s went from %s to %s".formatted(outline.name(), state, next));
      }
      state = next;
    }

    void anew() {
      if (state != StepState.NOT_STARTED) {
        become(StepState.NOT_STARTED);
      }
    }

    void decide(Decision newDecision) {
      decision = newDecision;
    }

    void precheck(Prechecked event) {
      prechecked = event.findings();
      problem = event.problem();
    }

    void begin(StepState next, Instant at) {
      become(next);
      if (next == StepState.RUNNING) {
        begun++;
        findings = List.of();
      }
      decision = null;
      startedAt = at;
      took = null;
      problem = null;
    }

    void end(StepEnded event) {
      become(event.state());
      decision = null;
      took = event.took();
      problem = event.problem();
      if (event.state() != StepState.UNDONE && event.state() != StepState.UNDO_FAILED) {
        findings = event.findings();
      }
    }

    StepExecution view() {
      List<Finding> all = new ArrayList<>(prechecked);
      all.addAll(findings);
      return new StepExecution(
          outline.name(),
          outline.explanation(),
          state,
          outline.isPerson(),
          Optional.ofNullable(outline.group()),
          begun,
          Optional.ofNullable(startedAt),
          Optional.ofNullable(took),
          all,
          Optional.ofNullable(problem));
    }
  }
}
