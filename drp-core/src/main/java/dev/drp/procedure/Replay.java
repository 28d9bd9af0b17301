package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.database.Lsn;
import dev.drp.database.RecoveryTarget;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How far to replay the archived log; to its end when nothing of this is there.
 *
 * @param at with everything that was committed until then
 * @param lsn with everything that the log holds until that position
 * @param seed to any second that can be reached; the same seed draws the same, from the same log
 */
public record Replay(Optional<Instant> at, Optional<Lsn> lsn, Optional<Long> seed) {
  public static final Replay ALL = new Replay(Optional.empty(), Optional.empty(), Optional.empty());

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
