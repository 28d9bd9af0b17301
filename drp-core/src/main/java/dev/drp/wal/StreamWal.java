package dev.drp.wal;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.Coding;
import dev.drp.backup.Decoding;
import dev.drp.backup.NamedStorage;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.DatabaseServer;
import dev.drp.plan.Environment;
import dev.drp.plan.WalSettings;
import dev.drp.state.EnvironmentState;
import dev.drp.state.StateDirectory;
import dev.drp.state.StateLock;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * Streams the write-ahead log of an environment's server to its storages, until it is interrupted.
 *
 * <p>A connection that is lost is made again, a storage that fails is tried again; both are told to
 * the listener, which is called by several threads.
 */
public final class StreamWal {
  private static final long LOOK_MILLIS = 100;
  private static final Duration WRITE_DOWN = Duration.ofSeconds(2);
  private static final Duration WATCH_SLOT = Duration.ofSeconds(30);

  private final DatabaseConnector databases;
  private final List<NamedStorage> storages;
  private final Coding coding;
  private final StateDirectory state;
  private final Clock clock;
  private final Consumer<WalEvent> listener;

  /**
   * @param storages those of the plan's {@code wal.to}, in its order
   */
  public StreamWal(
      DatabaseConnector databases,
      List<NamedStorage> storages,
      Coding coding,
      StateDirectory state,
      Clock clock,
      Consumer<WalEvent> listener) {
    this.databases = requireNonNull(databases, "databases");
    this.storages = List.copyOf(storages);
    this.coding = requireNonNull(coding, "coding");
    this.state = requireNonNull(state, "state");
    this.clock = requireNonNull(clock, "clock");
    this.listener = requireNonNull(listener, "listener");
  }

  /** Until when it streams. */
  public enum Until {
    /** Until this thread is interrupted; meanwhile the canary is written, if the plan wants it. */
    INTERRUPTED,
    /** Until all that the server had flushed at the start is stored. */
    CAUGHT_UP
  }

  /**
   * The settings of an environment.
   *
   * @throws RecoveryException with NOT_IN_PLAN when its log is not to be streamed
   */
  public static WalSettings settings(Environment environment) {
    return environment
        .requireDatabase()
        .wal()
        .orElseThrow(
            () ->
                new RecoveryException(
                    ErrorCode.NOT_IN_PLAN,
                    "the plan does not say where the log of environment %s is to go"
                        .formatted(environment.name()),
                    "add environments.%s.database.wal with `to: [STORAGE]`."
                        .formatted(environment.name())));
  }

  /** What an environment's slot and streams are called on its server. */
  public static String streamName(String environment) {
    return WalReceiver.slot(environment);
  }

  /**
   * Streams. Ends in order when this thread is interrupted: what has come in is shipped, and the
   * interrupt is over.
   *
   * <p>LOCKED when another process streams this environment's log already; OBJECT_EXISTS when the
   * server or a storage has other content than was received; REFUSED for a server on an older
   * timeline than before. What the first connection says comes out as well.
   *
   * @return names of the storages that do not have everything
   */
  public List<String> stream(String application, Environment environment, Until until) {
    WalSettings settings = settings(environment);
    EnvironmentState remembered = state.environment(application, environment.name());
    try (StateLock lock = remembered.lockWal();
        Run run = new Run(application, environment, settings, remembered, until)) {
      requireNonNull(lock, "lock");
      return run.untilItEnds(until);
    }
  }

  private void tell(WalEvent.Kind kind, String text) {
    listener.accept(new WalEvent(clock.instant(), kind, text));
  }

  /** One run of it: the threads, and what they share. */
  private final class Run implements AutoCloseable {
    private final String application;
    private final Environment environment;
    private final WalSettings settings;
    private final EnvironmentState remembered;
    private final Map<String, WalShipping> shippings = new ConcurrentHashMap<>();
    private final AtomicReference<RuntimeException> failure = new AtomicReference<>();
    private final CountDownLatch over = new CountDownLatch(1);
    private final WalReceiver receiver;
    private final Thread receiving;
    private final Thread watching;
    private final Optional<WriteCanary> canary;
    private boolean statusFails;

    private Run(
        String application,
        Environment environment,
        WalSettings settings,
        EnvironmentState remembered,
        Until until) {
      this.application = application;
      this.environment = environment;
      this.settings = settings;
      this.remembered = remembered;
      this.receiver =
          new WalReceiver(
              () -> databases.connect(environment),
              environment.name(),
              settings,
              this::shipping,
              this::archives,
              clock,
              StreamWal.this::tell,
              this::fail);
      this.receiving = new Thread(receiver, "receive log");
      this.watching = new Thread(this::watchSlot, "watch slot");
      this.canary =
          settings
              .canaryEvery()
              .filter(any -> until == Until.INTERRUPTED)
              .map(
                  every ->
                      new WriteCanary(
                          () -> databases.connect(environment),
                          environment.requireDatabase().name(),
                          every,
                          "drp wal stream %s, on %s"
                              .formatted(environment.name(), StateDirectory.host()),
                          StreamWal.this::tell));
    }

