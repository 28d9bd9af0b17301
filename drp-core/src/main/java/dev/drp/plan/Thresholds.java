package dev.drp.plan;

import java.time.Duration;
import java.util.Optional;

/** Measured values beyond which someone should look. */
public record Thresholds(
    @Key("highest use of the processors, on average") Optional<Percentage> cpu,
    @Key("highest use of memory, on average") Optional<Percentage> memory,
    @Key("highest use of a disk") Optional<Percentage> disk,
    @Key("least free space where backups are kept") Optional<DataSize> freeSpace,
    @Key("longest time that the application may take to answer, on average")
        Optional<Duration> responseTime,
    @Key("longest time that the database may take to answer") Optional<Duration> databaseResponse,
    @Key("least part of the time that the application is up") @NotActedOnYet
        Optional<Percentage> uptime) {
  /** Nothing is watched. */
  public static final Thresholds NONE =
      new Thresholds(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());
}
