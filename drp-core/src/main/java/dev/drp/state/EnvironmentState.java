package dev.drp.state;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * What this machine remembers of one environment. Safe for concurrent use, also by several
 * processes.
 */
public final class EnvironmentState {
  /** {@link #lockHolder} takes the lock for a moment. */
  private static final Duration WHILE_SOMEBODY_LOOKS = Duration.ofMillis(200);

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Path folder;
  private final String environment;
  private final Clock clock;

  EnvironmentState(Path folder, String environment, Clock clock) {
    this.folder = folder;
    this.environment = environment;
    this.clock = clock;
  }

  /**
   * Locks the environment's backups for a writer: one that takes or expires them. Does not wait.
   *
   * @param doing what it is locked for, shown to whoever finds it locked: {@code backup}
   * @throws dev.drp.RecoveryException with LOCKED, naming the holder, when it is locked already, by
   *     another process or by another thread of this one
   */
  public StateLock lockBackups(String doing) {
    return StateLock.take(
        lockFile(), "backups of " + environment, holder(doing), WHILE_SOMEBODY_LOOKS);
  }

  /**
   * Locks the environment's write-ahead log for the one that streams it. Waits a moment, for one
   * that only looks who holds it.
   *
   * @throws dev.drp.RecoveryException with LOCKED, naming the holder, when it is locked already
   */
  public StateLock lockWal() {
    return StateLock.take(
        walLock(), "the log of " + environment, holder("wal stream"), WHILE_SOMEBODY_LOOKS);
  }

  /**
   * Locks one of the environment's synced folders for the run that works on it. Does not wait.
   *
   * @throws dev.drp.RecoveryException with LOCKED, naming the holder, when it is locked already
   */
  public StateLock lockSyncedFolder(String name) {
    return StateLock.take(
        folder.resolve("sync-" + name + ".lock"),
        "the synced folder %s of %s".formatted(name, environment),
        holder("sync"));
  }

  /** Who streams the environment's write-ahead log now; empty when nobody does. */
  public Optional<String> walLockHolder() {
    return Optional.of(StateLock.holder(walLock())).filter(holder -> !holder.isEmpty());
  }

  /**
   * Locks the copy of the catalog for the moment of a change, and waits a little for others who do
   * the same.
   *
   * @throws dev.drp.RecoveryException with LOCKED when it stays locked
   */
  public StateLock lockCatalog() {
    return StateLock.take(
        folder.resolve("catalog.lock"),
        "the catalog of " + environment,
        holder("an update"),
        PATIENCE);
  }

  /** Who holds the lock now; empty when nobody does. */
  public Optional<String> lockHolder() {
    return Optional.of(StateLock.holder(lockFile())).filter(holder -> !holder.isEmpty());
  }

  /** A file of that name for this environment; it need not exist, its folder does. */
  public Path file(String name) {
    return folder.resolve(name);
  }

  private String holder(String doing) {
    return "%s, process %d on %s, since %s"
        .formatted(
            doing,
            ProcessHandle.current().pid(),
            StateDirectory.host(),
            clock.instant().truncatedTo(ChronoUnit.SECONDS));
  }

  private Path walLock() {
    return folder.resolve("wal.lock");
  }

  private Path lockFile() {
    return folder.resolve("lock");
  }
}
