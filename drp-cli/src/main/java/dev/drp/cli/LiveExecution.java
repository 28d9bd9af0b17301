package dev.drp.cli;

import dev.drp.Progress;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionListener;
import dev.drp.recovery.StepExecution;
import org.jspecify.annotations.Nullable;

/** Shows an execution on standard error while it runs. */
final class LiveExecution implements ExecutionListener {
  private static final int STATE_WIDTH = "already done".length();

  private final Progress progress;
  private final Console console;
  private Progress.@Nullable Task current;

  LiveExecution(Progress progress, Console console) {
    this.progress = progress;
    this.console = console;
  }

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
    endCurrent();
    current = progress.start(step.name(), 0);
  }

  @Override
  public void stepEnded(Execution execution, StepExecution step) {
    endCurrent();
    String state = ExecutionText.state(step.state(), console);
    progress.message(
        "  %s%s  %s%s"
            .formatted(
                state,
                " ".repeat(Math.max(0, STATE_WIDTH - Console.width(state))),
                step.name(),
                step.took().map(it -> "  " + Format.duration(it)).orElse("")));
  }

  @Override
  public void ended(Execution execution) {
    endCurrent();
  }

  @Override
  public Progress progress() {
    return progress;
  }

  private void endCurrent() {
    if (current != null) {
      current.close();
      current = null;
    }
  }
}
