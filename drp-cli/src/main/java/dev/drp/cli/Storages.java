package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupStorage;
import dev.drp.backup.NamedStorage;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Storage;
import java.util.Collection;
import java.util.List;

/** The plan's storages. */
final class Storages {
  private final ContingencyPlan plan;
  private final Adapters adapters;

  Storages(ContingencyPlan plan, Adapters adapters) {
    this.plan = plan;
    this.adapters = adapters;
  }

  /** All of them. */
  List<NamedStorage> all() {
    return open(plan.storages().keySet());
  }

  /** Those of these names, in the order of the names; NOT_IN_PLAN when one is not there. */
  List<NamedStorage> open(Collection<String> names) {
    return names.stream().map(plan::storage).map(this::open).toList();
  }

  /** The same; USAGE when there is none. */
  List<NamedStorage> require(Collection<String> names, String what) {
    if (names.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "%s has no storage to write to".formatted(what),
          "add a storage to the plan, and name it under `to:`.");
    }
    return open(names);
  }

  private NamedStorage open(Storage storage) {
    if (storage instanceof Storage.Directory directory) {
      return named(storage, true, adapters.storage(directory));
    }
    if (storage instanceof Storage.Sftp sftp) {
      return named(storage, false, adapters.storage(sftp));
    }
    return named(storage, false, adapters.storage((Storage.S3) storage));
  }

  private static NamedStorage named(Storage storage, boolean local, BackupStorage objects) {
    return new NamedStorage(storage.name(), storage.offSite(), local, objects);
  }
}
