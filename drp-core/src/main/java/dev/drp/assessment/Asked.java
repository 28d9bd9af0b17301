package dev.drp.assessment;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A question that is being answered. */
final class Asked<T> {
  private final String subject;
  private final FutureTask<T> task;
  private final long until;
  private final String late;

  Asked(String subject, FutureTask<T> task, long until, String late) {
    this.subject = subject;
    this.task = task;
    this.until = until;
    this.late = late;
  }

  /**
   * What came of it.
   *
   * @param value the answer; empty where there is none
   * @param problem why there is none, for people
   * @param code of the error; empty where it was no error of ours
   * @param isLate whether it was not there in time
   */
  record Answer<T>(
      Optional<T> value, String problem, String hint, Optional<ErrorCode> code, boolean isLate) {
    boolean failedWith(ErrorCode wanted) {
      return code.equals(Optional.of(wanted));
    }
  }

  /** Waits for the answer, as long as its time lasts; the same answer each time. */
  Answer<T> answer() {
    try {
      T value = task.get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
      return new Answer<>(Optional.of(value), "", "", Optional.empty(), false);
    } catch (TimeoutException | CancellationException e) {
      task.cancel(true);
      return new Answer<>(Optional.empty(), late, "", Optional.empty(), true);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RecoveryException known) {
        return new Answer<>(
            Optional.empty(), known.problem(), known.hint(), Optional.of(known.code()), false);
      }
      return new Answer<>(
          Optional.empty(), String.valueOf(e.getCause()), "", Optional.empty(), false);
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("asking " + subject, e);
    }
  }

  Optional<T> value() {
    return answer().value();
  }
}
