package dev.drp.recovery;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One step of a recovery plan. Immutable: each method below the factories gives a changed copy.
 *
 * <p>A step that {@link #reading reads} may be done again at any time. A step that {@link #changing
 * changes} something is never repeated blindly: when it was begun and its outcome is not known, its
 * probe says whether it is done, and without an answer the execution pauses.
 */
public final class Step {
  /** Time limit of a step that sets none. */
  public static final Duration DEFAULT_LIMIT = Duration.ofMinutes(10);

  private final String name;
  private final String explanation;
  private final boolean changes;
  private final Action action;
  private Duration limit = DEFAULT_LIMIT;
  private FailurePolicy onFailure = FailurePolicy.PAUSE;
  private Set<Mode> modes;
  private @Nullable Action precheck;
  private @Nullable Probe probe;
  private @Nullable Action undo;
  private String undoExplanation = "";
  private boolean always;
  private boolean ephemeral;
  private boolean person;
  private @Nullable String group;

  private Step(String name, String explanation, boolean changes, Action action) {
    this.name = requireNonNull(name, "name");
    this.explanation = requireNonNull(explanation, "explanation");
    this.changes = changes;
    this.action = requireNonNull(action, "action");
    this.modes = EnumSet.of(Mode.CHECK, Mode.DRILL, Mode.RECOVERY);
  }

  /**
   * A step that changes nothing, and so also runs in mode {@link Mode#CHECK}.
   *
   * @param name unique in its plan, stable over versions: journals refer to it
   * @param explanation what it does, for {@link Mode#PLAN}; needs no target to be said
   */
  public static Step reading(String name, String explanation, Action action) {
    return new Step(name, explanation, false, action);
  }

  /** A step with an effect; in mode {@link Mode#CHECK} only its precheck runs. */
  public static Step changing(String name, String explanation, Action action) {
    return new Step(name, explanation, true, action);
  }

  /**
   * A step that waits for a person: until somebody says that it is approved, or done. How long that
   * takes is human time, not machine time.
   *
   * @param explanation what is to be approved or done
   */
  public static Step person(String name, String explanation) {
    Step step =
        new Step(
            name,
            explanation,
            true,
            context -> {
              throw new IllegalStateException("it waits for a person");
            });
    step.person = true;
    return step.probe(context -> Outcome.NOT_DONE);
  }

  private Step copy() {
    Step copy = new Step(name, explanation, changes, action);
    copy.limit = limit;
    copy.onFailure = onFailure;
    copy.modes = modes;
    copy.precheck = precheck;
    copy.probe = probe;
    copy.undo = undo;
    copy.undoExplanation = undoExplanation;
    copy.always = always;
    copy.ephemeral = ephemeral;
    copy.person = person;
    copy.group = group;
    return copy;
  }

  /** Ends with TIMED_OUT when it takes longer; the thread it runs in is interrupted. */
  public Step within(Duration newLimit) {
    Step copy = copy();
    copy.limit = requireNonNull(newLimit, "newLimit");
    return copy;
  }

  public Step onFailure(FailurePolicy policy) {
    Step copy = copy();
    copy.onFailure = requireNonNull(policy, "policy");
    return copy;
  }

  /** Applies to these modes only; skipped, and shown as skipped, in all others. */
  public Step in(Mode first, Mode... others) {
    Step copy = copy();
    copy.modes = EnumSet.of(first, others);
    return copy;
  }

  /**
   * Looks, without changing anything, whether the step could be done: throws when not. Every
   * precheck runs before the first step that changes something. It sees the values of the steps
   * before that one.
   */
  public Step precheck(Action check) {
    Step copy = copy();
    copy.precheck = requireNonNull(check, "check");
    return copy;
  }

  /**
   * Finds out, without changing anything, whether an attempt with unknown outcome did the work. It
   * records the values that the step would have recorded.
   */
  public Step probe(Probe newProbe) {
    Step copy = copy();
    copy.probe = requireNonNull(newProbe, "newProbe");
    return copy;
  }

  /**
   * Takes the step back. It may be called for a step that came only half-way, and again after it
   * was interrupted itself.
   */
  public Step undo(String what, Action newUndo) {
    Step copy = copy();
    copy.undoExplanation = requireNonNull(what, "what");
    copy.undo = requireNonNull(newUndo, "newUndo");
    return copy;
  }

  /**
   * Runs at the end of every attempt, whether it completed, failed or was interrupted, but not when
   * it paused: cleanup. May run several times.
   */
  public Step always() {
    Step copy = copy();
    copy.always = true;
    return copy;
  }

  /**
   * What it makes does not outlive an attempt, such as a throw-away server: a later attempt does
   * it, and all steps after it, anew.
   */
  public Step ephemeral() {
    Step copy = copy();
    copy.ephemeral = true;
    return copy;
  }

  /**
   * Is done at the same time as the other steps of this group, which stand beside it in its phase.
   * None may need what another does. What comes after the group begins once all have ended.
   *
   * @param newGroup unique in the plan
   */
  public Step inGroup(String newGroup) {
    Step copy = copy();
    copy.group = requireNonNull(newGroup, "newGroup");
    return copy;
  }

  public String name() {
    return name;
  }

  public String explanation() {
    return explanation;
  }

  public boolean changes() {
    return changes;
  }

  public Duration limit() {
    return limit;
  }

  public FailurePolicy onFailure() {
    return onFailure;
  }

  /** In mode {@link Mode#CHECK} a step that changes something applies when it has a precheck. */
  public boolean appliesTo(Mode mode) {
    return (mode == Mode.CHECK && changes) ? precheck != null : modes.contains(mode);
  }

  public boolean isAlways() {
    return always;
  }

  /** Whether it waits for a person. */
  public boolean isForPerson() {
    return person;
  }

  /** The group that it is done with; empty when it is done by itself. */
  public Optional<String> group() {
    return Optional.ofNullable(group);
  }

  boolean isEphemeral() {
    return ephemeral;
  }

  /** What undoing it does; empty when it cannot be undone or needs not. */
  public Optional<String> undoExplanation() {
    return undo == null ? Optional.empty() : Optional.of(undoExplanation);
  }

  Action action() {
    return action;
  }

  Optional<Action> precheck() {
    return Optional.ofNullable(precheck);
  }

  Optional<Action> undo() {
    return Optional.ofNullable(undo);
  }

  /** A step that reads can be done again; one that changes and has no probe needs a person. */
  Probe probe() {
    if (probe != null) {
      return probe;
    }
    return context -> changes && !always ? Outcome.UNKNOWN : Outcome.NOT_DONE;
  }

  /** The work of a step. Runs in a thread of its own, which is interrupted at the time limit. */
  public interface Action {
    void run(StepContext context) throws Exception;
  }

  /** Tells whether the work is done. */
  public interface Probe {
    Outcome look(StepContext context) throws Exception;
  }

  /** What a probe found. */
  public enum Outcome {
    DONE,
    NOT_DONE,
    /** Neither can be told: the execution pauses and a person decides. */
    UNKNOWN
  }
}
