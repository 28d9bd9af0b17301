package dev.drp.assessment;

import dev.drp.ErrorCode;
import dev.drp.assessment.EnvironmentStatus.RecoveryPointBy;
import dev.drp.backup.BackupRun;
import dev.drp.backup.BackupState;
import dev.drp.backup.BackupSummary;
import dev.drp.backup.BackupSummary.Copy;
import dev.drp.backup.CatalogProblem;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.DrillSchedule;
import dev.drp.plan.EffectiveObjectives;
import dev.drp.plan.Environment;
import dev.drp.plan.Storage;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionState;
import dev.drp.recovery.Mode;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Judges what is known of one environment against the plan. Reaches for nothing. */
final class EnvironmentAssessment {
  private static final Duration SHORTEST_GRACE = Duration.ofMinutes(5);
  private static final Duration LONGEST_GRACE = Duration.ofHours(1);
  private static final int GRACE_PART = 10;
  private static final int SOON_DAYS = 30;

  private final ContingencyPlan plan;
  private final Environment environment;
  private final EnvironmentFacts facts;
  private final Instant now;
  private final Optional<LogAssessment> log;

  EnvironmentAssessment(
      ContingencyPlan plan, Environment environment, EnvironmentFacts facts, Instant now) {
    this.plan = plan;
    this.environment = environment;
    this.facts = facts;
    this.now = now;
    this.log =
        environment
            .database()
            .flatMap(DatabaseSettings::wal)
            .filter(any -> facts.pulls().isEmpty()) // who fetches it does not stream it
            .map(streamed -> new LogAssessment(environment, facts, now));
  }

  EnvironmentStatus assess() {
    EffectiveObjectives objectives = plan.objectivesOf(environment.name());
    List<BackupSummary> backups = facts.catalog().backups();
    return new EnvironmentStatus(
        environment.name(),
        environment.database().isPresent(),
        facts.catalog().asOf(),
        recoveryPoint(objectives),
        reliableLog()
            .map(it -> RecoveryPointBy.LOG)
            .or(() -> newestGood().map(it -> RecoveryPointBy.BACKUP)),
        offSiteRecoveryPoint(objectives),
        recoveryTime(objectives),
        newestGood().flatMap(it -> known(it, Copy::provenAt)),
        backups.stream()
            .filter(it -> it.isGood() && it.state() == BackupState.DRILLED)
            .findFirst()
            .flatMap(it -> known(it, Copy::drilledAt)),
        backups.size(),
        backups.stream().mapToLong(it -> it.bytes() * it.copies().size()).sum(),
        overdue(),
        notices(),
        facts.lockedBy(),
        facts.pulls(),
        facts.database());
  }

  private static Optional<KnownBackup> known(
      BackupSummary backup, Function<Copy, Optional<Instant>> provenAt) {
    return backup.copies().stream()
        .flatMap(copy -> provenAt.apply(copy).stream())
        .max(Comparator.naturalOrder())
        .map(at -> new KnownBackup(backup.id(), backup.recoveryPoint(), at, backup.isOffSite()));
  }

  private Optional<BackupSummary> newestGood() {
    return facts.catalog().backups().stream()
        .filter(it -> it.isGood() && it.holdsDatabase())
        .findFirst();
  }

  /** The log that counts, unless a backup has newer data. */
  private Optional<LogAssessment.Reliable> reliableLog() {
    return log.flatMap(LogAssessment::reliable)
        .filter(it -> newestGood().stream().noneMatch(b -> b.recoveryPoint().isAfter(it.until())));
  }

  private Measure recoveryPoint(EffectiveObjectives objectives) {
    Optional<LogAssessment.Reliable> reliable = reliableLog();
    if (reliable.isPresent()) {
      return byLog(objectives, reliable.get());
    }
    Optional<BackupSummary> newest = newestGood();
    return Measure.of(
        objectives.recoveryPoint(),
        newest.map(it -> Duration.between(it.recoveryPoint(), now)),
        newest.map(it -> "age of the data in backup " + it.id()).orElseGet(this::whyNoBackup));
  }

  private Optional<Measure> offSiteRecoveryPoint(EffectiveObjectives objectives) {
    Set<String> offSite =
        plan.storages().values().stream()
            .filter(Storage::offSite)
            .map(Storage::name)
            .collect(Collectors.toSet());
    if (offSite.isEmpty()) {
      return Optional.empty();
    }
    Optional<BackupSummary> newest =
        facts.catalog().backups().stream()
            .filter(it -> it.isGood() && it.isOffSite() && it.holdsDatabase())
            .findFirst();
    Optional<LogAssessment.Reliable> reliable =
        log.flatMap(it -> it.reliableOffSite(offSite))
            .filter(it -> newest.stream().noneMatch(b -> b.recoveryPoint().isAfter(it.until())));
    return Optional.of(
        reliable
            .map(it -> byLog(objectives, it))
            .orElseGet(
                () ->
                    Measure.of(
                        objectives.recoveryPoint(),
                        newest.map(it -> Duration.between(it.recoveryPoint(), now)),
                        newest
                            .map(it -> "age of the data in backup " + it.id())
                            .orElse("no good backup is off-site"))));
  }

