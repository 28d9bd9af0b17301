package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.plan.BackupKind;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one execution of a recovery plan is to do.
 *
 * @param restore for plans that restore data: which, and what may be replaced
 * @param kind of the backup that data is restored from: LOGICAL or PHYSICAL
 */
public record RecoverRequest(RestoreRequest restore, BackupKind kind) {
  private static final String KIND = "kind";

  public RecoverRequest {
    requireNonNull(restore, "restore");
    requireNonNull(kind, "kind");
    if (kind != BackupKind.LOGICAL && kind != BackupKind.PHYSICAL) {
      throw new IllegalArgumentException("no data is restored from backups of kind " + kind);
    }
  }

  Map<String, String> toArguments() {
    Map<String, String> arguments = new LinkedHashMap<>(restore.toArguments());
    arguments.put(KIND, kind.name());
    return arguments;
  }

  static RecoverRequest fromArguments(Map<String, String> arguments) {
    return new RecoverRequest(
        RestoreRequest.fromArguments(arguments),
        BackupKind.valueOf(arguments.getOrDefault(KIND, BackupKind.LOGICAL.name())));
  }
}
