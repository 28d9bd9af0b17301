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
 * @param source the only storage to read from; empty for whichever has a good copy
 */
public record DrillRequest(
    BackupKind kind,
    Optional<BackupId> backup,
    Optional<Long> seed,
    Duration window,
    Optional<Replay> replay,
    Optional<Source> source) {
  /** The window unless it is said otherwise. */
  public static final Duration WINDOW = Duration.ofDays(30);

  private static final String FROM = "from";
  private static final String ISOLATED = "isolatedFrom";

  public static final DrillRequest NEWEST =
      new DrillRequest(
          BackupKind.LOGICAL,
          Optional.empty(),
          Optional.empty(),
          WINDOW,
          Optional.empty(),
          Optional.empty());

  /**
   * Where a drill reads, and what else it may use.
   *
   * @param storage sets and log of this storage only
   * @param isolated as if everything else were lost: what this machine remembers is neither used
   *     nor changed, and no other storage is asked for anything
   */
  public record Source(String storage, boolean isolated) {
    public Source {
      requireNonNull(storage, "storage");
    }
  }

  public DrillRequest {
    requireNonNull(source, "source");
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
        BackupKind.LOGICAL,
        Optional.empty(),
        Optional.of(seed),
        WINDOW,
        Optional.empty(),
        Optional.empty());
  }

  public static DrillRequest of(BackupId backup) {
    return new DrillRequest(
        BackupKind.LOGICAL,
        Optional.of(backup),
        Optional.empty(),
        WINDOW,
        Optional.empty(),
        Optional.empty());
  }

  /** The same of another kind of backups. */
  public DrillRequest ofKind(BackupKind wanted) {
    return new DrillRequest(wanted, backup, seed, window, replay, source);
  }

  /** The same from one storage only. */
  public DrillRequest from(Source only) {
    return new DrillRequest(kind, backup, seed, window, replay, Optional.of(only));
  }

  /** A recovery from the newest fitting physical backup and the log that follows it. */
  public static DrillRequest pointInTime(Replay replay) {
    return new DrillRequest(
        BackupKind.PHYSICAL,
        Optional.empty(),
        Optional.empty(),
        WINDOW,
        Optional.of(replay),
        Optional.empty());
  }

  Map<String, String> toArguments() {
    Map<String, String> arguments = new LinkedHashMap<>();
    arguments.put("kind", kind.name());
    backup.ifPresent(id -> arguments.put("backup", id.value()));
    seed.ifPresent(number -> arguments.put("seed", String.valueOf(number)));
    arguments.put("window", window.toString());
    replay.ifPresent(it -> arguments.put("replay", it.toArgument()));
    source.ifPresent(it -> arguments.put(it.isolated() ? ISOLATED : FROM, it.storage()));
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
        Optional.ofNullable(arguments.get("replay")).map(Replay::fromArgument),
        Optional.ofNullable(arguments.get(FROM))
            .map(storage -> new Source(storage, false))
            .or(
                () ->
                    Optional.ofNullable(arguments.get(ISOLATED))
                        .map(storage -> new Source(storage, true))));
  }
}
