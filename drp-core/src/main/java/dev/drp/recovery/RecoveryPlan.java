package dev.drp.recovery;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An ordered procedure: phases of steps. Building one touches nothing. An execution that is resumed
 * needs the same plan again: {@link #arguments()}, which its journal keeps, are enough to rebuild
 * it.
 *
 * <p>A plan is executed once and closed by the engine: its steps may share connections, released by
 * {@link Builder#closing}.
 */
public final class RecoveryPlan {
  private static final Logger log = LoggerFactory.getLogger(RecoveryPlan.class);

  private final String name;
  private final String application;
  private final String environment;
  private final RecoveryObjectives objectives;
  private final Map<String, String> arguments;
  private final List<Phase> phases;
  private final List<Step> commit;
  private final Function<Execution, String> whatStands;
  private final Runnable closing;
  private final Supplier<Map<String, String>> outlook;
  private final boolean inPlace;
  private final boolean rehearsal;

  private RecoveryPlan(Builder builder) {
    this.name = builder.name;
    this.application = builder.application;
    this.environment = builder.environment;
    this.objectives = builder.objectives;
    this.arguments = Map.copyOf(builder.arguments);
    this.phases = List.copyOf(builder.phases);
    this.commit = List.copyOf(builder.commit);
    this.whatStands = builder.whatStands;
    this.closing = builder.closing;
    this.outlook = builder.outlook;
    this.inPlace = builder.inPlace;
    this.rehearsal = builder.rehearsal;
    Set<String> names = new HashSet<>();
    for (Step step : allSteps().toList()) {
      if (!names.add(step.name())) {
        throw new IllegalArgumentException("two steps are called " + step.name());
      }
      if (step.group().isPresent() && step.isAlways()) {
        throw new IllegalArgumentException("cleanup is in no group, but step " + step.name());
      }
    }
    Set<String> groups = new HashSet<>();
    for (Phase phase : phases) {
      for (Group<Step> group : Group.of(phase.steps(), Step::group)) {
        if (group.name().isPresent() && !groups.add(group.name().get())) {
          throw new IllegalArgumentException("two groups are called " + group.name().get());
        }
      }
    }
  }

  /**
   * Begins a plan.
   *
   * @param name what kind of plan it is: past executions of that name tell how long it takes
   */
  public static Builder named(String name, String application, String environment) {
    return new Builder(name, application, environment);
  }

  public String name() {
    return name;
  }

  public String application() {
    return application;
  }

  public String environment() {
    return environment;
  }

  public RecoveryObjectives objectives() {
    return objectives;
  }

  /** What rebuilds it: names and values, no secrets. */
  public Map<String, String> arguments() {
    return arguments;
  }

  public List<Phase> phases() {
    return phases;
  }

  /**
   * What is likely to come of it, as far as this machine knows without asking anybody: a name and a
   * text each, in order; empty where nothing is known.
   */
  public Map<String, String> outlook() {
    return outlook.get();
  }

  /**
   * What gives up the way back, later, when somebody commits; empty when nothing waits for that.
   */
  public List<Step> commit() {
    return commit;
  }

  /** Whether it acts on the environment itself in every mode that acts. */
  boolean isInPlace() {
    return inPlace;
  }

  /** Whether all that it did is undone once it is complete. */
  boolean isRehearsal(Mode mode) {
    return rehearsal && mode == Mode.DRILL;
  }

  /** Every step, those of the commit last. */
  Stream<Step> allSteps() {
    return Stream.concat(phases.stream().flatMap(phase -> phase.steps().stream()), commit.stream());
  }

  /** The same in the order in which they are done, with those together that are done at once. */
  List<Group<Step>> groups() {
    return phases.stream()
        .flatMap(
            phase ->
                Group.of(
                    phase.steps().stream().filter(step -> !step.isAlways()).toList(), Step::group)
                    .stream())
        .toList();
  }

  /** The steps of the phases but the cleanup, in order. */
  List<Step> forward() {
    return phases.stream()
        .flatMap(phase -> phase.steps().stream())
        .filter(step -> !step.isAlways())
        .toList();
  }

  List<Step> cleanup() {
    return phases.stream().flatMap(phase -> phase.steps().stream()).filter(Step::isAlways).toList();
  }

  String whatStands(Execution execution) {
    return whatStands.apply(execution);
  }

  /** Never fails: how an execution ended is not to be hidden by what is let go of after it. */
  void close() {
    try {
      closing.run();
    } catch (RuntimeException e) {
      log.warn("after recovery plan {}: {}", name, e.getMessage());
    }
  }

  /** Builds a plan. */
  public static final class Builder {
    private final String name;
    private final String application;
    private final String environment;
    private final Map<String, String> arguments = new LinkedHashMap<>();
    private final List<Phase> phases = new ArrayList<>();
    private RecoveryObjectives objectives = RecoveryObjectives.NONE;
    private List<Step> commit = List.of();
    private Function<Execution, String> whatStands = execution -> "";
    private Runnable closing = () -> {};
    private Supplier<Map<String, String>> outlook = Map::of;
    private boolean inPlace;
    private boolean rehearsal;

    private Builder(String name, String application, String environment) {
      this.name = requireNonNull(name, "name");
      this.application = requireNonNull(application, "application");
      this.environment = requireNonNull(environment, "environment");
    }

    public Builder objectives(RecoveryObjectives newObjectives) {
      this.objectives = requireNonNull(newObjectives, "newObjectives");
      return this;
    }

    public Builder argument(String argument, String value) {
      arguments.put(argument, value);
      return this;
    }

    /** Adds a phase that should take so long at most. */
    public Builder phase(String phase, Optional<Duration> target, Step... steps) {
      phases.add(new Phase(phase, target, List.of(steps)));
      return this;
    }

    public Builder phase(String phase, Step... steps) {
      phases.add(new Phase(phase, Optional.empty(), List.of(steps)));
      return this;
    }

    public Builder phase(Phase phase) {
      phases.add(phase);
      return this;
    }

    /** Also as a drill it acts on the environment itself: none runs beside a recovery. */
    public Builder inPlace() {
      inPlace = true;
      return this;
    }

    /**
     * As a drill it acts on the environment itself, and once all its steps are done, all that they
     * did is undone, last first, and then the steps of the commit are done: nothing of it stays. So
     * it is when it fails, where its steps abort.
     */
    public Builder rehearsal() {
      rehearsal = true;
      return inPlace();
    }

    /** Adds the phases of another plan here, and {@link #takingOver takes over} the rest of it. */
    public Builder including(RecoveryPlan other) {
      phases.addAll(other.phases);
      return takingOver(other);
    }

    /**
     * Takes over what belongs to another plan but its phases, which are to be added one by one: its
     * arguments, its commit, its outlook, what it says of what stands, and its closing. Its name
     * and its objectives are not taken.
     */
    public Builder takingOver(RecoveryPlan other) {
      arguments.putAll(other.arguments);
      commit = Stream.concat(commit.stream(), other.commit.stream()).toList();
      Function<Execution, String> stands = whatStands;
      whatStands =
          execution -> (stands.apply(execution) + " " + other.whatStands.apply(execution)).strip();
      Runnable close = closing;
      closing =
          () -> {
            try {
              other.closing.run();
            } finally {
              close.run();
            }
          };
      Supplier<Map<String, String>> first = outlook;
      outlook =
          () -> {
            Map<String, String> both = new LinkedHashMap<>(first.get());
            both.putAll(other.outlook.get());
            return both;
          };
      return this;
    }

    /** See {@link RecoveryPlan#commit()}. */
    public Builder commit(Step... steps) {
      this.commit = List.of(steps);
      return this;
    }

    /** Says, when an attempt ends without success, what still stands and what was not touched. */
    public Builder whatStands(Function<Execution, String> newWhatStands) {
      this.whatStands = requireNonNull(newWhatStands, "newWhatStands");
      return this;
    }

    /** Runs when the attempt is over. */
    public Builder closing(Runnable newClosing) {
      this.closing = requireNonNull(newClosing, "newClosing");
      return this;
    }

    /** See {@link RecoveryPlan#outlook()}. */
    public Builder outlook(Supplier<Map<String, String>> newOutlook) {
      this.outlook = requireNonNull(newOutlook, "newOutlook");
      return this;
    }

    public RecoveryPlan build() {
      return new RecoveryPlan(this);
    }
  }
}
