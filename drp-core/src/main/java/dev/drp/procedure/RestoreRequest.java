package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.backup.BackupId;
import dev.drp.database.Lsn;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a restore is asked for.
 *
 * @param backup a certain backup; else see {@code at}
 * @param at the newest good backup at or before that instant; else the newest good one
 * @param lsn of a whole server: with everything that its log holds until that position
 * @param acceptGap whether what was written between the backup and {@code at} may be lost
 * @param confirm name of the database that may be replaced; empty when none may
 * @param keepReplaced how long the replaced database is kept for the way back
 * @param impact when the service was first seen to fail, for the measured recovery time and point
 * @param into the folder of this machine that a server's files go to, instead of the live server's
 * @param delta whether there are files of the server in that folder, of which only what differs is
 *     rewritten
 */
public record RestoreRequest(
    Optional<BackupId> backup,
    Optional<Instant> at,
    Optional<Lsn> lsn,
    boolean acceptGap,
    String confirm,
    Duration keepReplaced,
    Optional<Instant> impact,
    Optional<Path> into,
    boolean delta) {
  /** How long a replaced database is kept unless it is said otherwise. */
  public static final Duration KEEP_REPLACED = Duration.ofDays(7);

  /** The newest good backup, and no database with content may be replaced. */
  public static final RestoreRequest NEWEST =
      new RestoreRequest(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          false,
          "",
          KEEP_REPLACED,
          Optional.empty(),
          Optional.empty(),
          false);

  public RestoreRequest {
    requireNonNull(backup, "backup");
    requireNonNull(at, "at");
    requireNonNull(lsn, "lsn");
    requireNonNull(confirm, "confirm");
    requireNonNull(keepReplaced, "keepReplaced");
    requireNonNull(impact, "impact");
    requireNonNull(into, "into");
    if (Stream.of(backup, at, lsn).filter(Optional::isPresent).count() > 1) {
      throw new IllegalArgumentException("a backup, an instant or a position, not several");
    }
    if (delta && into.isEmpty()) {
      throw new IllegalArgumentException("files are repaired in a folder");
    }
  }

  public RestoreRequest withBackup(BackupId id) {
    return of(Optional.of(id), Optional.empty(), Optional.empty(), acceptGap);
  }

  public RestoreRequest withAt(Instant instant, boolean gapAccepted) {
    return of(Optional.empty(), Optional.of(instant), Optional.empty(), gapAccepted);
  }

  public RestoreRequest withLsn(Lsn position) {
    return of(Optional.empty(), Optional.empty(), Optional.of(position), acceptGap);
  }

  private RestoreRequest of(
      Optional<BackupId> id, Optional<Instant> instant, Optional<Lsn> position, boolean gap) {
    return new RestoreRequest(
        id, instant, position, gap, confirm, keepReplaced, impact, into, delta);
  }

  /** Up to where the log of a whole server is replayed; empty for its end. */
  Optional<Replay> target() {
    return at.map(Replay::until).or(() -> lsn.map(Replay::until));
  }

  /** Lets a database of that name be replaced. */
  public RestoreRequest confirming(String database) {
    return new RestoreRequest(
        backup, at, lsn, acceptGap, database, keepReplaced, impact, into, delta);
  }

  public RestoreRequest withKeepReplaced(Duration duration) {
    return new RestoreRequest(backup, at, lsn, acceptGap, confirm, duration, impact, into, delta);
  }

  public RestoreRequest withImpact(Instant instant) {
    return new RestoreRequest(
        backup, at, lsn, acceptGap, confirm, keepReplaced, Optional.of(instant), into, delta);
  }

  /** Restores a whole server's files into a folder, and touches nothing else. */
  public RestoreRequest withInto(Path folder) {
    return new RestoreRequest(
        backup, at, lsn, acceptGap, confirm, keepReplaced, impact, Optional.of(folder), false);
  }

  /** The same, but repairs the files of the server that are in the folder. */
  public RestoreRequest withDeltaInto(Path folder) {
    return new RestoreRequest(
        backup, at, lsn, acceptGap, confirm, keepReplaced, impact, Optional.of(folder), true);
  }

  Map<String, String> toArguments() {
    Map<String, String> arguments = new LinkedHashMap<>();
    backup.ifPresent(id -> arguments.put("backup", id.value()));
    at.ifPresent(instant -> arguments.put("at", instant.toString()));
    lsn.ifPresent(position -> arguments.put("lsn", position.toString()));
    arguments.put("acceptGap", String.valueOf(acceptGap));
    arguments.put("confirm", confirm);
    arguments.put("keepReplaced", keepReplaced.toString());
    impact.ifPresent(instant -> arguments.put("impact", instant.toString()));
    into.ifPresent(folder -> arguments.put("into", folder.toString()));
    arguments.put("delta", String.valueOf(delta));
    return arguments;
  }

  static RestoreRequest fromArguments(Map<String, String> arguments) {
    return new RestoreRequest(
        Optional.ofNullable(arguments.get("backup")).map(BackupId::new),
        Optional.ofNullable(arguments.get("at")).map(Instant::parse),
        Optional.ofNullable(arguments.get("lsn")).map(Lsn::parse),
        Boolean.parseBoolean(arguments.get("acceptGap")),
        arguments.getOrDefault("confirm", ""),
        Optional.ofNullable(arguments.get("keepReplaced"))
            .map(Duration::parse)
            .orElse(KEEP_REPLACED),
        Optional.ofNullable(arguments.get("impact")).map(Instant::parse),
        Optional.ofNullable(arguments.get("into")).map(Path::of),
        Boolean.parseBoolean(arguments.get("delta")));
  }
}
