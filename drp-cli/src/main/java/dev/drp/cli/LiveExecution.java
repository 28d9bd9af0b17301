package dev.drp.cli;

import dev.drp.Progress;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionListener;
import dev.drp.recovery.Forecast;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.StepExecution;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Shows an execution on standard error while it runs. */
final class LiveExecution implements ExecutionListener {
  private static final int STATE_WIDTH = "already done".length();

  private final Progress progress;
  private final Console console;
  private final Map<String, Forecast> forecasts;
  private final Map<String, Running> running = new HashMap<>();

  /**
   * @param forecasts how long steps take, by their names
   */
  LiveExecution(Progress progress, Console console, Map<String, Forecast> forecasts) {
    this.progress = progress;
    this.console = console;
    this.forecasts = Map.copyOf(forecasts);
  }

  /** A step that has begun. */
  private record Running(String outlook, Progress.Task task) {}

  @Override
  public void started(Execution execution) {
    progress.message(
        "execution %s: %s of %s, mode %s"
            .formatted(
                execution.id(),
                execution.plan(),
                execution.environment(),
                Format.word(execution.mode())));
  }

  @Override
  public void stepStarted(Execution execution, StepExecution step) {
    String outlook = outlook(execution, step);
    if (step.forPerson()) {
      progress.message("  " + console.warning("waits for a person") + ": " + step.explanation());
      progress.message(
          "    drp approve %s --step %s --by NAME --reason WHY%s"
              .formatted(execution.id(), Format.quote(step.name()), outlook));
    }
    running.put(step.name(), new Running(outlook, progress.start(step.name() + outlook, 0)));
  }

  /** What it took before, and how much of the objective is left. */
  private String outlook(Execution execution, StepExecution step) {
    List<String> known = new ArrayList<>();
    Optional.ofNullable(forecasts.get(step.name()))
        .ifPresent(
            it ->
                known.add(
                    "usually %s, 95 %% within %s"
                        .formatted(
                            Format.duration(it.median()), Format.duration(it.percentile95()))));
    timeLeft(execution, step).ifPresent(known::add);
    return known.isEmpty() ? "" : "  (" + String.join("; ", known) + ")";
  }

  private static Optional<String> timeLeft(Execution execution, StepExecution step) {
    Optional<Instant> since =
        execution
            .reached(MeasuringPoint.IMPACT)
            .or(() -> execution.reached(MeasuringPoint.DECLARED));
    return execution
        .objectives()
        .recoveryTime()
        .filter(any -> since.isPresent() && step.startedAt().isPresent())
        .map(all -> all.minus(Duration.between(since.get(), step.startedAt().get())))
        .map(
            left ->
                left.isNegative()
                    ? Format.duration(left.negated()) + " over the objective"
                    : Format.duration(left) + " left");
  }

  @Override
  public void stepEnded(Execution execution, StepExecution step) {
    String outlook = end(step.name());
    String state = ExecutionText.state(step.state(), console);
    progress.message(
        "  %s%s  %s%s%s"
            .formatted(
                state,
                " ".repeat(Math.max(0, STATE_WIDTH - Console.width(state))),
                step.name(),
                step.took().map(it -> "  " + Format.duration(it)).orElse(""),
                outlook));
  }

  @Override
  public void ended(Execution execution) {
    List.copyOf(running.keySet()).forEach(this::end);
  }

  @Override
  public Progress progress() {
    return progress;
  }

  /** Returns what was known of the step when it began. */
  private String end(String step) {
    Running ended = running.remove(step);
    if (ended == null) {
      return "";
    }
    ended.task().close();
    return ended.outlook();
  }
}
