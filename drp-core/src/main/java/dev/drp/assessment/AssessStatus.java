package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.RecoveryException;
import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupRuns;
import dev.drp.backup.BackupSummary;
import dev.drp.backup.LastPull;
import dev.drp.backup.LocalCatalog;
import dev.drp.backup.NamedStorage;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.DatabaseServer;
import dev.drp.database.ServerFacts;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.PlanFinding;
import dev.drp.plan.PlanFinding.Rule;
import dev.drp.recovery.Execution;
import dev.drp.recovery.Executions;
import dev.drp.state.EnvironmentState;
import dev.drp.state.StateDirectory;
import dev.drp.wal.WalStatus;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Says where an application stands, from what this machine knows: its copy of the catalog, the
 * journals of its executions, what streams of the log have written down, a look at the folders of
 * local storages. Safe for concurrent use.
 */
public final class AssessStatus {
  private final ContingencyPlan plan;
  private final List<PlanFinding> findings;
  private final List<NamedStorage> storages;
  private final StateDirectory state;
  private final DatabaseConnector databases;
  private final Clock clock;

  /**
   * @param findings what the plan contradicts by itself
   * @param databases asked only when the status is refreshed
   */
  public AssessStatus(
      ContingencyPlan plan,
      List<PlanFinding> findings,
      List<NamedStorage> storages,
      StateDirectory state,
      DatabaseConnector databases,
      Clock clock) {
    this.plan = requireNonNull(plan, "plan");
    this.findings = List.copyOf(findings);
    this.storages = List.copyOf(storages);
    this.state = requireNonNull(state, "state");
    this.databases = requireNonNull(databases, "databases");
    this.clock = requireNonNull(clock, "clock");
  }

  /**
   * Assesses everything. What cannot be asked is reported in the result.
   *
   * @param refresh whether to ask all storages and databases now
   */
  public Status assess(boolean refresh) {
    Instant now = clock.instant();
    LocalCatalog catalog =
        new LocalCatalog(new BackupCatalog(plan.application(), storages), state, clock);
    Executions.Listing executions = new Executions(state).list();
    List<EnvironmentStatus> environments = new ArrayList<>();
    Map<String, List<BackupSummary>> backups = new LinkedHashMap<>();
    for (Environment environment : plan.environments().values()) {
      EnvironmentFacts facts = facts(environment, catalog, executions, refresh);
      backups.put(environment.name(), facts.catalog().backups());
      environments.add(new EnvironmentAssessment(plan, environment, facts, now).assess());
    }
    return new Status(
        plan.application(),
        now,
        refresh,
        environments,
        storages.stream().map(storage -> storage(storage, backups, refresh, now)).toList(),
        executions.damaged().stream().map(AssessStatus::journal).toList(),
        review(now),
        findings.stream().filter(AssessStatus::isContradiction).toList());
  }

  private EnvironmentFacts facts(
      Environment environment,
      LocalCatalog catalog,
      Executions.Listing executions,
      boolean refresh) {
    String name = environment.name();
    EnvironmentState memory = state.environment(plan.application(), name);
    LocalCatalog.View view = refresh ? catalog.refresh(name) : catalog.read(name);
    boolean streamed = environment.database().flatMap(DatabaseSettings::wal).isPresent();
    List<Notice> notices = new ArrayList<>();
    Optional<DatabaseAnswer> answer =
        refresh && environment.database().isPresent()
            ? ask(environment, notices)
            : Optional.empty();
    return new EnvironmentFacts(
        view,
        new BackupRuns(memory).all(),
        executions.executions().stream().filter(it -> isOf(it, name)).toList(),
        memory.lockHolder(),
        streamed ? memory.walLockHolder() : Optional.empty(),
        streamed ? WalStatus.read(memory) : Optional.empty(),
        LastPull.read(memory),
        answer,
        notices);
  }

  private boolean isOf(Execution execution, String environment) {
    return execution.application().equals(plan.application())
        && execution.environment().equals(environment);
  }

  private Optional<DatabaseAnswer> ask(Environment environment, List<Notice> notices) {
    String database = environment.requireDatabase().name();
    try (DatabaseServer server = databases.connect(environment)) {
      ServerFacts facts = server.facts();
      return Optional.of(
          new DatabaseAnswer(
              facts.place(),
              facts.version(),
              server.describe(database).sizeBytes(),
              facts.clockOffset(),
              server.freeBytes()));
    } catch (RecoveryException e) {
      notices.add(new Notice(Notice.Kind.DATABASE, database, e.problem()));
      return Optional.empty();
    }
  }

  private StorageStatus storage(
      NamedStorage storage,
      Map<String, List<BackupSummary>> backups,
      boolean refresh,
      Instant now) {
    OptionalLong free = storage.local() || refresh ? freeBytes(storage) : OptionalLong.empty();
    return new StorageStatus(
        storage.name(),
        storage.objects().place(),
        storage.offSite(),
        backups.values().stream()
            .flatMap(List::stream)
            .filter(it -> it.copies().stream().anyMatch(c -> c.storage().equals(storage.name())))
            .mapToLong(BackupSummary::bytes)
            .sum(),
        free,
        free.isPresent()
            ? new StorageForecast(plan, now).fullAt(storage.name(), free.getAsLong(), backups)
            : Optional.empty());
  }

  /** A storage that does not answer is among the notices of each environment already. */
  private static OptionalLong freeBytes(NamedStorage storage) {
    try {
      return storage.objects().freeBytes();
    } catch (RecoveryException e) {
      return OptionalLong.empty();
    }
  }

  private static Notice journal(RecoveryException damaged) {
    return new Notice(Notice.Kind.JOURNAL, damaged.code().name(), damaged.problem());
  }

  private List<Overdue> review(Instant now) {
    Optional<LocalDate> due =
        plan.review().due().filter(it -> it.isBefore(LocalDate.ofInstant(now, plan.timeZone())));
    return due.map(
            day ->
                List.of(
                    new Overdue(
                        Overdue.Kind.REVIEW,
                        "review",
                        Optional.of(start(day)),
                        plan.review().last().map(this::start),
                        "review of the plan")))
        .orElse(List.of());
  }

  private Instant start(LocalDate day) {
    return day.atStartOfDay(plan.timeZone()).toInstant();
  }

  /** What is overdue is said with its dates already. */
  private static boolean isContradiction(PlanFinding finding) {
    return finding.rule() != Rule.REVIEW_OVERDUE && finding.rule() != Rule.CREDENTIAL_EXPIRED;
  }
}
