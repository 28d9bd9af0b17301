package dev.drp.backup;

import dev.drp.plan.BackupKind;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.Retention;
import java.time.Instant;
import java.time.LocalDate;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.temporal.IsoFields;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Decides which backups stay. Pure: it reads recorded times, never names or the dates of files.
 *
 * <p>A backup stays if any rule of its schedule keeps it. Whatever the rules say, these stay, too:
 * the newest good backup of each kind, the newest that a drill restored, those of an emergency,
 * those that no schedule of the plan speaks for, and all as long as there is no good one.
 */
public final class RetentionPolicy {
  private final Map<String, Retention> retentions;
  private final ZoneId zone;

  /**
   * Takes the rules from the schedules of one environment.
   *
   * @param zone in which a day begins
   */
  public RetentionPolicy(List<BackupSchedule> schedules, ZoneId zone) {
    this.retentions =
        schedules.stream().collect(Collectors.toMap(BackupSchedule::name, BackupSchedule::keep));
    this.zone = zone;
  }

  /** Decides about all backups of the environment at once; newest first. */
  public List<RetentionDecision> decide(List<CatalogEntry> backups, Instant now) {
    List<CatalogEntry> newestFirst =
        backups.stream().sorted(Comparator.comparing(RetentionPolicy::takenAt).reversed()).toList();
    Map<BackupId, String> kept = new HashMap<>();
    retentions.forEach(
        (schedule, retention) ->
            keepByRules(ofSchedule(schedule, newestFirst), retention, now, kept));
    keepWhateverTheRulesSay(newestFirst, kept);
    return newestFirst.stream()
        .map(
            backup -> {
              Optional<String> reason = Optional.ofNullable(kept.get(backup.id()));
              return new RetentionDecision(
                  backup, reason.isPresent(), reason.orElse("no rule keeps it any longer"));
            })
        .toList();
  }

  private void keepWhateverTheRulesSay(List<CatalogEntry> backups, Map<BackupId, String> kept) {
    Map<BackupKind, List<CatalogEntry>> goodOfKind =
        backups.stream()
            .filter(CatalogEntry::isGood)
            .collect(Collectors.groupingBy(backup -> backup.manifest().kind()));
    for (CatalogEntry backup : backups) {
      if (!goodOfKind.containsKey(backup.manifest().kind())) {
        kept.put(backup.id(), "there is no good backup");
      }
      if (backup.manifest().schedule().filter(retentions::containsKey).isEmpty()) {
        kept.put(backup.id(), "no schedule of the plan says how long to keep it");
      }
      if (backup.manifest().emergency()) {
        kept.put(backup.id(), "it was taken in an emergency");
      }
    }
    for (List<CatalogEntry> good : goodOfKind.values()) {
      newest(good.stream().filter(backup -> backup.state() == BackupState.DRILLED))
          .ifPresent(b -> kept.put(b.id(), "it is the newest backup that a drill has restored"));
      newest(good.stream()).ifPresent(b -> kept.put(b.id(), "it is the newest good backup"));
    }
  }

  private void keepByRules(
      List<CatalogEntry> newestFirst, Retention rules, Instant now, Map<BackupId, String> kept) {
    rules
        .within()
        .ifPresent(
            span -> {
              Instant oldest = span.before(now);
              newestFirst.stream()
                  .filter(backup -> !takenAt(backup).isBefore(oldest))
                  .forEach(backup -> kept.put(backup.id(), "it is not older than " + span));
            });
    // Only good ones: a failed backup must not take the place of one that can be restored.
    List<CatalogEntry> good = newestFirst.stream().filter(CatalogEntry::isGood).toList();
    keepNewestOfEach("day", rules.daily(), this::day, good, kept);
    keepNewestOfEach("week", rules.weekly(), this::week, good, kept);
    keepNewestOfEach("month", rules.monthly(), backup -> YearMonth.from(day(backup)), good, kept);
    keepNewestOfEach("year", rules.yearly(), backup -> Year.from(day(backup)), good, kept);
  }

  /** Of periods that have backups: when backups stop for a while, the old ones do not all go. */
  private static void keepNewestOfEach(
      String period,
      int count,
      Function<CatalogEntry, Object> periodOf,
      List<CatalogEntry> newestFirst,
      Map<BackupId, String> kept) {
    Set<Object> seen = new HashSet<>();
    for (CatalogEntry backup : newestFirst) {
      if (seen.size() < count && seen.add(periodOf.apply(backup))) {
        kept.putIfAbsent(
            backup.id(),
            "it is the newest of its %s, %d of %d".formatted(period, seen.size(), count));
      }
    }
  }

  private static List<CatalogEntry> ofSchedule(String schedule, List<CatalogEntry> backups) {
    return backups.stream()
        .filter(backup -> backup.manifest().schedule().equals(Optional.of(schedule)))
        .toList();
  }

  private static Optional<CatalogEntry> newest(Stream<CatalogEntry> backups) {
    return backups.max(Comparator.comparing(CatalogEntry::recoveryPoint));
  }

  private LocalDate day(CatalogEntry backup) {
    return takenAt(backup).atZone(zone).toLocalDate();
  }

  private List<Integer> week(CatalogEntry backup) {
    LocalDate day = day(backup);
    return List.of(day.get(IsoFields.WEEK_BASED_YEAR), day.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
  }

  /** By the writer's clock, which also says what time it is now. */
  private static Instant takenAt(CatalogEntry backup) {
    return backup.manifest().startedAt();
  }
}
