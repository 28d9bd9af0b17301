package dev.drp.backup;

import dev.drp.RecoveryException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/** Many small pieces of work that wait more than they work: for answers of a far storage. */
final class InParallel {
  private static final int AT_ONCE = 16;

  private InParallel() {}

  /** The results in the order of the inputs. The first failure comes out as it is, and ends all. */
  static <A, B> List<B> map(String what, List<A> inputs, Function<A, B> work) {
    if (inputs.isEmpty()) {
      return List.of();
    }
    ExecutorService threads =
        Executors.newFixedThreadPool(
            Math.min(AT_ONCE, inputs.size()),
            run -> {
              Thread thread = new Thread(run, "drp-parallel");
              thread.setDaemon(true);
              return thread;
            });
    try {
      List<Future<B>> pending = new ArrayList<>();
      inputs.forEach(input -> pending.add(threads.submit(() -> work.apply(input))));
      List<B> results = new ArrayList<>();
      for (Future<B> each : pending) {
        results.add(each.get());
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RecoveryException failure) {
        throw failure;
      }
      throw new IllegalStateException(what, e.getCause());
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted(what, e);
    } finally {
      threads.shutdownNow();
    }
  }
}
