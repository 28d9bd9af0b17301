package dev.drp.assessment;

import dev.drp.plan.Quantities;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/**
 * Asks many things at the same time, each on a thread of its own: what hangs delays nothing else,
 * and is left behind once its time has passed.
 */
final class Questions {
  private final AnswerLimits limits;
  private final long end;

  /** The time for all of them begins now. */
  Questions(AnswerLimits limits) {
    this.limits = limits;
    this.end = System.nanoTime() + limits.all().toNanos();
  }

  /** Begins to ask. The question is interrupted when its answer is not waited for any more. */
  <T> Asked<T> ask(String subject, Callable<T> question) {
    Duration left = Duration.ofNanos(Math.max(0, end - System.nanoTime()));
    Duration limit = limits.each().compareTo(left) < 0 ? limits.each() : left;
    FutureTask<T> task = new FutureTask<>(question);
    Thread thread = new Thread(task, "assess " + subject);
    thread.setDaemon(true);
    thread.start();
    return new Asked<>(
        subject,
        task,
        System.nanoTime() + limit.toNanos(),
        "did not answer within " + Quantities.text(limits.each()));
  }

  /** For those who can keep to a limit themselves: a little less, so that they answer in time. */
  Duration each() {
    return limits.each().multipliedBy(9).dividedBy(10);
  }
}
