package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

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
    @Key("phases and steps of the team's own, in order; not for the plans that drp has")
        List<Phase> phases,
    @Key("program and arguments that fetch images a rebuild lacks; only for the plan rebuild")
        List<String> images,
    @Key("program and arguments that set up the firewall again; only for the plan rebuild")
        List<String> firewall) {
  /** The recovery plan that begins on an empty machine. */
  public static final String REBUILD = "rebuild";

  /** The names of the recovery plans that drp has. */
  public static final Set<String> BUILT_IN =
      Set.of("restart", "application", "database", "network", "volumes", REBUILD, "simulate");

  /** A named part of a recovery plan with the time that it should be done by. */
  public record Phase(
      @Key("name of the phase") String name,
      @Key("time since the start by which it should be done") Optional<Duration> within,
      @Key("what is done in it, one after the other") List<Part> steps) {
    public Phase {
      requireNonNull(within, "within");
      steps = List.copyOf(steps);
      Rules.of("phase").check(!name.isBlank(), "name", Text.quote(name), "a name").enforce();
    }

    /** All its steps, those of groups with what their group says of them. */
    public List<Step> allSteps() {
      return steps.stream().flatMap(part -> part.steps().stream()).toList();
    }
  }

  /** What a phase is made of. */
  public sealed interface Part permits Step, Group {
    /** Unique in its recovery plan. */
    String name();

    /** The step; of a group all of them. */
    List<Step> steps();
  }

  /**
   * One thing to do. At most one of its keys says what; without any, a person does it.
   *
   * @param pause how long to wait
   * @param message what people are told
   */
  @Shorthand("name")
  public record Step(
      @Key("what is done, in a few words") String name,
      @Key("program and arguments that do it") List<String> run,
      @Key("address that has to answer well before it goes on") Optional<URI> probe,
      @Key(name = "wait", value = "how long to wait") Optional<Duration> pause,
      @Key("what a person has to approve before it goes on") Optional<String> approval,
      @Key(name = "notify", value = "what the notifier tells people") Optional<String> message,
      @Key("kind of backup that the data is restored from") Optional<BackupKind> restore,
      @Key("what is done with the services") Optional<Services> compose,
      @Key("what is done with the reverse proxy") Optional<Proxy> proxy,
      @Key(
              "how long it may take; if left out what its group says, else 10 minutes, a day for a"
                  + " person")
          Optional<Duration> within,
      @Key("program and arguments that tell, by exit code 0, that it is done already")
          List<String> doneWhen,
      @Key("program and arguments that take it back") List<String> undo,
      @Key("modes that it applies to; if left out what its group says, else both") List<When> modes,
      @Key("who does it") Optional<String> responsible,
      @Key("what happens if it fails; if left out what its group says, else pause")
          Optional<OnFailure> onFailure)
      implements Part {
    public Step {
      run = List.copyOf(run);
      requireNonNull(probe, "probe");
      requireNonNull(pause, "pause");
      requireNonNull(approval, "approval");
      requireNonNull(message, "message");
      requireNonNull(restore, "restore");
      requireNonNull(compose, "compose");
      requireNonNull(proxy, "proxy");
      requireNonNull(within, "within");
      doneWhen = List.copyOf(doneWhen);
      undo = List.copyOf(undo);
      modes = List.copyOf(modes);
      requireNonNull(responsible, "responsible");
      requireNonNull(onFailure, "onFailure");
      List<String> kinds = new ArrayList<>();
      if (!run.isEmpty()) {
        kinds.add("run");
      }
      probe.ifPresent(any -> kinds.add("probe"));
      pause.ifPresent(any -> kinds.add("wait"));
      approval.ifPresent(any -> kinds.add("approval"));
      message.ifPresent(any -> kinds.add("notify"));
      restore.ifPresent(any -> kinds.add("restore"));
      compose.ifPresent(any -> kinds.add("compose"));
      proxy.ifPresent(any -> kinds.add("proxy"));
      Rules.of("step")
          .check(!name.isBlank(), "name", Text.quote(name), "a name")
          .check(
              kinds.size() <= 1,
              kinds.size() <= 1 ? "name" : kinds.get(1),
              String.join(" and ", kinds),
              "one thing that the step does")
          .check(
              restore.isEmpty()
                  || restore.get() == BackupKind.LOGICAL
                  || restore.get() == BackupKind.PHYSICAL,
              "restore",
              restore.map(Enum::name).orElse("").toLowerCase(Locale.ROOT),
              "logical or physical, the kinds with data")
          .enforce();
    }

    @Override
    public List<Step> steps() {
      return List.of(this);
    }

    private Step in(Group group) {
      return new Step(
          name,
          run,
          probe,
          pause,
          approval,
          message,
          restore,
          compose,
          proxy,
          within.or(() -> pause.isPresent() ? Optional.empty() : group.within()),
          doneWhen,
          undo,
          modes.isEmpty() ? group.modes() : modes,
          responsible,
          onFailure.or(group::onFailure));
    }
  }

  /**
   * Steps that are done at the same time: none needs what another does. It ends when all have.
   *
   * @param members as they are written
   */
  public record Group(
      @Key(name = "group", value = "what its steps are for, in a few words") String name,
      @Key(name = "steps", value = "what is done at the same time", atLeastOne = true)
          List<Step> members,
      @Key("how long each of them may take, unless it says so itself") Optional<Duration> within,
      @Key("modes that they apply to, unless they say so themselves") List<When> modes,
      @Key("what happens if one fails, unless it says so itself; pause if left out")
          Optional<OnFailure> onFailure)
      implements Part {
    public Group {
      members = List.copyOf(members);
      requireNonNull(within, "within");
      modes = List.copyOf(modes);
      requireNonNull(onFailure, "onFailure");
      Rules rules = Rules.of("group");
      rules.check(!name.isBlank(), "group", Text.quote(name), "a name");
      boolean compose = false;
      boolean proxy = false;
      for (int i = 0; i < members.size(); i++) {
        Step step = members.get(i);
        String path = "steps[%d].".formatted(i);
        rules.check(
            step.restore().isEmpty(),
            path + "restore",
            "a restore in a group",
            "a step by itself, as a restore has phases of its own");
        rules.check(
            !compose || step.compose().isEmpty(),
            path + "compose",
            "a second step with the same services",
            "one in a group, as both would be at work on them at the same time");
        rules.check(
            !proxy || step.proxy().isEmpty(),
            path + "proxy",
            "a second step with the same proxy",
            "one in a group, as both would be at work on it at the same time");
        compose |= step.compose().isPresent();
        proxy |= step.proxy().isPresent();
      }
      rules.enforce();
    }

    @Override
    public List<Step> steps() {
      return members.stream().map(step -> step.in(this)).toList();
    }
  }

  /** What a step does with the services of its environment. */
  public enum Services {
    /** Starts all that is not up. */
    UP,
    /** Stops and removes the containers; volumes stay. */
    DOWN,
    /** Stops what depends on the database. */
    STOP_WRITERS,
    /** Restarts every service but the database. */
    RESTART
  }

  /** What a step does with the reverse proxy of its environment. */
  public enum Proxy {
    /** Brings what the configuration file says into it. */
    APPLY,
    RESTART,
    /** Visitors get the maintenance page. */
    MAINTENANCE_ON,
    /** Visitors get the sites again. */
    MAINTENANCE_OFF
  }

  /** When a step applies. */
  public enum When {
    DRILL,
    RECOVERY
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
    images = List.copyOf(images);
    firewall = List.copyOf(firewall);
    Rules rules = Rules.of("recovery plan " + name).name(name);
    rules.check(
        phases.isEmpty() || !BUILT_IN.contains(name),
        "phases",
        "phases of " + Text.quote(name),
        "another name: drp has a recovery plan %s of its own".formatted(Text.quote(name)));
    for (String key : List.of("images", "firewall")) {
      List<String> command = key.equals("images") ? images : firewall;
      rules.check(
          command.isEmpty() || name.equals(REBUILD),
          key,
          String.join(" ", command),
          "nothing: only the plan rebuild has it; a plan of your own has a step with run");
    }
    checkSteps(rules, phases);
    rules.enforce();
  }

  private static void checkSteps(Rules rules, List<Phase> phases) {
    Set<String> known = new HashSet<>();
    Duration before = Duration.ZERO;
    int restores = 0;
    for (int i = 0; i < phases.size(); i++) {
      Phase phase = phases.get(i);
      if (phase.within().isPresent()) {
        rules.check(
            phase.within().get().compareTo(before) > 0,
            "phases[%d].within".formatted(i),
            Quantities.text(phase.within().get()),
            "later than the phase before it, as it counts from the start");
        before = phase.within().get();
      }
      for (int j = 0; j < phase.steps().size(); j++) {
        Part part = phase.steps().get(j);
        String path = "phases[%d].steps[%d]".formatted(i, j);
        if (part instanceof Group group) {
          checkName(rules, known, path + ".group", group.name());
          for (int k = 0; k < group.members().size(); k++) {
            String member = "%s.steps[%d].name".formatted(path, k);
            checkName(rules, known, member, group.members().get(k).name());
          }
        } else if (part instanceof Step step) {
          checkName(rules, known, path + ".name", step.name());
          restores += step.restore().isPresent() ? 1 : 0;
          rules.check(
              step.restore().isEmpty() || restores == 1,
              path + ".restore",
              "a second restore",
              "one restore at most");
        }
      }
    }
  }

  private static void checkName(Rules rules, Set<String> known, String path, String name) {
    rules.check(known.add(name), path, Text.quote(name), "each name once");
  }

  public boolean isFor(String environment) {
    return environments.isEmpty() || environments.contains(environment);
  }

  /** A recovery plan of which the file says the objectives only. */
  public static PlannedRecovery of(String name, Objectives objectives) {
    return new PlannedRecovery(
        name, Optional.empty(), List.of(), objectives, List.of(), List.of(), List.of(), List.of());
  }
}
