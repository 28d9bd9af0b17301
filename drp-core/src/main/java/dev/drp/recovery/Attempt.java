package dev.drp.recovery;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.recovery.JournalEvent.Act;
import dev.drp.recovery.JournalEvent.AttemptBegan;
import dev.drp.recovery.JournalEvent.AttemptEnded;
import dev.drp.recovery.JournalEvent.Decided;
import dev.drp.recovery.JournalEvent.Prechecked;
import dev.drp.recovery.JournalEvent.Reached;
import dev.drp.recovery.JournalEvent.StepBegan;
import dev.drp.recovery.JournalEvent.StepEnded;
import dev.drp.recovery.JournalEvent.UndoingBegan;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt at an execution: from where its journal ends to an end, a pause or an interruption.
 */
final class Attempt {
  private static final Logger log = LoggerFactory.getLogger(Attempt.class);
  private static final Duration PAUSE = Duration.ofMillis(200);

  private final RecoveryPlan plan;
  private final Path file;
  private final Journal journal;
  private final List<Journal.Line> lines;
  private final int droppedBytes;
  private final Requests requests;
  private final ExecutionListener listener;
  private final Duration grace;
  private Execution execution;

  /**
   * @param contents the journal so far, its first line included
   * @param grace how long interrupted work may take to end
   */
  Attempt(
      RecoveryPlan plan,
      Path file,
      Journal journal,
      Journal.Contents contents,
      Requests requests,
      ExecutionListener listener,
      Duration grace) {
    this.plan = plan;
    this.file = file;
    this.journal = journal;
    this.lines = new ArrayList<>(contents.lines());
    this.droppedBytes = contents.tornBytes();
    this.requests = requests;
    this.listener = listener;
    this.grace = grace;
    this.execution = retell();
  }

  private Execution retell() {
    return Execution.of(file, new Journal.Contents(lines, 0), true);
  }

  /** Every change of state goes through here: first on disk, then it is so. */
  private synchronized void write(JournalEvent event) {
    lines.add(journal.append(event));
    execution = retell();
  }

  private synchronized Execution now() {
    return execution;
  }

  /**
   * @param because why it goes backwards, where it does
   */
  Execution run(Act act, List<Decision> decisions, @Nullable Problem because) {
    boolean startsOver = begin(act);
    if (startsOver) {
      write(new Reached(MeasuringPoint.EXECUTION_STARTED, null));
    }
    if (act == Act.UNDO && now().undoingTo().isEmpty()) {
      write(new UndoingBegan(ExecutionState.ROLLED_BACK, because));
    }
    decisions.forEach(this::decide);
    listener.started(now());
    Ending ending =
        switch (act) {
          case RUN -> forwardUnlessAborted();
          case UNDO -> backward();
          case COMMIT -> commit();
        };
    boolean interrupted = Thread.interrupted();
    if (act != Act.COMMIT && ending.state() != ExecutionState.PAUSED_BY_FAILED_STEP) {
      ending = cleanUp(ending);
    }
    end(ending);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    listener.ended(now());
    return now();
  }

