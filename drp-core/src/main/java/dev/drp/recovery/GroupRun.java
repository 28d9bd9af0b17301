package dev.drp.recovery;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Steps that are done at the same time, each from a thread of its own. A step that fails keeps no
 * other from its end: work that is cut short leaves an outcome that nobody knows. Only people are
 * waited for no longer, as nothing is lost by asking them again.
 */
final class GroupRun {
  private final Function<Step, Optional<Ending>> perform;
  private final Map<Step, Thread> threads = new LinkedHashMap<>();
  private final Map<Step, Ending> stopped = new HashMap<>();
  private @Nullable Throwable broken;

  private GroupRun(Function<Step, Optional<Ending>> perform) {
    this.perform = perform;
  }

  /**
   * Does the steps and waits for all of them. When the calling thread is interrupted, so are all
   * steps, and it stays interrupted.
   *
   * @param perform does a step; an ending when the execution cannot go on. What it throws is thrown
   *     here, once the other steps were interrupted and have ended
   * @return why the execution cannot go on
   */
  static Optional<Ending> of(List<Step> steps, Function<Step, Optional<Ending>> perform) {
    if (steps.size() < 2) {
      return steps.stream().findFirst().flatMap(perform);
    }
    if (Thread.currentThread().isInterrupted()) {
      return Optional.of(Ending.interrupted("about to begin step " + steps.get(0).name()));
    }
    GroupRun run = new GroupRun(perform);
    run.start(steps);
    boolean interrupted = run.await();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return run.ending(interrupted);
  }

  private synchronized void start(List<Step> steps) {
    for (Step step : steps) {
      Thread thread = new Thread(() -> run(step), "group member " + step.name());
      thread.setDaemon(true);
      threads.put(step, thread);
      thread.start();
    }
  }

  private void run(Step step) {
    try {
      perform.apply(step).ifPresent(ending -> stop(step, ending));
    } catch (RuntimeException | Error e) {
      breakOff(e);
    }
  }

  private synchronized void stop(Step step, Ending ending) {
    stopped.put(step, ending);
    if (ending.state() != ExecutionState.INTERRUPTED) {
      threads.forEach(
          (other, thread) -> {
            if (other.isForPerson()) {
              thread.interrupt();
            }
          });
    }
  }

  /** The journal cannot be written: nothing may go on that nobody would know of. */
  private synchronized void breakOff(Throwable e) {
    broken = broken == null ? e : broken;
    threads.values().forEach(Thread::interrupt);
  }

  /** Returns whether the calling thread was interrupted. */
  private boolean await() {
    boolean interrupted = false;
    for (Thread thread : List.copyOf(threads.values())) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
          threads.values().forEach(Thread::interrupt);
        }
      }
    }
    return interrupted;
  }

  private synchronized Optional<Ending> ending(boolean interrupted) {
    if (broken instanceof Error error) {
      throw error;
    }
    if (broken instanceof RuntimeException exception) {
      throw exception;
    }
    if (interrupted && stopped.values().stream().anyMatch(GroupRun::isInterrupted)) {
      return stopped.values().stream().filter(GroupRun::isInterrupted).findFirst();
    }
    List<Step> failed =
        threads.keySet().stream()
            .filter(step -> stopped.containsKey(step) && !isInterrupted(of(step)))
            .toList();
    if (failed.isEmpty()) {
      return Optional.empty();
    }
    // Whoever pauses destroys nothing; and a step that cannot be stopped has to.
    ExecutionState state =
        failed.stream()
            .map(step -> of(step).state())
            .filter(ExecutionState.PAUSED_BY_FAILED_STEP::equals)
            .findFirst()
            .orElse(ExecutionState.FAILED);
    return Optional.of(new Ending(state, problem(failed)));
  }

  private static boolean isInterrupted(Ending ending) {
    return ending.state() == ExecutionState.INTERRUPTED;
  }

  private Ending of(Step step) {
    return Objects.requireNonNull(stopped.get(step));
  }

  private @Nullable Problem problem(List<Step> failed) {
    Problem first = of(failed.get(0)).problem();
    if (failed.size() == 1 || first == null) {
      return first;
    }
    return new Problem(
        first.code(),
        failed.stream()
            .map(
                step ->
                    "step %s: %s"
                        .formatted(
                            step.name(),
                            Optional.ofNullable(of(step).problem())
                                .map(Problem::problem)
                                .orElse("failed")))
            .collect(Collectors.joining("; ")),
        first.hint());
  }
}