    private void fail(RuntimeException e) {
      failure.compareAndSet(null, e);
      over.countDown();
    }

    private Path spools() {
      return remembered.file("wal");
    }

    private WalShipping shipping(String systemIdentifier) {
      return shippings.computeIfAbsent(
          systemIdentifier,
          id -> {
            WalShipping shipping =
                new WalShipping(
                    WalSpool.open(spools().resolve(id)),
                    storages,
                    suffix -> WalLayout.of(application, environment.name(), id, suffix),
                    coding,
                    settings.maxLag(),
                    before(id),
                    StreamWal.this::tell,
                    this::fail);
            shipping.start();
            return shipping;
          });
    }

    private List<WalStatus.Copy> before(String systemIdentifier) {
      return WalStatus.read(remembered)
          .filter(status -> status.systemIdentifier().equals(systemIdentifier))
          .map(WalStatus::copies)
          .orElse(List.of());
    }

    private List<WalArchive> archives(String systemIdentifier) {
      return storages.stream()
          .map(
              storage ->
                  new WalArchive(
                      storage,
                      application,
                      environment.name(),
                      systemIdentifier,
                      Decoding.plain(coding.compression()))) // for its names
          .toList();
    }

    /** What a former run has left, also of a server that is lost by now. */
    private void shipWhatIsLeft() {
      if (!Files.isDirectory(spools())) {
        return;
      }
      try (DirectoryStream<Path> folders = Files.newDirectoryStream(spools())) {
        folders.forEach(folder -> shipping(String.valueOf(folder.getFileName())));
      } catch (IOException e) {
        throw new RecoveryException(
            ErrorCode.LOCAL_FILE,
            "cannot list %s: %s".formatted(spools(), e),
            "check that this user may read the state directory.",
            e);
      }
    }

    private List<String> untilItEnds(Until until) {
      shipWhatIsLeft();
      receiving.start();
      watching.setDaemon(true);
      watching.start();
      canary.ifPresent(WriteCanary::start);
      long writtenDown = System.nanoTime();
      try {
        while (!over.await(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
          if (until == Until.CAUGHT_UP && isCaughtUp()) {
            break;
          }
          if (System.nanoTime() - writtenDown > WRITE_DOWN.toNanos()) {
            writeDown();
            writtenDown = System.nanoTime();
          }
        }
      } catch (InterruptedException e) {
        // The regular end: what follows is not to be interrupted any more.
      }
      end();
      RuntimeException failed = failure.get();
      if (failed != null) {
        throw failed;
      }
      List<String> behind =
          shippings.values().stream().flatMap(it -> it.failing().stream()).distinct().toList();
      tell(
          WalEvent.Kind.STOPPED,
          behind.isEmpty()
              ? "stopped; all that came in is stored"
              : "stopped; not all of it is in %s".formatted(String.join(", ", behind)));
      return behind;
    }

    private boolean isCaughtUp() {
      WalReceiver.Target target = receiver.target();
      WalShipping shipping = target == null ? null : shippings.get(target.systemIdentifier());
      return target != null
          && shipping != null
          && (shipping.spool().timeline() > target.timeline()
              || !shipping.spool().received().isBefore(target.flushed()))
          && shipping.settled(target.timeline(), target.flushed());
    }

    /** Where there is no room for it, what was written before tells how old it is. */
    private void writeDown() {
      try {
        writeStatus();
        statusFails = false;
      } catch (RecoveryException e) {
        if (!statusFails) {
          tell(WalEvent.Kind.STATUS, e.problem() + "; it is tried again");
        }
        statusFails = true;
      }
    }

    private void writeStatus() {
      WalReceiver.Receiving now = receiver.receiving();
      if (now != null) {
        WalSpool spool = now.shipping().spool();
        new WalStatus(
                clock.instant(),
                now.systemIdentifier(),
                spool.timeline(),
                spool.received(),
                spool.safe(),
                now.shipping().copies())
            .write(remembered);
      }
    }

    private void watchSlot() {
      WatchWalSlot watch = new WatchWalSlot(settings);
      String told = "";
      try {
        while (!over.await(WATCH_SLOT.toSeconds(), TimeUnit.SECONDS)) {
          try (DatabaseServer server = databases.connect(environment)) {
            String alarm = watch.look(server, environment.name()).alarm();
            if (!alarm.isEmpty() && told.isEmpty()) {
              tell(WalEvent.Kind.SLOT_ALARM, alarm);
            }
            told = alarm;
          } catch (RecoveryException e) {
            // The receiver says that the server does not answer.
          }
        }
      } catch (InterruptedException e) {
        // The stream ends.
      }
    }

    private void end() {
      over.countDown();
      canary.ifPresent(WriteCanary::close);
      receiver.stop();
      WalShipping.awaitEnd(receiving);
      shippings.values().forEach(WalShipping::close);
      writeDown();
    }

    @Override
    public void close() {
      over.countDown();
      canary.ifPresent(WriteCanary::close);
      receiver.stop();
      shippings.values().forEach(WalShipping::close);
    }
  }
}