  /** The server's clock, which counts, may be a little ahead of ours. */
  private Measure byLog(EffectiveObjectives objectives, LogAssessment.Reliable reliable) {
    Duration age = Duration.between(reliable.until(), now);
    return Measure.of(
        objectives.recoveryPoint(),
        Optional.of(age.isNegative() ? Duration.ZERO : age),
        "age of the log in storage %s, which continues backup %s"
            .formatted(reliable.storage(), reliable.base().id()));
  }

  private String whyNoBackup() {
    return environment.database().isEmpty()
        ? "the plan gives it no database"
        : facts.catalog().backups().isEmpty() ? "there is no backup" : "no backup is good";
  }

  /** The newest drill counts: a failed one says that recovery does not work now. */
  private Measure recoveryTime(EffectiveObjectives objectives) {
    Optional<Copy> drilled = lastDrilled();
    Optional<Execution> failed =
        facts.executions().stream()
            .filter(it -> it.mode() == Mode.DRILL)
            .findFirst()
            .filter(EnvironmentAssessment::failed)
            .filter(it -> drilledAt(drilled).map(at -> it.startedAt().isAfter(at)).orElse(true));
    if (failed.isPresent()) {
      return Measure.of(
          objectives.recoveryTime(),
          Optional.empty(),
          "the last drill, %s, failed".formatted(failed.get().id()));
    }
    return Measure.of(
        objectives.recoveryTime(),
        drilled.flatMap(Copy::recoveryTook),
        drilledAt(drilled)
            .map(at -> "measured by the last drill")
            .orElse(
                environment.database().isPresent()
                    ? "no drill has measured it"
                    : "the plan gives it no database"));
  }

  private Optional<Copy> lastDrilled() {
    return facts.catalog().backups().stream()
        .flatMap(backup -> backup.copies().stream())
        .filter(copy -> copy.drilledAt().isPresent())
        .max(Comparator.comparing(copy -> copy.drilledAt().orElseThrow()));
  }

  private static Optional<Instant> drilledAt(Optional<Copy> copy) {
    return copy.flatMap(Copy::drilledAt);
  }

  private static boolean failed(Execution execution) {
    return switch (execution.state()) {
      case FAILED, PAUSED_BY_FAILED_STEP -> true;
      case IN_PROGRESS,
          INTERRUPTED,
          AWAITING_COMMIT,
          COMPLETED,
          COMPLETED_WITH_EXCEPTIONS,
          ROLLED_BACK ->
          false;
    };
  }

  private List<Overdue> overdue() {
    return Stream.of(
            plan.backupsOf(environment.name()).stream()
                .flatMap(schedule -> overdue(schedule).stream()),
            plan.drillsOf(environment.name()).stream()
                .filter(drill -> drill.kind() == DrillSchedule.Kind.RESTORE)
                .flatMap(drill -> overdue(drill).stream()),
            credentials("secrets", environment.secrets()),
            credentials("certificates", environment.certificates()))
        .flatMap(it -> it)
        .toList();
  }

  private Optional<Overdue> overdue(BackupSchedule schedule) {
    Optional<Instant> last =
        facts.catalog().backups().stream()
            .filter(it -> it.schedule().equals(Optional.of(schedule.name())))
            .filter(it -> !it.emergency() && it.state() != BackupState.FAILED)
            .map(BackupSummary::startedAt)
            .max(Comparator.naturalOrder());
    Optional<Instant> due = last.map(it -> schedule.nextAfter(it, plan.timeZone()));
    if (due.isPresent() && !now.isAfter(due.get().plus(grace(schedule)))) {
      return Optional.empty();
    }
    return Optional.of(
        new Overdue(
            Overdue.Kind.BACKUP,
            "backups." + schedule.name(),
            due,
            last,
            "backup " + schedule.name()));
  }

  /** A backup may wait for the one before it, and takes its time. */
  private static Duration grace(BackupSchedule schedule) {
    Duration part = schedule.longestInterval().dividedBy(GRACE_PART);
    return part.compareTo(SHORTEST_GRACE) < 0
        ? SHORTEST_GRACE
        : part.compareTo(LONGEST_GRACE) > 0 ? LONGEST_GRACE : part;
  }

