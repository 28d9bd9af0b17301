package dev.drp.cli;

import dev.drp.ExitStatus;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/**
 * Lets Ctrl-C and SIGTERM end the work in order: they interrupt its thread and wait until it has
 * cleaned up; then the process ends with 130, or with 0 where a signal is the regular end of the
 * work.
 */
final class Interruption {
  private static final long LONGEST_CLEAN_UP_SECONDS = 120;

  private final Console console;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean interrupted;
  private volatile boolean succeeded;

  Interruption(Console console) {
    this.console = console;
  }

  /** Runs the work in this thread. */
  int run(IntSupplier work) {
    Thread worker = Thread.currentThread();
    Thread hook = new Thread(() -> interrupt(worker), "interruption");
    Runtime.getRuntime().addShutdownHook(hook);
    int code;
    try {
      code = work.getAsInt();
      succeeded = code == ExitStatus.OK.code();
    } finally {
      ended.countDown();
    }
    if (interrupted) {
      return code; // the hook ends the process
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return ExitStatus.INTERRUPTED.code(); // the signal came just now
    }
    return code;
  }

  private void interrupt(Thread worker) {
    if (ended.getCount() == 0) {
      return; // the work ended the process itself
    }
    interrupted = true;
    worker.interrupt();
    try {
      if (!ended.await(1, TimeUnit.SECONDS)) {
        console.note("interrupted: cleaning up");
        if (!ended.await(LONGEST_CLEAN_UP_SECONDS, TimeUnit.SECONDS)) {
          console.note(
              "the clean-up did not end within %d s; what is left is found and removed by"
                      .formatted(LONGEST_CLEAN_UP_SECONDS)
                  + " the next run");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // nobody interrupts a hook
    }
    console.flush();
    Runtime.getRuntime().halt((succeeded ? ExitStatus.OK : ExitStatus.INTERRUPTED).code());
  }
}
