package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupStorage;
import dev.drp.backup.NamedStorage;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Storage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** The plan's storages, as far as this version can use them. */
final class Storages {
  private final ContingencyPlan plan;
  private final Adapters adapters;

  Storages(ContingencyPlan plan, Adapters adapters) {
    this.plan = plan;
    this.adapters = adapters;
  }

  /** All that can be used. */
  List<NamedStorage> all() {
    return open(plan.storages().keySet());
  }

  /** Those of these names that can be used, in the order of the names. */
  List<NamedStorage> open(Collection<String> names) {
    List<NamedStorage> opened = new ArrayList<>();
    names.forEach(name -> open(plan.storage(name)).ifPresent(opened::add));
    return opened;
  }

  /** Those of these names that nothing acts on yet. */
  List<String> notUsable(Collection<String> names) {
    return names.stream().filter(name -> open(plan.storage(name)).isEmpty()).toList();
  }

  /** The same as {@link #open(Collection)}; USAGE when none of them can be used. */
  List<NamedStorage> require(Collection<String> names, String what) {
    List<NamedStorage> opened = open(names);
    if (opened.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "%s has no storage that this version can write to".formatted(what),
          "add a storage with `directory: …` to the plan, and name it under `to:`.");
    }
    return opened;
  }

  private Optional<NamedStorage> open(Storage storage) {
    if (storage instanceof Storage.Directory directory) {
      return Optional.of(named(storage, true, adapters.storage(directory)));
    }
    return storage instanceof Storage.Sftp sftp
        ? Optional.of(named(storage, false, adapters.storage(sftp)))
        : Optional.empty();
  }

  private static NamedStorage named(Storage storage, boolean local, BackupStorage objects) {
    return new NamedStorage(storage.name(), storage.offSite(), local, objects);
  }
}
