package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.Progress;
import dev.drp.state.EnvironmentState;
import dev.drp.state.StateDirectory;
import dev.drp.state.StateLock;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Brings finished backups to storages that lack them. What a storage has is passed over; what fails
 * leaves nothing there that anybody would take for a backup. Safe for concurrent use.
 */
public final class CopyBackups {
  private final LocalCatalog localCatalog;
  private final String application;
  private final StateDirectory state;
  private final Clock clock;
  private final Progress progress;

  /**
   * @param localCatalog hears of the copies
   */
  public CopyBackups(
      String application,
      LocalCatalog localCatalog,
      StateDirectory state,
      Clock clock,
      Progress progress) {
    this.application = requireNonNull(application, "application");
    this.localCatalog = requireNonNull(localCatalog, "localCatalog");
    this.state = requireNonNull(state, "state");
    this.clock = requireNonNull(clock, "clock");
    this.progress = requireNonNull(progress, "progress");
  }

  /**
   * Copies to all these storages at the same time. A storage that fails is in the result, and takes
   * nothing from the others.
   *
   * @param wanted which backups each storage is to have, in the order in which to copy
   * @throws dev.drp.RecoveryException with LOCKED while somebody works on the environment's backups
   */
  public List<BackupResult.Copy> copy(
      String environment, Map<NamedStorage, List<CatalogEntry>> wanted) {
    EnvironmentState memory = state.environment(application, environment);
    try (StateLock held = memory.lockBackups("copying backups")) {
      WriterClaims claims =
          new WriterClaims(application, environment, state.writer(), memory, clock);
      List<BackupResult.Copy> copies =
          new CopyToStorages(
                  claims, SetLayout.environment(application, environment), clock, progress)
              .copy(new LinkedHashMap<>(wanted));
      copies.stream()
          .flatMap(copy -> copy.copied().stream())
          .distinct()
          .forEach(id -> localCatalog.refresh(environment, id));
      return copies;
    }
  }
}
