package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What the plan file says about one recovery plan: its objectives, and phases of the team's own.
 */
public record PlannedRecovery(
    @NameOfEntry String name,
    @Key("what it is for, in a few words") Optional<String> title,
    @Key(value = "environments that it is for; all if left out", refersTo = "environments")
        List<String> environments,
    @Key("its own objectives; they win over those of the environment and the plan")
        Objectives objectives,
    @Key("what one sees when it is needed") List<String> symptoms,
    @Key("phases and steps of the team's own") @NotActedOnYet List<Phase> phases) {
  /** A named part of a recovery plan with the time that it should be done by. */
  public record Phase(
      @Key("name of the phase") String name,
      @Key("time since the start by which it should be done") Optional<Duration> within,
      @Key("what is done in it") List<Step> steps) {
    public Phase {
      requireNonNull(within, "within");
      steps = List.copyOf(steps);
      Rules.of("phase").check(!name.isBlank(), "name", Text.quote(name), "a name").enforce();
    }
  }

  /** One thing to do, by a person or a program. */
  @Shorthand("name")
  public record Step(
      @Key("what is done, in a few words") String name,
      @Key("program and arguments") List<String> run,
      @Key("who does it") Optional<String> responsible,
      @Key(value = "what happens if it fails", defaultsTo = "pause") OnFailure onFailure) {
    public Step {
      run = List.copyOf(run);
      requireNonNull(responsible, "responsible");
      requireNonNull(onFailure, "onFailure");
      Rules.of("step").check(!name.isBlank(), "name", Text.quote(name), "a name").enforce();
    }
  }

  /** What happens when a step fails. */
  public enum OnFailure {
    ABORT,
    PAUSE,
    CONTINUE
  }

  public PlannedRecovery {
    requireNonNull(title, "title");
    requireNonNull(objectives, "objectives");
    environments = List.copyOf(environments);
    symptoms = List.copyOf(symptoms);
    phases = List.copyOf(phases);
    Rules.of("recovery plan " + name).name(name).enforce();
  }

  public boolean isFor(String environment) {
    return environments.isEmpty() || environments.contains(environment);
  }

  /** A recovery plan of which the file says the objectives only. */
  public static PlannedRecovery of(String name, Objectives objectives) {
    return new PlannedRecovery(name, Optional.empty(), List.of(), objectives, List.of(), List.of());
  }
}
