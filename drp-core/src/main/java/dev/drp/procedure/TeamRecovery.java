package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.PlannedRecovery;
import dev.drp.plan.PlannedRecovery.When;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Mode;
import dev.drp.recovery.Phase;
import dev.drp.recovery.RecoveryPlan;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.Notifier;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** A recovery plan of the team's own, from its file. */
final class TeamRecovery {
  /** A person may sleep first. */
  private static final Duration PERSON_LIMIT = Duration.ofDays(1);

  private final PlannedRecovery planned;
  private final Stack stack;
  private final ProxySteps proxy;
  private final CommandRunner programs;
  private final Optional<Notifier> notifier;
  private final Supplier<RecoveryPlan> restore;

  /**
   * @param programs runs what steps name
   * @param notifier absent where the plan names none
   * @param restore of the data, for a step that says so
   */
  TeamRecovery(
      PlannedRecovery planned,
      Stack stack,
      ProxySteps proxy,
      CommandRunner programs,
      Optional<Notifier> notifier,
      Supplier<RecoveryPlan> restore) {
    this.planned = requireNonNull(planned, "planned");
    this.stack = requireNonNull(stack, "stack");
    this.proxy = requireNonNull(proxy, "proxy");
    this.programs = requireNonNull(programs, "programs");
    this.notifier = requireNonNull(notifier, "notifier");
    this.restore = requireNonNull(restore, "restore");
  }

  RecoveryPlan plan(RecoveryPlan.Builder builder) {
    boolean replacesData =
        planned.phases().stream()
            .flatMap(phase -> phase.allSteps().stream())
            .anyMatch(step -> step.restore().isPresent());
    (replacesData ? builder.rehearsal() : builder.inPlace())
        .phase("guard", stack.requireUnprotected(Mode.DRILL), stack.look());
    Duration before = Duration.ZERO;
    for (PlannedRecovery.Phase phase : planned.phases()) {
      Optional<Duration> target = phase.within().map(minus(before));
      before = phase.within().orElse(before);
      add(phase, target, builder);
    }
    try {
      return builder.build();
    } catch (IllegalArgumentException e) {
      throw new RecoveryException(
          ErrorCode.PLAN_INVALID,
          "recovery plan %s: %s, one of which is drp's own"
              .formatted(planned.name(), e.getMessage()),
          "give the step of recovery-plans.%s another name.".formatted(planned.name()),
          e);
    }
  }

  private static UnaryOperator<Duration> minus(Duration before) {
    return within -> within.minus(before);
  }

  /** A restore has phases of its own, and so it divides the one that it stands in. */
  private void add(
      PlannedRecovery.Phase phase, Optional<Duration> target, RecoveryPlan.Builder builder) {
    List<Step> steps = new ArrayList<>();
    for (PlannedRecovery.Part part : phase.steps()) {
      if (part instanceof PlannedRecovery.Group) {
        part.steps().forEach(member -> steps.add(step(member).inGroup(part.name())));
      } else if (part.steps().get(0).restore().isEmpty()) {
        steps.add(step(part.steps().get(0)));
      } else {
        if (!steps.isEmpty()) {
          builder.phase(new Phase(phase.name(), target, steps));
          steps.clear();
        }
        builder.including(restore.get());
      }
    }
    if (!steps.isEmpty()) {
      builder.phase(new Phase(phase.name(), target, steps));
    }
  }

  private Step step(PlannedRecovery.Step step) {
    Step made =
        made(step).onFailure(policy(step.onFailure().orElse(PlannedRecovery.OnFailure.PAUSE)));
    if (!step.doneWhen().isEmpty()) {
      made = made.probe(context -> isDone(step));
    }
    if (!step.undo().isEmpty()) {
      made =
          made.undo(
              "Runs %s.".formatted(String.join(" ", step.undo())),
              context -> run(context, step.undo(), limit(step)));
    }
    if (step.modes().equals(List.of(When.DRILL))) {
      made = made.in(Mode.DRILL);
    } else if (step.modes().equals(List.of(When.RECOVERY))) {
      made = made.in(Mode.RECOVERY);
    } else if (!made.changes()) {
      made = made.in(Mode.DRILL, Mode.RECOVERY);
    }
    return made.within(limit(step));
  }

  private static FailurePolicy policy(PlannedRecovery.OnFailure onFailure) {
    return switch (onFailure) {
      case ABORT -> FailurePolicy.ABORT;
      case PAUSE -> FailurePolicy.PAUSE;
      case CONTINUE -> FailurePolicy.CONTINUE;
    };
  }

  private static Duration limit(PlannedRecovery.Step step) {
    boolean person = isForPerson(step);
    Duration usual = person ? PERSON_LIMIT : Step.DEFAULT_LIMIT;
    return step.within().orElse(step.pause().map(it -> it.plusMinutes(1)).orElse(usual));
  }

  private static boolean isForPerson(PlannedRecovery.Step step) {
    return step.run().isEmpty()
        && step.probe().isEmpty()
        && step.pause().isEmpty()
        && step.message().isEmpty()
        && step.restore().isEmpty()
        && step.compose().isEmpty()
        && step.proxy().isEmpty();
  }

  private Step made(PlannedRecovery.Step step) {
    String who = step.responsible().map(it -> " (%s)".formatted(it)).orElse("");
    if (!step.run().isEmpty()) {
      return Step.changing(
          step.name(),
          "Runs %s.%s".formatted(String.join(" ", step.run()), who),
          context -> run(context, step.run(), limit(step)));
    }
    if (step.probe().isPresent()) {
      URI address = step.probe().get();
      return Step.reading(
          step.name(),
          "Asks %s until it answers well.%s".formatted(address, who),
          context -> stack.answers().awaitAnswer(context, address, limit(step)));
    }
    if (step.pause().isPresent()) {
      return Step.reading(
          step.name(),
          "Waits %s.%s".formatted(Text.duration(step.pause().get()), who),
          context -> Thread.sleep(step.pause().get().toMillis()));
    }
    if (step.message().isPresent()) {
      return Step.changing(
          step.name(),
          "Tells people: %s%s".formatted(step.message().get(), who),
          context -> notifier().tell(step.message().get()));
    }
    if (step.compose().isPresent()) {
      return switch (step.compose().get()) {
        case UP -> stack.start(step.name());
        case DOWN -> stack.stop(step.name());
        case STOP_WRITERS -> stack.stopWriters(step.name());
        case RESTART -> stack.restartEach(step.name());
      };
    }
    if (step.proxy().isPresent()) {
      return switch (step.proxy().get()) {
        case APPLY -> proxy.apply(step.name());
        case RESTART -> proxy.restart(step.name(), false);
        case MAINTENANCE_ON -> proxy.startMaintenance(step.name());
        case MAINTENANCE_OFF -> proxy.endMaintenance(step.name());
      };
    }
    return Step.person(
        step.name(), step.approval().map("May it go on? "::concat).orElse(step.name()) + who);
  }

  private Notifier notifier() {
    return notifier.orElseThrow(
        () ->
            new RecoveryException(
                ErrorCode.NOTIFICATION_FAILED,
                "nobody can be told: the plan names no notifier",
                "add notify, with a program that gets the message on its standard input."));
  }

  private void run(StepContext context, List<String> command, Duration limit) {
    stack.program(command, limit).run(context);
  }

  private Step.Outcome isDone(PlannedRecovery.Step step) {
    try {
      programs.run(Command.of(step.doneWhen()).within(limit(step)));
      return Step.Outcome.DONE;
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.COMMAND_FAILED) {
        return Step.Outcome.NOT_DONE;
      }
      throw e;
    }
  }
}
