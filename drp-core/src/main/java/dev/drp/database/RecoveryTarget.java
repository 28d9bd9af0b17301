package dev.drp.database;

import static java.util.Objects.requireNonNull;

import java.time.Instant;

/**
 * How far a server that starts from files replays the write-ahead log, and along which timeline.
 *
 * @param timeline which way to go where the log branches
 */
public record RecoveryTarget(Point point, Timeline timeline) {
  public RecoveryTarget {
    requireNonNull(point, "point");
    requireNonNull(timeline, "timeline");
  }

  /** Where the backup itself ends: nothing after it. */
  public static RecoveryTarget consistent() {
    return new RecoveryTarget(new Consistent(), Timeline.OF_BACKUP);
  }

  /** The end of all log that there is. */
  public static RecoveryTarget latest() {
    return new RecoveryTarget(new Latest(), Timeline.LATEST);
  }

  /** With everything that was committed until that instant. */
  public static RecoveryTarget at(Instant instant) {
    return new RecoveryTarget(new AtInstant(instant), Timeline.LATEST);
  }

  /** With everything that the log holds until that position. */
  public static RecoveryTarget at(Lsn lsn) {
    return new RecoveryTarget(new AtLsn(lsn), Timeline.LATEST);
  }

  public RecoveryTarget along(Timeline other) {
    return new RecoveryTarget(point, other);
  }

  /** Where the log branches: at each promotion. */
  public enum Timeline {
    /** The newest one. */
    LATEST,
    /** The one on which the backup was taken. */
    OF_BACKUP
  }

  /** Where replay stops. */
  public sealed interface Point {}

  /** As soon as the files are consistent. */
  public record Consistent() implements Point {}

  /** Nowhere before the end. */
  public record Latest() implements Point {}

  /**
   * Before the first commit after an instant of the server's clock, to the microsecond. The log
   * must hold such a commit: else it is unknown whether it reaches that far.
   */
  public record AtInstant(Instant instant) implements Point {
    public AtInstant {
      requireNonNull(instant, "instant");
    }
  }

  /** After the first record that begins at this position or later; the log must hold one. */
  public record AtLsn(Lsn lsn) implements Point {
    public AtLsn {
      requireNonNull(lsn, "lsn");
    }
  }
}