  /** Returns whether this attempt is the first, or does everything that counts anew. */
  private boolean begin(Act act) {
    int number = now().attempts() + 1;
    List<String> anew = new ArrayList<>();
    boolean ephemeral = false;
    boolean unfinished =
        act == Act.RUN && plan.forward().stream().anyMatch(step -> !state(step).settled());
    if (unfinished) {
      for (Step step : plan.forward()) {
        boolean begun = state(step) != StepState.NOT_STARTED && state(step) != StepState.SKIPPED;
        ephemeral |= begun && step.isEphemeral();
        if (ephemeral && begun) {
          anew.add(step.name());
        }
      }
      for (Step step : plan.cleanup()) {
        if (state(step) != StepState.NOT_STARTED && state(step) != StepState.SKIPPED) {
          anew.add(step.name());
        }
      }
    }
    write(
        new AttemptBegan(
            number, act, hostName(), ProcessHandle.current().pid(), anew, droppedBytes));
    if (number == 1) {
      write(new Reached(MeasuringPoint.DECLARED, null));
    }
    return number == 1 || ephemeral;
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "unknown";
    }
  }

  private void decide(Decision decision) {
    write(new Decided(decision));
    switch (decision.kind()) {
      case RETRY -> {}
      case DONE -> settle(decision, StepState.ALREADY_DONE);
      case IGNORE -> settle(decision, StepState.FAILED_IGNORED);
    }
  }

  private void settle(Decision decision, StepState state) {
    StepExecution step = now().stepExecution(decision.step());
    write(
        new StepEnded(
            step.name(),
            state,
            step.took().orElse(Duration.ZERO),
            Map.of(),
            step.findings(),
            step.problem().orElse(null)));
  }

  private Ending forwardUnlessAborted() {
    AbortWatch watch = new AbortWatch(requests, Thread.currentThread());
    Ending ending;
    try (watch) {
      ending = forward();
    }
    Optional<Requests.Word> abort = watch.heard();
    if (abort.isEmpty()) {
      return ending;
    }
    Thread.interrupted(); // that was the watch
    boolean ended =
        ending.state() != ExecutionState.INTERRUPTED
            && ending.state() != ExecutionState.PAUSED_BY_FAILED_STEP;
    if (!ended && now().undoingTo().isEmpty()) {
      write(new UndoingBegan(ExecutionState.ROLLED_BACK, aborted(abort.get())));
    }
    requests.forgetAbort();
    return ended ? ending : backward();
  }

  static Problem aborted(Requests.Word word) {
    return new Problem(
        ErrorCode.INTERRUPTED,
        "aborted by " + word,
        "what could be undone was undone; begin a new execution when you want to go on.");
  }

  private Ending forward() {
    boolean prechecked = false;
    for (Group<Step> group : plan.groups()) {
      if (!prechecked && due(group).stream().anyMatch(Step::changes)) {
        Optional<Ending> ending = precheckAll();
        if (ending.isPresent()) {
          return ending.get();
        }
        prechecked = true;
      }
      Optional<Ending> stopped = GroupRun.of(due(group), this::perform);
      if (stopped.isPresent()) {
        return ending(stopped.get());
      }
    }
    return now().mode() == Mode.CHECK ? precheckAll().orElseGet(this::done) : done();
  }

  /** What is left to be done of a group. */
  private List<Step> due(Group<Step> group) {
    return group.steps().stream()
        .filter(step -> !state(step).settled())
        .filter(step -> !step.changes() || now().mode() != Mode.CHECK)
        .toList();
  }

  /** What comes of steps that cannot go on: the way back where they abort. */
  private Ending ending(Ending stopped) {
    if (stopped.state() != ExecutionState.FAILED || now().mode() == Mode.CHECK) {
      return stopped;
    }
    write(new UndoingBegan(ExecutionState.FAILED, stopped.problem()));
    return backward();
  }

  private Ending done() {
    if (plan.isRehearsal(now().mode()) && now().act() != Act.COMMIT) {
      write(new UndoingBegan(ExecutionState.COMPLETED, null));
      return backward();
    }
    if (now().rolledBack()) {
      return new Ending(ExecutionState.ROLLED_BACK, null);
    }
    boolean waits =
        now().act() == Act.RUN && now().mode() == Mode.RECOVERY && !plan.commit().isEmpty();
    if (waits) {
      return new Ending(ExecutionState.AWAITING_COMMIT, null);
    }
    return new Ending(
        now().exceptions().isEmpty()
            ? ExecutionState.COMPLETED
            : ExecutionState.COMPLETED_WITH_EXCEPTIONS,
        null);
  }

  private Ending commit() {
    Optional<Ending> stopped = performAll(plan.commit());
    if (stopped.isPresent()) {
      return stopped.get();
    }
    write(new Reached(MeasuringPoint.COMMITTED, null));
    return done();
  }

  /** The steps that are not done yet; an ending when the execution cannot go on. */
  private Optional<Ending> performAll(List<Step> steps) {
    for (Step step : steps) {
      if (!state(step).settled()) {
        Optional<Ending> stopped = perform(step);
        if (stopped.isPresent()) {
          return stopped.map(this::ending);
        }
      }
    }
    return Optional.empty();
  }

  /** In mode CHECK all of them, else up to the first that fails. */
  private Optional<Ending> precheckAll() {
    List<Problem> problems = new ArrayList<>();
    for (Step step : plan.forward()) {
      if (step.precheck().isEmpty() || state(step) != StepState.NOT_STARTED) {
        continue;
      }
      Context context = new Context();
      Step.Action precheck = step.precheck().get();
      StepRun<String> run = inThread(step, context, () -> precheck.run(context));
      if (run.end() == StepRun.End.INTERRUPTED) {
        return Optional.of(Ending.interrupted("checking step " + step.name()));
      }
      Problem problem = problemOf(step, run);
      if (problem != null || !context.findings.isEmpty()) {
        write(new Prechecked(step.name(), context.findings, problem));
      }
      if (problem == null) {
        continue;
      }
      if (step.onFailure() == FailurePolicy.CONTINUE && now().mode() != Mode.CHECK) {
        end(step, StepState.FAILED_IGNORED, run, context, problem);
        continue;
      }
      problems.add(problem);
      if (now().mode() != Mode.CHECK) {
        break;
      }
    }
    if (problems.isEmpty()) {
      return Optional.empty();
    }
    boolean changed =
        plan.forward().stream().anyMatch(step -> step.changes() && state(step).mayHaveEffect());
    return Optional.of(
        new Ending(
            changed ? ExecutionState.PAUSED_BY_FAILED_STEP : ExecutionState.FAILED,
            problems.get(0)));
  }

  /**
   * Does a step, unless it turns out to be done. An ending when the execution cannot go on: FAILED
   * when it is to abort. Safe for concurrent use with several steps.
   */
  private Optional<Ending> perform(Step step) {
    if (Thread.currentThread().isInterrupted()) {
      return Optional.of(Ending.interrupted("about to begin step " + step.name()));
    }
    boolean retry =
        now()
            .openDecision(step.name())
            .filter(decision -> decision.kind() == Decision.Kind.RETRY)
            .isPresent();
    if (state(step) != StepState.NOT_STARTED && !retry) {
      Optional<Step.Outcome> found = probe(step);
      if (found.isEmpty()) {
        return Optional.of(Ending.interrupted("finding out about step " + step.name()));
      }
      if (found.get() == Step.Outcome.DONE) {
        return Optional.empty();
      }
      if (found.get() == Step.Outcome.UNKNOWN) {
        return Optional.of(
            new Ending(
                ExecutionState.PAUSED_BY_FAILED_STEP,
                now().stepExecution(step.name()).problem().orElse(null)));
      }
    }
    begin(step, StepState.RUNNING);
    Context context = new Context();
    StepRun<String> run =
        inThread(
            step,
            context,
            () -> {
              if (step.isForPerson()) {
                awaitPerson(step, context);
              } else {
                step.action().run(context);
              }
            });
    return switch (run.end()) {
      case RETURNED -> {
        end(step, StepState.SUCCEEDED, run, context, null);
        if (step.isForPerson()) {
          requests.forgetApproval(step.name());
        }
        yield Optional.empty();
      }
      case INTERRUPTED -> {
        Ending ending = Ending.interrupted("running step " + step.name());
        end(step, StepState.UNKNOWN, run, context, ending.problem());
        yield Optional.of(ending);
      }
      case THREW -> failed(step, StepState.FAILED, run, context);
      case TIMED_OUT -> failed(step, StepState.TIMED_OUT, run, context);
    };
  }

  private void awaitPerson(Step step, Context context) throws InterruptedException {
    Optional<Requests.Word> word = requests.approvalOf(step.name());
    while (word.isEmpty()) {
      Thread.sleep(PAUSE.toMillis());
      word = requests.approvalOf(step.name());
    }
    context.found(
        Finding.check("approved", "", "at %s by %s".formatted(word.get().at(), word.get()), true));
  }

  /** What became of an earlier attempt at the step, written to the journal; empty: interrupted. */
  private Optional<Step.Outcome> probe(Step step) {
    Context context = new Context();
    Step.Outcome[] outcome = {Step.Outcome.UNKNOWN};
    StepRun<String> run = inThread(step, context, () -> outcome[0] = step.probe().look(context));
    if (run.end() == StepRun.End.INTERRUPTED) {
      return Optional.empty();
    }
    Step.Outcome found = run.end() == StepRun.End.RETURNED ? outcome[0] : Step.Outcome.UNKNOWN;
    if (found == Step.Outcome.DONE) {
      end(step, StepState.ALREADY_DONE, run, context, null);
    } else if (found == Step.Outcome.UNKNOWN) {
      Problem cause = problemOf(step, run);
      end(
          step,
          StepState.UNKNOWN,
          run,
          context,
          new Problem(
              ErrorCode.STEP_FAILED,
              "whether step %s was done is not known%s"
                  .formatted(step.name(), cause == null ? "" : ": " + cause.problem()),
              "look what is really there, then resume and say whether it is done, to be done again"
                  + " or to be gone past."));
    }
    return Optional.of(found);
  }

  private Optional<Ending> failed(
      Step step, StepState state, StepRun<String> run, Context context) {
    Problem problem = problemOf(step, run);
    FailurePolicy policy = step.onFailure();
    if (run.stillRunning() && policy != FailurePolicy.PAUSE) {
      // Nothing may be built on, or taken back, while the step is still at it.
      policy = FailurePolicy.PAUSE;
    }
    return switch (policy) {
      case CONTINUE -> {
        end(step, StepState.FAILED_IGNORED, run, context, problem);
        yield Optional.empty();
      }
      case PAUSE -> {
        end(step, state, run, context, problem);
        yield Optional.of(
            new Ending(
                now().mode() == Mode.CHECK
                    ? ExecutionState.FAILED
                    : ExecutionState.PAUSED_BY_FAILED_STEP,
                problem));
      }
      case ABORT -> {
        end(step, state, run, context, problem);
        yield Optional.of(new Ending(ExecutionState.FAILED, problem));
      }
    };
  }

  /** Undoes what may have had an effect, last first. */
  private Ending backward() {
    ExecutionState outcome = now().undoingTo().orElseThrow();
    @Nullable Problem left = null;
    List<Step> steps = new ArrayList<>(plan.forward());
    java.util.Collections.reverse(steps);
    for (Step step : steps) {
      if (step.undo().isEmpty() || !state(step).mayHaveEffect()) {
        continue;
      }
      if (Thread.currentThread().isInterrupted()) {
        return Ending.interrupted("about to undo step " + step.name());
      }
      begin(step, StepState.UNDOING);
      Context context = new Context();
      Step.Action undo = step.undo().get();
      StepRun<String> run = inThread(step, context, () -> undo.run(context));
      Problem problem = problemOf(step, run);
      end(step, problem == null ? StepState.UNDONE : StepState.UNDO_FAILED, run, context, problem);
      if (run.end() == StepRun.End.INTERRUPTED) {
        return Ending.interrupted("undoing step " + step.name());
      }
      if (problem == null) {
        continue;
      }
      // Whoever asked for the way back decides how to go on; after a failure nobody is waiting,
      // and each thing undone is one less to clear up by hand. Not so in a rehearsal: its commit
      // gives up what could not be put back.
      if (outcome != ExecutionState.FAILED || plan.isRehearsal(now().mode())) {
        return new Ending(ExecutionState.PAUSED_BY_FAILED_STEP, problem);
      }
      left = left == null ? problem : left;
    }
    // Steps that clean up at the end remove that, too.
    if (left != null && plan.cleanup().isEmpty()) {
      return new Ending(ExecutionState.PAUSED_BY_FAILED_STEP, notAllUndone(left));
    }
    Optional<Ending> stopped =
        plan.isRehearsal(now().mode()) ? performAll(plan.commit()) : Optional.empty();
    return stopped.orElseGet(
        () ->
            new Ending(
                outcome == ExecutionState.COMPLETED && !now().exceptions().isEmpty()
                    ? ExecutionState.COMPLETED_WITH_EXCEPTIONS
                    : outcome,
                now().undoingBecause().orElse(null)));
  }

  private Problem notAllUndone(Problem left) {
    String because = now().undoingBecause().map(it -> it.problem() + "\n").orElse("");
    return new Problem(
        left.code(),
        "%sand what it did could not all be undone: %s".formatted(because, left.problem()),
        "mend what is in the way, then resume: it goes on undoing.");
  }

  private Ending cleanUp(Ending ending) {
    Ending result = ending;
    for (Step step : plan.cleanup()) {
      if (state(step).settled()) {
        continue;
      }
      begin(step, StepState.RUNNING);
      Context context = new Context();
      StepRun<String> run = inThread(step, context, () -> step.action().run(context));
      Problem problem = problemOf(step, run);
      if (problem == null) {
        end(step, StepState.SUCCEEDED, run, context, null);
      } else if (step.onFailure() == FailurePolicy.CONTINUE) {
        end(step, StepState.FAILED_IGNORED, run, context, problem);
        if (result.state() == ExecutionState.COMPLETED) {
          result = new Ending(ExecutionState.COMPLETED_WITH_EXCEPTIONS, problem);
        }
      } else {
        end(step, StepState.FAILED, run, context, problem);
        if (result.problem() == null) {
          result = new Ending(ExecutionState.FAILED, problem);
        }
      }
    }
    return result;
  }

  private void end(Ending ending) {
    if (ending.state().successors().isEmpty()) {
      write(new Reached(MeasuringPoint.CLOSED, null));
    }
    boolean success = ending.problem() == null;
    write(
        new AttemptEnded(ending.state(), ending.problem(), success ? "" : plan.whatStands(now())));
  }

  private synchronized void begin(Step step, StepState state) {
    write(new StepBegan(step.name(), state));
    listener.stepStarted(now(), now().stepExecution(step.name()));
  }

  private synchronized void end(
      Step step, StepState state, StepRun<?> run, Context context, @Nullable Problem problem) {
    write(new StepEnded(step.name(), state, run.took(), context.values, context.findings, problem));
    listener.stepEnded(now(), now().stepExecution(step.name()));
  }

  private StepRun<String> inThread(Step step, Context context, Work work) {
    Callable<String> call =
        () -> {
          work.run();
          return "";
        };
    StepRun<String> run = StepRun.run(step.name(), step.limit(), grace, call);
    context.close();
    if (run.thrown() != null) {
      log.debug("step {} of execution {} failed", step.name(), now().id(), run.thrown());
    }
    return run;
  }

  private static @Nullable Problem problemOf(Step step, StepRun<?> run) {
    return switch (run.end()) {
      case RETURNED -> null;
      case THREW -> Problem.of(java.util.Objects.requireNonNull(run.thrown()));
      case INTERRUPTED ->
          new Problem(
              ErrorCode.INTERRUPTED,
              "interrupted in step " + step.name(),
              "resume the execution; what the step did is found out first.");
      case TIMED_OUT ->
          new Problem(
              ErrorCode.TIMED_OUT,
              "step %s did not end within %s%s"
                  .formatted(
                      step.name(),
                      step.limit(),
                      run.stillRunning() ? " and cannot be stopped" : ""),
              "find out what holds it up, then resume the execution; what the step did is found"
                  + " out first.");
    };
  }

  private StepState state(Step step) {
    return now().stepState(step.name());
  }

  private interface Work {
    void run() throws Exception;
  }

  /** What a running step sees; closed when it ends. */
  private final class Context implements StepContext {
    private final Map<String, String> values = new LinkedHashMap<>();
    private final List<Finding> findings = new ArrayList<>();
    private boolean closed;

    synchronized void close() {
      closed = true;
    }

    private void checkOpen() {
      if (closed) {
        throw new IllegalStateException("the step has ended");
      }
    }

    @Override
    public ExecutionId execution() {
      return now().id();
    }

    @Override
    public Mode mode() {
      return now().mode();
    }

    @Override
    public Execution soFar() {
      return now();
    }

    @Override
    public synchronized void record(String name, String value) {
      checkOpen();
      values.put(name, value);
    }

    @Override
    public synchronized Optional<String> find(String name) {
      return Optional.ofNullable(values.get(name)).or(() -> now().value(name));
    }

    @Override
    public synchronized void found(Finding finding) {
      checkOpen();
      findings.add(finding);
    }

    @Override
    public synchronized void reached(MeasuringPoint point) {
      checkOpen();
      write(new Reached(point, null));
    }

    @Override
    public synchronized void reached(MeasuringPoint point, Instant at) {
      checkOpen();
      write(new Reached(point, at));
    }

    @Override
    public Progress progress() {
      return listener.progress();
    }
  }
}
