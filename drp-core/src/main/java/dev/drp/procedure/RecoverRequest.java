package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.backup.BackupId;
import dev.drp.plan.BackupKind;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What one execution of a recovery plan is to do.
 *
 * @param restore for plans that restore data: which, and what may be replaced
 * @param kind of the backup that data is restored from: LOGICAL or PHYSICAL
 * @param configuration for a rebuild: the backup that files are restored from; the newest good one
 *     that holds them when empty
 */
public record RecoverRequest(
    RestoreRequest restore, BackupKind kind, Optional<BackupId> configuration) {
  private static final String KIND = "kind";
  private static final String CONFIGURATION = RebuildEnvironment.CONFIGURATION + "backup";

  public RecoverRequest(RestoreRequest restore, BackupKind kind) {
    this(restore, kind, Optional.empty());
  }

  public RecoverRequest {
    requireNonNull(restore, "restore");
    requireNonNull(kind, "kind");
    requireNonNull(configuration, "configuration");
    if (kind != BackupKind.LOGICAL && kind != BackupKind.PHYSICAL) {
      throw new IllegalArgumentException("no data is restored from backups of kind " + kind);
    }
  }

  Map<String, String> toArguments() {
    Map<String, String> arguments = new LinkedHashMap<>(restore.toArguments());
    arguments.put(KIND, kind.name());
    configuration.ifPresent(id -> arguments.put(CONFIGURATION, id.value()));
    return arguments;
  }

  static RecoverRequest fromArguments(Map<String, String> arguments) {
    return new RecoverRequest(
        RestoreRequest.fromArguments(arguments),
        BackupKind.valueOf(arguments.getOrDefault(KIND, BackupKind.LOGICAL.name())),
        Optional.ofNullable(arguments.get(CONFIGURATION)).map(BackupId::new));
  }
}
