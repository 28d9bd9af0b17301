package dev.drp.postgres;

import dev.drp.RecoveryException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/** Spreads work over a few sessions: each takes the next piece that there is. */
final class SpreadWork {
  private SpreadWork() {}

  /**
   * Works on every piece, in about the given order; the largest first keeps all sessions busy to
   * the end. The first failure comes out when the sessions have ended.
   *
   * @param open opens a session, which is closed here
   */
  static <T> void over(
      int sessions, Supplier<Session> open, Collection<T> pieces, BiConsumer<Session, T> work) {
    Queue<T> waiting = new ConcurrentLinkedQueue<>(pieces);
    int needed = Math.min(sessions, pieces.size());
    if (needed == 0) {
      return;
    }
    ExecutorService threads = Executors.newFixedThreadPool(needed);
    try {
      List<CompletableFuture<Void>> workers = new ArrayList<>();
      for (int i = 0; i < needed; i++) {
        workers.add(CompletableFuture.runAsync(() -> workOn(waiting, open, work), threads));
      }
      workers.forEach(SpreadWork::await);
    } finally {
      threads.shutdownNow();
    }
  }

  private static <T> void workOn(
      Queue<T> waiting, Supplier<Session> open, BiConsumer<Session, T> work) {
    try (Session session = open.get()) {
      for (T piece = waiting.poll(); piece != null; piece = waiting.poll()) {
        work.accept(session, piece);
      }
    }
  }

  private static void await(CompletableFuture<Void> worker) {
    try {
      worker.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RecoveryException ours) {
        throw ours;
      }
      throw e;
    }
  }
}
