package dev.drp.wal;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.Coding;
import dev.drp.backup.NamedStorage;
import dev.drp.database.Lsn;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Brings the log of one server from its spool to all storages, each at its own pace in a thread of
 * its own: one that is down delays nothing but its own copy.
 */
final class WalShipping implements AutoCloseable {
  private static final Duration PAUSE_AFTER_FAILURE = Duration.ofSeconds(5);

  private final WalSpool spool;
  private final Duration maxLag;
  private final BiConsumer<WalEvent.Kind, String> events;
  private final Consumer<RuntimeException> fatal;
  private final List<Lane> lanes;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition news = lock.newCondition();
  private long segments;
  private boolean stopping;
  private volatile Instant upToDate = Instant.MIN;

  /**
   * @param maxLag how often increments are shipped
   * @param before how far a former run had come, as it was written down
   * @param fatal hears of what no second attempt mends
   */
  WalShipping(
      WalSpool spool,
      List<NamedStorage> storages,
      Function<String, WalLayout> layout,
      Coding coding,
      Duration maxLag,
      List<WalStatus.Copy> before,
      BiConsumer<WalEvent.Kind, String> events,
      Consumer<RuntimeException> fatal) {
    this.spool = spool;
    this.maxLag = maxLag;
    this.events = events;
    this.fatal = fatal;
    this.lanes =
        storages.stream()
            .map(
                storage ->
                    new Lane(
                        new WalShipper(
                            storage, spool, layout.apply(coding.compression().suffix()), coding),
                        before.stream()
                            .filter(copy -> copy.storage().equals(storage.name()))
                            .findFirst()))
            .toList();
  }

  WalSpool spool() {
    return spool;
  }

  void start() {
    lanes.forEach(lane -> lane.thread.start());
  }

  /** Says that a segment is complete. */
  void segmentIsComplete() {
    lock.lock();
    try {
      segments++;
      news.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Says that the spool has all that was committed until then, by the server's clock. */
  void upToDate(Instant serverTime) {
    upToDate = serverTime;
  }

  /** Ships to the first storage at once, in this thread. */
  void shipToFirst() {
    lanes.get(0).ship();
  }

  List<WalStatus.Copy> copies() {
    return lanes.stream().map(Lane::copy).flatMap(Optional::stream).toList();
  }

  /** Whether every storage has the log up to there, or failed when it was last tried. */
  boolean settled(int timeline, Lsn to) {
    WalShipper.Position wanted = new WalShipper.Position(timeline, to);
    return lanes.stream()
        .allMatch(
            lane -> {
              WalShipper.Position has = lane.shipper.position();
              return !lane.problem.isEmpty() || (has != null && has.covers(wanted));
            });
  }

  List<String> failing() {
    return lanes.stream()
        .filter(lane -> !lane.problem.isEmpty())
        .map(lane -> lane.shipper.storage().name())
        .toList();
  }

  private void release() {
    for (String name : spool.content().names()) {
      if (lanes.stream().allMatch(lane -> lane.shipper.has(name))) {
        spool.remove(name);
      }
    }
  }

  /** Ships what there is once more, and ends. */
  @Override
  public void close() {
    spool.close();
    lock.lock();
    try {
      stopping = true;
      news.signalAll();
    } finally {
      lock.unlock();
    }
    lanes.forEach(lane -> awaitEnd(lane.thread));
  }

  /** Waits for the end of a thread; an interrupt has to wait, too. */
  static void awaitEnd(Thread thread) {
    boolean interrupted = false;
    try {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** One storage's. */
  private final class Lane {
    private final WalShipper shipper;
    private final Optional<WalStatus.Copy> before;
    private final Thread thread;
    private volatile String problem = "";
    private volatile @Nullable Instant completeUntil;

    private Lane(WalShipper shipper, Optional<WalStatus.Copy> before) {
      this.shipper = shipper;
      this.before = before;
      this.thread = new Thread(this::run, "ship log to " + shipper.storage().name());
    }

    private Optional<WalStatus.Copy> copy() {
      Optional<Instant> complete = Optional.ofNullable(completeUntil); // before what follows moves
      WalShipper.Position has = shipper.position();
      return has == null && problem.isEmpty()
          ? Optional.empty()
          : Optional.of(
              new WalStatus.Copy(
                  shipper.storage().name(),
                  has == null ? 0 : has.timeline(),
                  has == null ? new Lsn(0) : has.to(),
                  complete,
                  problem,
                  shipper.stretch(),
                  shipper.newestGap()));
    }

    private void run() {
      boolean last = false;
      while (!last) {
        long seen;
        lock.lock();
        try {
          last = stopping;
          seen = segments;
        } finally {
          lock.unlock();
        }
        try {
          ship();
          release();
          if (!problem.isEmpty()) {
            problem = "";
            events.accept(
                WalEvent.Kind.STORAGE_BACK,
                "storage %s takes the log again".formatted(shipper.storage()));
          }
        } catch (RecoveryException e) {
          failed(e);
        } catch (RuntimeException e) {
          fatal.accept(e);
          return;
        }
        if (!last) {
          pause(seen);
        }
      }
    }

    private void ship() {
      Instant complete = upToDate; // before the spool is synced: that far it is all there
      spool.sync();
      shipper.ship();
      if (complete.isAfter(Instant.MIN)) {
        completeUntil = complete;
      } else if (completeUntil == null) {
        completeUntil =
            before.filter(this::hasStill).flatMap(WalStatus.Copy::completeUntil).orElse(null);
      }
    }

    /** Until this run knows better, what a former one knew is true as long as it is all there. */
    private boolean hasStill(WalStatus.Copy copy) {
      WalShipper.Position has = shipper.position();
      return has != null && has.timeline() == copy.timeline() && !has.to().isBefore(copy.to());
    }

    private void failed(RecoveryException e) {
      if (e.code() == ErrorCode.OBJECT_EXISTS) {
        fatal.accept(e);
      }
      if (problem.isEmpty()) {
        events.accept(WalEvent.Kind.STORAGE_FAILED, e.problem() + "; it is tried again");
      }
      problem = e.problem();
    }

    private void pause(long seen) {
      Duration pause = maxLag;
      boolean failing = !problem.isEmpty();
      if (failing && pause.compareTo(PAUSE_AFTER_FAILURE) < 0) {
        pause = PAUSE_AFTER_FAILURE;
      }
      lock.lock();
      try {
        long left = pause.toNanos();
        while (!stopping && left > 0 && (failing || segments == seen)) {
          left = news.awaitNanos(left);
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException("nobody interrupts this thread", e);
      } finally {
        lock.unlock();
      }
    }
  }
}
