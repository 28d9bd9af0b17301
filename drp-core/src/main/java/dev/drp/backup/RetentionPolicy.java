package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.plan.BackupKind;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Retention;
import dev.drp.plan.Span;
import dev.drp.plan.WalSettings;
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
 * <p>Each storage is looked at by itself, as it may be the only one that is left. A backup stays
 * there if any rule of its schedule keeps it. Whatever the rules say, these stay, too: the newest
 * good backup of each kind, the newest that a drill restored, the physical ones from which the log
 * leads to any instant of the window that the plan promises, those of an emergency, those that no
 * schedule of the plan speaks for, and all as long as there is no good one.
 */
public final class RetentionPolicy {
  private final List<BackupSchedule> schedules;
  private final Optional<Span> window;
  private final ZoneId zone;

  /**
   * Takes the rules from the schedules of one environment.
   *
   * @param window how far back a recovery to any instant is promised; empty where none is
   * @param zone in which a day begins
   */
  public RetentionPolicy(List<BackupSchedule> schedules, Optional<Span> window, ZoneId zone) {
    this.schedules = List.copyOf(schedules);
    this.window = requireNonNull(window, "window");
    this.zone = requireNonNull(zone, "zone");
  }

  /** The rules that a plan has for an environment. */
  public static RetentionPolicy of(ContingencyPlan plan, String environment) {
    return new RetentionPolicy(
        plan.backupsOf(environment),
        plan.environment(environment)
            .database()
            .flatMap(DatabaseSettings::wal)
            .map(WalSettings::keep),
        plan.timeZone());
  }

  /** Decides about all backups of the environment at once, in each storage; newest first. */
  public List<RetentionDecision> decide(List<CatalogEntry> backups, Instant now) {
    Map<String, Map<BackupId, String>> kept =
        backups.stream()
            .flatMap(backup -> backup.copies().stream())
            .map(copy -> copy.storage().name())
            .distinct()
            .collect(Collectors.toMap(name -> name, name -> keptIn(name, in(name, backups), now)));
    return newestFirst(backups)
        .flatMap(
            backup ->
                backup.copies().stream()
                    .map(
                        copy -> {
                          Optional<String> reason =
                              Optional.ofNullable(
                                  requireNonNull(kept.get(copy.storage().name())).get(backup.id()));
                          return new RetentionDecision(
                              backup,
                              copy,
                              reason.isPresent(),
                              reason.orElse("no rule keeps it any longer"));
                        }))
        .toList();
  }

  /**
   * Which of these backups a storage that lacks them would keep, in the same order: to copy the
   * others there would be in vain.
   *
   * @param backups all of the environment
   * @param lacking some of them
   */
  public List<CatalogEntry> worthCopying(
      List<CatalogEntry> backups, List<CatalogEntry> lacking, NamedStorage storage, Instant now) {
    Set<BackupId> wanted = lacking.stream().map(CatalogEntry::id).collect(Collectors.toSet());
    List<CatalogEntry> then =
        Stream.concat(
                in(storage.name(), backups).stream().filter(it -> !wanted.contains(it.id())),
                lacking.stream())
            .toList();
    Map<BackupId, String> kept = keptIn(storage.name(), then, now);
    return lacking.stream().filter(backup -> kept.containsKey(backup.id())).toList();
  }

  /** The backups that a storage has, each with its copy there only. */
  private static List<CatalogEntry> in(String storage, List<CatalogEntry> backups) {
    return backups.stream()
        .flatMap(
            backup ->
                backup.copies().stream()
                    .filter(copy -> copy.storage().name().equals(storage))
                    .map(copy -> new CatalogEntry(backup.manifest(), List.of(copy))))
        .toList();
  }

  /** What stays of a storage's backups, and why. */
  private Map<BackupId, String> keptIn(String storage, List<CatalogEntry> backups, Instant now) {
    List<CatalogEntry> newestFirst = newestFirst(backups).toList();
    Map<BackupId, String> kept = new HashMap<>();
    for (BackupSchedule schedule : schedules) {
      keepByRules(ofSchedule(schedule.name(), newestFirst), schedule.keepIn(storage), now, kept);
    }
    keepForTheLog(newestFirst, now, kept);
    keepWhateverTheRulesSay(newestFirst, kept);
    return kept;
  }

  private static Stream<CatalogEntry> newestFirst(List<CatalogEntry> backups) {
    return backups.stream().sorted(Comparator.comparing(RetentionPolicy::takenAt).reversed());
  }

  /** All of the window, as each may be the first one after a gap, and the one before. */
  private void keepForTheLog(List<CatalogEntry> backups, Instant now, Map<BackupId, String> kept) {
    if (window.isEmpty()) {
      return;
    }
    Instant since = window.get().before(now);
    String reason = "the log leads from it to instants of the last " + window.get();
    List<CatalogEntry> good =
        backups.stream()
            .filter(backup -> backup.manifest().kind() == BackupKind.PHYSICAL && backup.isGood())
            .toList();
    good.stream()
        .filter(backup -> backup.recoveryPoint().isAfter(since))
        .forEach(backup -> kept.put(backup.id(), reason));
    newest(good.stream().filter(backup -> !backup.recoveryPoint().isAfter(since)))
        .ifPresent(backup -> kept.put(backup.id(), reason));
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
      if (backup.manifest().schedule().filter(this::isPlanned).isEmpty()) {
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

  private boolean isPlanned(String schedule) {
    return schedules.stream().anyMatch(it -> it.name().equals(schedule));
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
