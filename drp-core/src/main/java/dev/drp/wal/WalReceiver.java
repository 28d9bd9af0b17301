package dev.drp.wal;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.DatabaseServer;
import dev.drp.database.Lsn;
import dev.drp.database.TimelineHistory;
import dev.drp.database.WalSlot;
import dev.drp.database.WalSource;
import dev.drp.database.WalStream;
import dev.drp.plan.WalSettings;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Brings the log of a server into the spool, whatever happens to the connection, in a thread of its
 * own. Before each stream it asks the server where its timelines end, as the end of one cannot be
 * seen from within the stream.
 */
final class WalReceiver implements Runnable {
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /**
   * Every commit sends a message of its own, some thousand in a second. What comes in during this
   * time is taken at once, which leaves the processors to the server; it is also how much later the
   * end of the log is here.
   */
  private static final Duration GATHERING = Duration.ofMillis(10);

  /** What takes longer to come was not there yet: the connection has been read empty. */
  private static final Duration AT_HAND = Duration.ofNanos(100_000);

  /** Messages from this size on are log in bulk, which is read as fast as it comes. */
  private static final int BULK_BYTES = 1 << 14;

  /** What does not go away by itself. */
  private static final Set<ErrorCode> FINAL =
      Set.of(
          ErrorCode.OBJECT_EXISTS,
          ErrorCode.REFUSED,
          ErrorCode.VERSION_MISMATCH,
          ErrorCode.DATABASE_ACCESS_DENIED,
          ErrorCode.SECRET_UNAVAILABLE,
          ErrorCode.NOT_IN_PLAN,
          ErrorCode.FORMAT_UNKNOWN);

  private final Supplier<DatabaseServer> connect;
  private final String environment;
  private final WalSettings settings;
  private final Function<String, WalShipping> shippings;
  private final Function<String, List<WalArchive>> archives;
  private final Clock clock;
  private final BiConsumer<WalEvent.Kind, String> events;
  private final Consumer<RuntimeException> fatal;
  private final CountDownLatch stop = new CountDownLatch(1);
  private @Nullable WalStream current;
  private boolean disconnected;
  private volatile @Nullable Target target;
  private volatile @Nullable Receiving receiving;

  WalReceiver(
      Supplier<DatabaseServer> connect,
      String environment,
      WalSettings settings,
      Function<String, WalShipping> shippings,
      Function<String, List<WalArchive>> archives,
      Clock clock,
      BiConsumer<WalEvent.Kind, String> events,
      Consumer<RuntimeException> fatal) {
    this.connect = connect;
    this.environment = environment;
    this.settings = settings;
    this.shippings = shippings;
    this.archives = archives;
    this.clock = clock;
    this.events = events;
    this.fatal = fatal;
  }

  /** How far the server's log was safe when it was first asked. */
  record Target(String systemIdentifier, int timeline, Lsn flushed) {}

  /** Whose log comes in. */
  record Receiving(String systemIdentifier, WalShipping shipping) {}

  @Nullable Target target() {
    return target;
  }

  @Nullable Receiving receiving() {
    return receiving;
  }

  /** The slot, and the name of the streams, of an environment. */
  static String slot(String environment) {
    return "drp_" + environment.replace('-', '_');
  }

  /** Ends the stream, from another thread. */
  void stop() {
    stop.countDown();
    closeCurrent();
  }

  private synchronized void closeCurrent() {
    if (current != null) {
      current.close();
    }
  }

  private synchronized void current(@Nullable WalStream stream) {
    current = stream;
    if (stream != null && stopping()) {
      stream.close();
    }
  }

  private boolean stopping() {
    return stop.getCount() == 0;
  }

  @Override
  public void run() {
    Duration pause = FIRST_PAUSE;
    while (!stopping()) {
      long started = System.nanoTime();
      try (DatabaseServer server = connect.get();
          WalSource wal = server.openWal(slot(environment))) {
        receive(wal, server.facts().inRecovery());
        pause = FIRST_PAUSE;
      } catch (RecoveryException e) {
        if (stopping()) {
          return;
        }
        if (FINAL.contains(e.code())) {
          fatal.accept(e);
          return;
        }
        if (System.nanoTime() - started > LONGEST_PAUSE.toNanos()) {
          pause = FIRST_PAUSE; // it worked for a while
        }
        if (!disconnected) {
          disconnected = true;
          events.accept(WalEvent.Kind.DISCONNECTED, e.problem() + "; it is tried again");
        }
        if (sleptUntilStopped(pause)) {
          return;
        }
        pause =
            pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0
                ? pause.multipliedBy(2)
                : LONGEST_PAUSE;
      } catch (RuntimeException e) {
        fatal.accept(e);
        return;
      }
    }
  }

