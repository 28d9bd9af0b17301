package dev.drp.backup;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Brings backups to storages that lack them, to all storages at the same time: one that is slow, or
 * hangs until a time limit ends it, delays no other.
 */
final class CopyToStorages {
  private final CopyBackup copying;
  private final ObjectName environment;

  /**
   * @param environment the environment's folder, the same in all storages
   */
  CopyToStorages(WriterClaims claims, ObjectName environment, Clock clock, Progress progress) {
    this.copying = new CopyBackup(claims, clock, progress);
    this.environment = environment;
  }

  /**
   * Copies in the order of the backups; those that a storage has are passed over. The caller holds
   * the environment's lock.
   */
  List<BackupResult.Copy> copy(Map<NamedStorage, List<CatalogEntry>> wanted) {
    List<SideBySide<BackupResult.Copy>> running = new ArrayList<>();
    try {
      wanted.forEach(
          (storage, backups) ->
              running.add(
                  new SideBySide<>(
                      "copying to storage " + storage.name(), () -> copy(storage, backups))));
      return running.stream().map(SideBySide::await).toList();
    } finally {
      running.forEach(SideBySide::close);
    }
  }

  private BackupResult.Copy copy(NamedStorage to, List<CatalogEntry> backups) {
    List<BackupId> copied = new ArrayList<>();
    @Nullable RecoveryException failure = null;
    try {
      Set<BackupId> present = published(to);
      for (CatalogEntry backup : backups) {
        if (present.contains(backup.id())) {
          continue;
        }
        try {
          copying.copy(backup, to);
          copied.add(backup.id());
        } catch (RecoveryException e) {
          failure = failure == null ? e : failure;
          if (e.code() != ErrorCode.BACKUP_CORRUPT && e.code() != ErrorCode.REFUSED) {
            break; // the next one would fail, too
          }
        }
      }
    } catch (RecoveryException e) {
      failure = e;
    }
    return new BackupResult.Copy(to, copied, Optional.ofNullable(failure));
  }

  private Set<BackupId> published(NamedStorage storage) {
    return SetFolder.allIn(storage, environment).stream()
        .filter(set -> set.has(SetLayout.MANIFEST) && !set.isExpiring())
        .map(SetFolder::id)
        .collect(Collectors.toSet());
  }
}
