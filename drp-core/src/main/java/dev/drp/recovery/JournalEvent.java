package dev.drp.recovery;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a line of a journal says. New kinds or new meanings need a new {@link Journal#FORMAT}. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "event")
@JsonSubTypes({
  @JsonSubTypes.Type(value = JournalEvent.Created.class, name = "created"),
  @JsonSubTypes.Type(value = JournalEvent.AttemptBegan.class, name = "attempt-began"),
  @JsonSubTypes.Type(value = JournalEvent.Prechecked.class, name = "prechecked"),
  @JsonSubTypes.Type(value = JournalEvent.Decided.class, name = "decided"),
  @JsonSubTypes.Type(value = JournalEvent.StepBegan.class, name = "step-began"),
  @JsonSubTypes.Type(value = JournalEvent.StepEnded.class, name = "step-ended"),
  @JsonSubTypes.Type(value = JournalEvent.Reached.class, name = "reached"),
  @JsonSubTypes.Type(value = JournalEvent.UndoingBegan.class, name = "undoing-began"),
  @JsonSubTypes.Type(value = JournalEvent.AttemptEnded.class, name = "attempt-ended")
})
sealed interface JournalEvent {
  /** Always the first line. */
  record Created(
      int format,
      String execution,
      String plan,
      String application,
      String environment,
      Mode mode,
      @Nullable Duration recoveryTimeObjective,
      @Nullable Duration recoveryPointObjective,
      Map<String, String> arguments,
      List<PhaseOutline> phases)
      implements JournalEvent {}

  /** A phase as it was planned; the commit's steps are a phase with {@code commit} set. */
  record PhaseOutline(
      String name, @Nullable Duration target, boolean commit, List<StepOutline> steps) {}

  /**
   * A step as it was planned.
   *
   * @param person true for a step that a person does or approves
   * @param group the group that it is done with
   */
  record StepOutline(
      String name,
      String explanation,
      boolean applies,
      @Nullable Boolean person,
      @Nullable String group) {
    boolean isPerson() {
      return Boolean.TRUE.equals(person);
    }
  }

  /**
   * Somebody executes from here on.
   *
   * @param anew steps whose effect ended with an earlier attempt
   * @param droppedBytes length of a torn last line that this attempt dropped
   */
  record AttemptBegan(
      int attempt, Act act, String host, long process, List<String> anew, int droppedBytes)
      implements JournalEvent {}

  /** What an attempt is for. */
  enum Act {
    RUN,
    UNDO,
    COMMIT
  }

  record Prechecked(String step, List<Finding> findings, @Nullable Problem problem)
      implements JournalEvent {}

  record Decided(Decision decision) implements JournalEvent {}

  /**
   * The intent, on disk before the act.
   *
   * @param state RUNNING or UNDOING
   */
  record StepBegan(String step, StepState state) implements JournalEvent {}

  record StepEnded(
      String step,
      StepState state,
      Duration took,
      Map<String, String> values,
      List<Finding> findings,
      @Nullable Problem problem)
      implements JournalEvent {}

  /**
   * A measuring point is reached.
   *
   * @param instant empty for the instant of the line itself
   */
  record Reached(MeasuringPoint point, @Nullable Instant instant) implements JournalEvent {}

  /**
   * From here on the execution goes backwards.
   *
   * @param outcome FAILED or ROLLED_BACK, once all is undone; COMPLETED for a rehearsal
   */
  record UndoingBegan(ExecutionState outcome, @Nullable Problem because) implements JournalEvent {}

  record AttemptEnded(ExecutionState state, @Nullable Problem problem, String whatStands)
      implements JournalEvent {}
}