  private boolean sleptUntilStopped(Duration pause) {
    try {
      return stop.await(pause.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("waiting to connect again", e);
    }
  }

  /** Receives until the connection ends or a timeline does. */
  private void receive(WalSource wal, boolean standby) {
    WalSource.WalPosition server = wal.position();
    if (target == null) {
      target = new Target(server.systemIdentifier(), server.timeline(), server.flushed());
    }
    WalShipping shipping = shippings.apply(server.systemIdentifier());
    receiving = new Receiving(server.systemIdentifier(), shipping);
    WalSpool spool = shipping.spool();
    TimelineHistory history = histories(wal, server.timeline(), spool);
    WalSlot slot = slot(wal);
    WalSegment next = start(server, slot, history, spool);
    try {
      stream(wal, shipping, next, history, standby);
    } catch (RecoveryException e) {
      if (e.code() != ErrorCode.WAL_REMOVED) {
        throw e;
      }
      skip(wal, server, spool, e);
    }
  }

  private static TimelineHistory histories(WalSource wal, int timeline, WalSpool spool) {
    TimelineHistory history = wal.history(timeline);
    for (TimelineHistory.Ancestor ancestor : history.ancestors()) {
      keep(wal, ancestor.timeline(), spool);
    }
    if (!history.content().isEmpty()) {
      spool.keep(WalLayout.historyName(timeline), history.content());
    }
    return history;
  }

  /** A server that was restored may lack those of older timelines; the newest tells all. */
  private static void keep(WalSource wal, int timeline, WalSpool spool) {
    try {
      TimelineHistory history = wal.history(timeline);
      if (!history.content().isEmpty()) {
        spool.keep(WalLayout.historyName(timeline), history.content());
      }
    } catch (RecoveryException e) {
      if (e.code() != ErrorCode.OBJECT_NOT_FOUND) {
        throw e;
      }
    }
  }

  private WalSlot slot(WalSource wal) {
    String name = slot(environment);
    Optional<WalSlot> slot = wal.slot(name);
    if (slot.isPresent() && (slot.get().lost() || slot.get().keptFrom().isEmpty())) {
      events.accept(
          WalEvent.Kind.SLOT,
          "the server has given up slot %s, as it kept too much; it is made anew".formatted(name));
      wal.dropSlot(name);
      slot = Optional.empty();
    }
    if (slot.isPresent()) {
      return slot.get();
    }
    WalSlot made = wal.createSlot(name);
    events.accept(
        WalEvent.Kind.SLOT,
        "slot %s keeps the server's log from %s on"
            .formatted(name, made.keptFrom().map(Lsn::toString).orElse("?")));
    return made;
  }

  /** Where to go on: behind what the spool has, else the storages, else with what is kept. */
  private WalSegment start(
      WalSource.WalPosition server, WalSlot slot, TimelineHistory history, WalSpool spool) {
    Optional<WalSegment> known = spool.resume();
    if (known.isEmpty()) {
      known = behindStorages(server.systemIdentifier());
    }
    WalSegment next =
        known.orElseGet(
            () -> WalSegment.at(server.timeline(), slot.keptFrom().orElse(server.flushed())));
    if (Integer.compareUnsigned(next.timeline(), server.timeline()) > 0) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "the server is on timeline %d, but its log was streamed up to timeline %d already"
              .formatted(server.timeline(), next.timeline()),
          "is this an old primary that came back? Stream from the server that serves now.");
    }
    if (!history.comesFrom(next.timeline())) {
      // The server left the common past before our timeline did: from there its log is new.
      return history.ancestors().isEmpty()
          ? WalSegment.at(server.timeline(), slot.keptFrom().orElse(server.flushed()))
          : WalSegment.at(
              server.timeline(), history.ancestors().get(history.ancestors().size() - 1).end());
    }
    while (next.timeline() != history.timeline()) {
      Lsn end = history.endOf(next.timeline()).orElseThrow();
      if (next.start().isBefore(end) && !hasUpTo(spool, next, end)) {
        break;
      }
      next = WalSegment.at(history.next(next.timeline()), end);
    }
    return next;
  }

  /** Whether the last segment of a timeline was received in this run up to where it ends. */
  private static boolean hasUpTo(WalSpool spool, WalSegment segment, Lsn end) {
    return spool.timeline() == segment.timeline() && !spool.safe().isBefore(end);
  }

  /** Of the storages that have any of the log, where the one that has least of it ends. */
  private Optional<WalSegment> behindStorages(String systemIdentifier) {
    Optional<WalSegment> least = Optional.empty();
    for (WalArchive archive : archives.apply(systemIdentifier)) {
      try {
        Optional<WalSegment> newest =
            archive.coverage().segments().entrySet().stream()
                .reduce((first, second) -> second)
                .map(it -> it.getValue() == WalSegment.BYTES ? it.getKey().next() : it.getKey());
        if (newest.isPresent() && (least.isEmpty() || newest.get().compareTo(least.get()) < 0)) {
          least = newest;
        }
      } catch (RecoveryException e) {
        // A storage that is down has no say; what it lacks shows as a hole when it is back.
      }
    }
    return least;
  }

  private void stream(
      WalSource wal,
      WalShipping shipping,
      WalSegment first,
      TimelineHistory history,
      boolean standby) {
    WalSpool spool = shipping.spool();
    spool.begin(first);
    Lsn end =
        first.timeline() == history.timeline()
            ? new Lsn(-1)
            : history.endOf(first.timeline()).orElseThrow();
    try (WalStream stream = wal.stream(slot(environment), first.timeline(), first.start())) {
      current(stream);
      disconnected = false;
      events.accept(
          WalEvent.Kind.STREAMING,
          "streaming from %s on timeline %d".formatted(first.start(), first.timeline()));
      if (settings.synchronous() && first.timeline() == history.timeline()) {
        wal.waitForUs(true);
      }
      copy(stream, shipping, end, () -> standby && isPromoted(wal, first.timeline()));
    } finally {
      current(null);
      spool.close();
    }
  }

  private static boolean isPromoted(WalSource wal, int timeline) {
    return wal.position().timeline() != timeline;
  }

  /**
   * Copies what comes in until a position.
   *
   * @param over whether the timeline has ended under us: nothing in the stream tells, it only has
   *     signs of life from then on
   */
  private void copy(WalStream stream, WalShipping shipping, Lsn end, BooleanSupplier over) {
    WalSpool spool = shipping.spool();
    Lsn confirmed = spool.safe();
    while (!stopping() && spool.received().isBefore(end)) {
      long asked = System.nanoTime();
      WalStream.Message message = stream.next();
      boolean readEmpty = System.nanoTime() - asked > AT_HAND.toNanos();
      boolean bulk = message.data().remaining() >= BULK_BYTES;
      boolean completed = false;
      if (message.data().hasRemaining()) {
        if (!message.start().equals(spool.received())) {
          throw new RecoveryException(
              ErrorCode.DATABASE_FAILED,
              "the server sent log from %s instead of %s"
                  .formatted(message.start(), spool.received()),
              "the stream is begun anew.");
        }
        long left = end.value() == -1 ? Long.MAX_VALUE : end.minus(message.start());
        if (message.data().remaining() > left) {
          message.data().limit(message.data().position() + (int) left);
        }
        completed = spool.append(message.data());
        if (completed) {
          shipping.segmentIsComplete();
        }
      }
      boolean caughtUp = !spool.received().isBefore(message.serverEnd());
      if (caughtUp) {
        shipping.upToDate(message.serverTime());
      }
      Lsn safe = spool.safe();
      if (settings.synchronous() && (caughtUp || completed)) {
        shipping.shipToFirst();
        safe = spool.safe();
      } else if (message.answerWanted()) {
        safe = spool.sync();
      }
      if (message.answerWanted() && message.data().limit() == 0 && over.getAsBoolean()) {
        return;
      }
      if (message.answerWanted() || confirmed.isBefore(safe)) {
        stream.confirm(safe);
        confirmed = safe;
      }
      if (readEmpty && !bulk && !settings.synchronous()) {
        LockSupport.parkNanos(GATHERING.toNanos());
      }
    }
  }

  /** The log from here on is gone: the next that the server keeps is taken, and the loss told. */
  private void skip(
      WalSource wal, WalSource.WalPosition server, WalSpool spool, RecoveryException cause) {
    String name = slot(environment);
    Lsn missing = spool.end();
    int timeline = spool.timeline();
    Lsn kept = slot(wal).keptFrom().orElse(missing);
    if (!missing.isBefore(WalSegment.at(timeline, kept).start())) {
      wal.dropSlot(name); // it promises what is not there
      kept = slot(wal).keptFrom().orElse(missing);
    }
    WalSegment next = WalSegment.at(server.timeline(), kept);
    if (!missing.isBefore(next.start())) {
      throw cause;
    }
    WalGap gap = new WalGap(clock.instant(), timeline, missing, next.timeline(), next.start());
    spool.keep(gap.objectName(), gap.explanation(environment));
    events.accept(WalEvent.Kind.GAP, gap + "; take a base backup now: " + gap.remedy(environment));
    spool.skipTo(next);
  }
}
