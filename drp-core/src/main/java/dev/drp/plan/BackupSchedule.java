package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which backup to take of an environment, when, where to and for how long. */
public record BackupSchedule(
    @NameOfEntry String name,
    @Key(value = "of which environment", refersTo = "environments") String environment,
    @Key("what it copies") BackupKind kind,
    @Key("how often; or give at") Optional<Span> every,
    @Key("when, in the plan's time zone; or give every") Optional<CronExpression> at,
    @Key("which backups to keep") Retention keep,
    @Key("which to keep in a storage where that differs from keep; by the storage's name")
        Map<String, Retention> keepIn,
    @Key(
            value = "where to: the first gets the stream, the others a copy",
            refersTo = "storages",
            atLeastOne = true)
        List<String> to,
    @Key("who sees to it; for the reader") Optional<String> responsible,
    @Key(
            value =
                "whether secrets of a configuration or system backup may leave this machine without"
                    + " encryption",
            defaultsTo = "false")
        boolean plain,
    @Key(
            value = "whether a system backup holds the images themselves, not only which they are",
            defaultsTo = "false")
        boolean images) {
  public BackupSchedule {
    requireNonNull(kind, "kind");
    requireNonNull(keep, "keep");
    requireNonNull(responsible, "responsible");
    to = List.copyOf(to);
    keepIn = Collections.unmodifiableMap(new LinkedHashMap<>(keepIn)); // in the order of the file
    Rules.of("backup schedule " + name)
        .name(name)
        .check(
            every.isEmpty() || at.isEmpty(),
            "at",
            "both every and at",
            "every for a length of time, or at for moments, not both")
        .check(
            every.isPresent() || at.isPresent(),
            "",
            "neither every nor at",
            "every, such as 6h, or at, such as '0 2 * * *'")
        .check(
            every.isEmpty() || !every.get().isZero(),
            "every",
            "no time at all",
            Quantities.SPAN_EXPECTED)
        .check(
            !images || kind == BackupKind.SYSTEM,
            "images",
            "images of a backup that is not of kind system",
            "kind: system, or no images")
        .check(!to.isEmpty(), "to", "no storage", "at least one storage")
        .check(to.stream().distinct().count() == to.size(), "to", to, "each storage once")
        .check(
            to.containsAll(keepIn.keySet()),
            "keep-in",
            String.join(", ", keepIn.keySet()),
            "storages that the schedule goes to: " + String.join(", ", to))
        .enforce();
  }

  /** A schedule that repeats after a length of time. */
  public static BackupSchedule every(
      String name,
      Span every,
      String environment,
      BackupKind kind,
      Retention keep,
      String... storages) {
    return new BackupSchedule(
        name,
        environment,
        kind,
        Optional.of(every),
        Optional.empty(),
        keep,
        Map.of(),
        List.of(storages),
        Optional.empty(),
        false,
        false);
  }

  /** A schedule of moments, in the plan's time zone. */
  public static BackupSchedule at(
      String name,
      CronExpression at,
      String environment,
      BackupKind kind,
      Retention keep,
      String... storages) {
    return new BackupSchedule(
        name,
        environment,
        kind,
        Optional.empty(),
        Optional.of(at),
        keep,
        Map.of(),
        List.of(storages),
        Optional.empty(),
        false,
        false);
  }

  /** Which backups of this schedule to keep in a storage. */
  public Retention keepIn(String storage) {
    return keepIn.getOrDefault(storage, keep);
  }

  /** The longest time that lies between two backups if all of them are taken. */
  public Duration longestInterval() {
    return every.map(Span::estimated).or(() -> at.map(CronExpression::longestGap)).orElseThrow();
  }

  /** When the next backup is due after one of this instant. */
  public Instant nextAfter(Instant previous, ZoneId zone) {
    return every
        .map(span -> span.after(previous))
        .or(
            () ->
                at.flatMap(cron -> cron.next(previous.atZone(zone))).map(ZonedDateTime::toInstant))
        .orElse(Instant.MAX);
  }
}
