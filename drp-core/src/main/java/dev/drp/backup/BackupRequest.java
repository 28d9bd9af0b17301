package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.plan.BackupKind;
import dev.drp.plan.Environment;
import java.util.List;
import java.util.Optional;

/**
 * What to back up, and where to.
 *
 * @param application the application's name
 * @param environment the environment whose database it is
 * @param kind logical or physical
 * @param schedule the plan's schedule that it is taken for; empty for one taken by hand
 * @param storages where to, at least one: the first local one gets the dump, the others a copy
 * @param emergency whether to save what can still be read of a damaged server
 * @param retention by which storages that lack earlier backups of the schedule get those that they
 *     would keep; empty if they are to get all
 */
public record BackupRequest(
    String application,
    Environment environment,
    BackupKind kind,
    Optional<String> schedule,
    List<NamedStorage> storages,
    boolean emergency,
    Optional<RetentionPolicy> retention) {
  public BackupRequest {
    requireNonNull(application, "application");
    requireNonNull(environment, "environment");
    requireNonNull(kind, "kind");
    requireNonNull(schedule, "schedule");
    requireNonNull(retention, "retention");
    storages = List.copyOf(storages);
    if (storages.isEmpty()) {
      throw new IllegalArgumentException("a backup needs a storage");
    }
  }

  /** The same without any retention. */
  public BackupRequest(
      String application,
      Environment environment,
      BackupKind kind,
      Optional<String> schedule,
      List<NamedStorage> storages,
      boolean emergency) {
    this(application, environment, kind, schedule, storages, emergency, Optional.empty());
  }

  /** The storage that gets the dump. */
  NamedStorage first() {
    return storages.stream().filter(NamedStorage::local).findFirst().orElse(storages.get(0));
  }

  /** The storages that get a copy. */
  List<NamedStorage> others() {
    return storages.stream().filter(storage -> !storage.equals(first())).toList();
  }
}
