package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.BackupKind;
import dev.drp.plan.Environment;
import java.util.List;
import java.util.Optional;

/**
 * What to back up, and where to.
 *
 * @param application the application's name
 * @param environment what to back up
 * @param schedule the plan's schedule that it is taken for; empty for one taken by hand
 * @param storages where to, at least one: the first local one gets the dump, the others a copy
 * @param emergency whether to save what can still be read of a damaged server
 * @param retention by which storages that lack earlier backups of the schedule get those that they
 *     would keep; empty if they are to get all
 * @param plain whether secrets in files may leave this machine without encryption
 * @param images whether a system backup holds the images of the containers
 */
public record BackupRequest(
    String application,
    Environment environment,
    BackupKind kind,
    Optional<String> schedule,
    List<NamedStorage> storages,
    boolean emergency,
    Optional<RetentionPolicy> retention,
    boolean plain,
    boolean images) {
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
    this(
        application,
        environment,
        kind,
        schedule,
        storages,
        emergency,
        Optional.empty(),
        false,
        false);
  }

  /** Whether files are backed up: the kinds configuration and system. */
  boolean ofFiles() {
    return kind == BackupKind.CONFIGURATION || kind == BackupKind.SYSTEM;
  }

  /**
   * Files of a configuration hold secrets: they leave this machine encrypted, or because the plan
   * says that they may be read.
   *
   * @throws RecoveryException with REFUSED
   */
  void requireSecretsKept(boolean encrypted) {
    if (ofFiles() && !encrypted && !plain) {
      storages.stream()
          .filter(NamedStorage::isAway)
          .findFirst()
          .ifPresent(
              away -> {
                throw secretsWouldLeave(away);
              });
    }
  }

  static RecoveryException secretsWouldLeave(NamedStorage to) {
    return new RecoveryException(
        ErrorCode.REFUSED,
        "a backup of the configuration holds secrets, and would be stored unencrypted in %s"
            .formatted(to),
        "nothing was stored there. Give the plan recipients under `encryption:`; or, if whoever"
            + " reads that storage may read them, write `plain: true` in the schedule.");
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
