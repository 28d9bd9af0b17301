package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.backup.BackupId;
import dev.drp.database.Lsn;
import dev.drp.database.RecoveryTarget;
import dev.drp.plan.BackupKind;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

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

  /**
   * How far to replay the archived log; to its end when nothing of this is there.
   *
   * @param at with everything that was committed until then
   * @param lsn with everything that the log holds until that position
   * @param seed to any second that can be reached; the same seed draws the same, from the same log
   */
  public record Replay(Optional<Instant> at, Optional<Lsn> lsn, Optional<Long> seed) {
    public static final Replay ALL =
        new Replay(Optional.empty(), Optional.empty(), Optional.empty());

    private static final String POSITION = "lsn ";
    private static final String SEED = "seed ";

    public Replay {
      requireNonNull(at, "at");
      requireNonNull(lsn, "lsn");
      requireNonNull(seed, "seed");
      if (Stream.of(at, lsn, seed).filter(Optional::isPresent).count() > 1) {
        throw new IllegalArgumentException("one target");
      }
    }

    public static Replay until(Instant instant) {
      return new Replay(Optional.of(instant), Optional.empty(), Optional.empty());
    }

    public static Replay until(Lsn lsn) {
      return new Replay(Optional.empty(), Optional.of(lsn), Optional.empty());
    }

    public static Replay anySecond(long seed) {
      return new Replay(Optional.empty(), Optional.empty(), Optional.of(seed));
    }

    /** What a server is told; one that is still to be drawn has none. */
    RecoveryTarget target() {
      if (seed.isPresent()) {
        throw new IllegalStateException("the second has not been drawn");
      }
      return at.map(RecoveryTarget::at)
          .or(() -> lsn.map(RecoveryTarget::at))
          .orElseGet(RecoveryTarget::latest);
    }

    String toArgument() {
      return at.map(Instant::toString)
          .or(() -> lsn.map(it -> POSITION + it))
          .or(() -> seed.map(it -> SEED + it))
          .orElse("all");
    }

    static Replay fromArgument(String argument) {
      if (argument.startsWith(POSITION)) {
        return until(Lsn.parse(argument.substring(POSITION.length())));
      }
      if (argument.startsWith(SEED)) {
        return anySecond(Long.parseLong(argument.substring(SEED.length())));
      }
      return argument.equals("all") ? ALL : until(Instant.parse(argument));
    }
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