  private Optional<Overdue> overdue(DrillSchedule drill) {
    Optional<Instant> last = drilledAt(lastDrilled());
    Optional<Instant> due = last.map(it -> drill.every().after(it));
    if (due.isPresent() && !now.isAfter(due.get())) {
      return Optional.empty();
    }
    return Optional.of(
        new Overdue(
            Overdue.Kind.DRILL, "drills." + drill.name(), due, last, "drill " + drill.name()));
  }

  private Stream<Overdue> credentials(String section, List<Environment.Credential> credentials) {
    List<Overdue> found = new ArrayList<>();
    LocalDate today = LocalDate.ofInstant(now, plan.timeZone());
    for (int i = 0; i < credentials.size(); i++) {
      Environment.Credential credential = credentials.get(i);
      Optional<LocalDate> lastDay = credential.lastDay();
      if (lastDay.isEmpty() || lastDay.get().isAfter(today.plusDays(SOON_DAYS))) {
        continue;
      }
      boolean over = lastDay.get().isBefore(today);
      found.add(
          new Overdue(
              over ? Overdue.Kind.CREDENTIAL : Overdue.Kind.CREDENTIAL_SOON,
              "environments.%s.%s[%d]".formatted(environment.name(), section, i),
              Optional.of(lastDay.get().plusDays(1).atStartOfDay(plan.timeZone()).toInstant()),
              credential.issued().map(it -> it.atStartOfDay(plan.timeZone()).toInstant()),
              (section.equals("secrets") ? "secret " : "certificate ") + credential.name()));
    }
    return found.stream();
  }

  private List<Notice> notices() {
    List<Notice> notices = new ArrayList<>(facts.notices());
    for (String gone : facts.catalog().gone()) {
      notices.add(new Notice(Notice.Kind.BACKUP_GONE, environment.name(), gone));
    }
    for (BackupSummary backup : facts.catalog().backups()) {
      backup.copies().stream()
          .filter(copy -> copy.state() == BackupState.FAILED)
          .map(
              copy ->
                  new Notice(
                      Notice.Kind.BACKUP_FAILED,
                      backup.id().value(),
                      "found damaged in storage " + copy.storage()))
          .forEach(notices::add);
    }
    for (CatalogProblem problem : facts.catalog().problems()) {
      notices.add(
          new Notice(
              Notice.Kind.STORAGE,
              problem.storage(),
              "%s: %s".formatted(problem.where(), problem.what())));
    }
    log.ifPresent(it -> notices.addAll(it.notices()));
    runs(notices);
    executions(notices);
    return notices;
  }

  /** The last attempt for each schedule, where it failed. */
  private void runs(List<Notice> notices) {
    Map<Optional<String>, BackupRun> last = new LinkedHashMap<>();
    facts.runs().forEach(run -> last.put(run.schedule(), run));
    last.values().stream()
        .filter(run -> run.error().isPresent())
        .map(
            run ->
                new Notice(
                    Notice.Kind.RUN_FAILED,
                    run.schedule().map("backups."::concat).orElse("backup by hand"),
                    "the last backup failed at %s: %s".formatted(run.startedAt(), run.problem())))
        .forEach(notices::add);
  }

  /** What waits for somebody, and failures that no later run of the same kind has made good. */
  private void executions(List<Notice> notices) {
    Set<String> newerRuns = new HashSet<>();
    for (Execution execution : facts.executions()) {
      boolean newest = newerRuns.add(execution.plan() + " " + execution.mode());
      String run =
          "%s (%s)".formatted(execution.plan(), execution.mode().name().toLowerCase(Locale.ROOT));
      String id = execution.id().value();
      switch (execution.state()) {
        case PAUSED_BY_FAILED_STEP, INTERRUPTED ->
            notices.add(
                new Notice(
                    Notice.Kind.WAITS_FOR_RESUME,
                    id,
                    "%s was %s and waits to be resumed or undone%s"
                        .formatted(
                            run,
                            execution.state() == ExecutionState.INTERRUPTED
                                ? "interrupted"
                                : "paused by a failed step",
                            because(execution))));
        case AWAITING_COMMIT ->
            notices.add(
                new Notice(
                    Notice.Kind.WAITS_FOR_COMMIT,
                    id,
                    "%s serves and keeps the way back until it is committed".formatted(run)));
        case FAILED -> {
          if (newest && !refused(execution)) {
            notices.add(
                new Notice(Notice.Kind.RUN_FAILED, id, run + " failed" + because(execution)));
          }
        }
        case IN_PROGRESS, COMPLETED, COMPLETED_WITH_EXCEPTIONS, ROLLED_BACK -> {}
      }
    }
  }

  /** A refusal is an answer to whoever asked, nothing that somebody else should look at. */
  private static boolean refused(Execution execution) {
    return execution.problem().filter(it -> it.code() == ErrorCode.REFUSED).isPresent();
  }

  private static String because(Execution execution) {
    return execution.problem().map(problem -> ": " + problem.problem()).orElse("");
  }
}
