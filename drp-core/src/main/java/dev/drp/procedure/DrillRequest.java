package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.backup.BackupId;
import dev.drp.plan.BackupKind;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Which backup a drill restores.
 *
 * @param kind of backups: logical or physical
 * @param backup a certain backup, which must be good
 * @param seed draws any good backup of the window instead of the newest one; the same seed draws
 *     the same
 * @param window how far back a drawn backup may lie
 * @param replay how far to go on with the archived log; empty for the backup as it is
 */
public record DrillRequest(
    BackupKind kind,
    Optional<BackupId> backup,
    Optional<Long> seed,
    Duration window,
    Optional<Replay> replay) {
  /** The window unless it is said otherwise. */
  public static final Duration WINDOW = Duration.ofDays(30);

  public static final DrillRequest NEWEST =
      new DrillRequest(
          BackupKind.LOGICAL, Optional.empty(), Optional.empty(), WINDOW, Optional.empty());

  public DrillRequest {
    requireNonNull(kind, "kind");
    requireNonNull(replay, "replay");
    if (replay.isPresent() && kind != BackupKind.PHYSICAL) {
      throw new IllegalArgumentException("the log continues physical backups only");
    }
    requireNonNull(backup, "backup");
    requireNonNull(seed, "seed");
    requireNonNull(window, "window");
    if (backup.isPresent() && seed.isPresent()) {
      throw new IllegalArgumentException("a backup or a seed, not both");
    }
  }

  public static DrillRequest random(long seed) {
    return new DrillRequest(
        BackupKind.LOGICAL, Optional.empty(), Optional.of(seed), WINDOW, Optional.empty());
  }

  public static DrillRequest of(BackupId backup) {
    return new DrillRequest(
        BackupKind.LOGICAL, Optional.of(backup), Optional.empty(), WINDOW, Optional.empty());
  }

  /** The same of another kind of backups. */
  public DrillRequest ofKind(BackupKind wanted) {
    return new DrillRequest(wanted, backup, seed, window, replay);
  }

  /** A recovery from the newest fitting physical backup and the log that follows it. */
  public static DrillRequest pointInTime(Replay replay) {
    return new DrillRequest(
        BackupKind.PHYSICAL, Optional.empty(), Optional.empty(), WINDOW, Optional.of(replay));
  }

  Map<String, String> toArguments() {
    Map<String, String> arguments = new LinkedHashMap<>();
    arguments.put("kind", kind.name());
    backup.ifPresent(id -> arguments.put("backup", id.value()));
    seed.ifPresent(number -> arguments.put("seed", String.valueOf(number)));
    arguments.put("window", window.toString());
    replay.ifPresent(it -> arguments.put("replay", it.toArgument()));
    return arguments;
  }

  static DrillRequest fromArguments(Map<String, String> arguments) {
    return new DrillRequest(
        Optional.ofNullable(arguments.get("kind"))
            .map(BackupKind::valueOf)
            .orElse(BackupKind.LOGICAL),
        Optional.ofNullable(arguments.get("backup")).map(BackupId::new),
        Optional.ofNullable(arguments.get("seed")).map(Long::valueOf),
        Optional.ofNullable(arguments.get("window")).map(Duration::parse).orElse(WINDOW),
        Optional.ofNullable(arguments.get("replay")).map(Replay::fromArgument));
  }
}
