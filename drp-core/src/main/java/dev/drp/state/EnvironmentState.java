package dev.drp.state;

import java.nio.file.Path;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * What this machine remembers of one environment. Safe for concurrent use, also by several
 * processes.
 */
public final class EnvironmentState {
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
    String holder =
        "%s, process %d on %s, since %s"
            .formatted(
                doing,
                ProcessHandle.current().pid(),
                StateDirectory.host(),
                clock.instant().truncatedTo(ChronoUnit.SECONDS));
    return StateLock.take(lockFile(), "backups of " + environment, holder);
  }

  /** Who holds the lock now; empty when nobody does. */
  public Optional<String> lockHolder() {
    return Optional.of(StateLock.holder(lockFile())).filter(holder -> !holder.isEmpty());
  }

  /** A file of that name for this environment; it need not exist, its folder does. */
  public Path file(String name) {
    return folder.resolve(name);
  }

  private Path lockFile() {
    return folder.resolve("lock");
  }
}
