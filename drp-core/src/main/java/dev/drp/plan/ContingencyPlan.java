package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The whole plan: what must be reached, what there is, what is kept where, what is rehearsed when.
 * It cannot exist in contradiction to itself: every name that it refers to is defined in it.
 *
 * <p>Loaded from {@code drp.yaml} by {@link PlanLoader}, or made in code by {@link #builder}.
 * Immutable.
 */
public record ContingencyPlan(
    @Key("version of this file's format: 1") int format,
    @Key("name of the application") String application,
    @Key(value = "language of findings and reports", defaultsTo = "en") Language language,
    @Key(value = "time zone of the schedules", defaultsTo = "UTC") ZoneId timeZone,
    @Key("what must be reached") Objectives objectives,
    @Key(value = "places where environments run", atLeastOne = true) Map<String, Site> sites,
    @Key(value = "installations of the application", atLeastOne = true)
        Map<String, Environment> environments,
    @Key("places where backups are kept") Map<String, Storage> storages,
    @Key("who can read what is stored there") EncryptionSettings encryption,
    @Key("which backups are taken when") Map<String, BackupSchedule> backups,
    @Key("folders that are kept identical on other machines")
        Map<String, SyncedFolder> syncedFolders,
    @Key("which rehearsals are due when: the test calendar") Map<String, DrillSchedule> drills,
    @Key("what recovery plans must reach, and plans of the team's own")
        Map<String, PlannedRecovery> recoveryPlans,
    @Key("name servers that are asked beside those of this machine when the network is looked at")
        List<String> nameServers,
    @Key(
            name = "notify",
            value = "program and arguments that tell people, with the message on standard input")
        List<String> notifier,
    @Key("measured values beyond which someone should look") Thresholds thresholds,
    @Key("when the plan itself must be looked through again") Review review,
    @SameLevel WrittenPlan written) {
  /** The format that this version reads. */
  public static final int FORMAT = 1;

  public ContingencyPlan {
    requireNonNull(language, "language");
    requireNonNull(timeZone, "timeZone");
    requireNonNull(objectives, "objectives");
    requireNonNull(thresholds, "thresholds");
    requireNonNull(encryption, "encryption");
    requireNonNull(review, "review");
    requireNonNull(written, "written");
    sites = copy(sites);
    environments = copy(environments);
    storages = copy(storages);
    backups = copy(backups);
    syncedFolders = copy(syncedFolders);
    drills = copy(drills);
    recoveryPlans = copy(recoveryPlans);
    nameServers = List.copyOf(nameServers);
    notifier = List.copyOf(notifier);
    Rules rules =
        Rules.of("plan")
            .check(format == FORMAT, "format", format, "1, the only format there is so far")
            .check(!application.isBlank(), "application", Text.quote(application), "a name")
            .check(!sites.isEmpty(), "sites", "no site", "at least one site")
            .check(!environments.isEmpty(), "environments", "none", "at least one environment");
    checkReferences(rules, sites, environments, storages, backups, drills, recoveryPlans);
    Map<String, Environment> known = environments;
    syncedFolders.forEach(
        (name, folder) ->
            rules.refers(
                "synced-folders." + name + ".environment",
                folder.environment(),
                "environments",
                known.keySet()));
    checkReferences(rules, written);
    rules.enforce();
  }

  private static void checkReferences(
      Rules rules,
      Map<String, Site> sites,
      Map<String, Environment> environments,
      Map<String, Storage> storages,
      Map<String, BackupSchedule> backups,
      Map<String, DrillSchedule> drills,
      Map<String, PlannedRecovery> recoveryPlans) {
    environments.forEach(
        (name, environment) -> {
          rules.refers(
              "environments." + name + ".site", environment.site(), "sites", sites.keySet());
          List<String> wal =
              environment
                  .database()
                  .flatMap(DatabaseSettings::wal)
                  .map(WalSettings::to)
                  .orElse(List.of());
          for (int i = 0; i < wal.size(); i++) {
            rules.refers(
                "environments.%s.database.wal.to[%d]".formatted(name, i),
                wal.get(i),
                "storages",
                storages.keySet());
          }
        });
    backups.forEach(
        (name, backup) -> {
          String path = "backups." + name;
          String environment = backup.environment();
          rules.refers(path + ".environment", environment, "environments", environments.keySet());
          for (int i = 0; i < backup.to().size(); i++) {
            rules.refers(
                path + ".to[" + i + "]", backup.to().get(i), "storages", storages.keySet());
          }
        });
    drills.forEach(
        (name, drill) ->
            rules.refers(
                "drills." + name + ".environment",
                drill.environment(),
                "environments",
                environments.keySet()));
    recoveryPlans.forEach(
        (name, recovery) -> {
          for (int i = 0; i < recovery.environments().size(); i++) {
            rules.refers(
                "recovery-plans." + name + ".environments[" + i + "]",
                recovery.environments().get(i),
                "environments",
                environments.keySet());
          }
        });
  }

  private static void checkReferences(Rules rules, WrittenPlan written) {
    List<WrittenPlan.EscalationLevel> levels = written.escalation().levels();
    for (int i = 0; i < levels.size(); i++) {
      List<String> called = levels.get(i).call();
      for (int j = 0; j < called.size(); j++) {
        rules.refers(
            "escalation.levels[%d].call[%d]".formatted(i, j),
            called.get(j),
            "contacts",
            written.contacts().keySet());
      }
    }
  }

  private static <T> Map<String, T> copy(Map<String, T> map) {
    return Collections.unmodifiableMap(new LinkedHashMap<>(map)); // keeps the order of the file
  }

  /**
   * The environment of this name.
   *
   * @throws RecoveryException with NOT_IN_PLAN that names those there are
   */
  public Environment environment(String name) {
    return named(name, "environment", environments);
  }

  /**
   * The site of this name.
   *
   * @throws RecoveryException with NOT_IN_PLAN that names those there are
   */
  public Site site(String name) {
    return named(name, "site", sites);
  }

  /**
   * The storage of this name.
   *
   * @throws RecoveryException with NOT_IN_PLAN that names those there are
   */
  public Storage storage(String name) {
    return named(name, "storage", storages);
  }

  /**
   * The backup schedule of this name.
   *
   * @throws RecoveryException with NOT_IN_PLAN that names those there are
   */
  public BackupSchedule backup(String name) {
    return named(name, "backup schedule", backups);
  }

  private static <T> T named(String name, String what, Map<String, T> all) {
    T found = all.get(name);
    if (found != null) {
      return found;
    }
    String known =
        all.isEmpty()
            ? "the plan has no %s.".formatted(what)
            : "the plan has: %s.".formatted(String.join(", ", all.keySet()));
    throw new RecoveryException(
        ErrorCode.NOT_IN_PLAN,
        "no %s %s in the plan".formatted(what, Text.quote(name)),
        Nearest.to(name, all.keySet())
                .map(nearest -> "did you mean %s? ".formatted(nearest))
                .orElse("")
            + known);
  }

  /** The backup schedules of an environment, in the order of the plan. */
  public List<BackupSchedule> backupsOf(String environment) {
    return backups.values().stream().filter(it -> it.environment().equals(environment)).toList();
  }

  /** The folders of an environment that are kept identical elsewhere, in the order of the plan. */
  public List<SyncedFolder> syncedFoldersOf(String environment) {
    return syncedFolders.values().stream()
        .filter(it -> it.environment().equals(environment))
        .toList();
  }

  /** The drills of an environment, in the order of the plan. */
  public List<DrillSchedule> drillsOf(String environment) {
    return drills.values().stream().filter(it -> it.environment().equals(environment)).toList();
  }

  /** The objectives that count for an environment: its own, else those of the plan. */
  public EffectiveObjectives objectivesOf(String environment) {
    return EffectiveObjectives.nearest(levels(environment));
  }

  /**
   * The objectives that count when this recovery plan is executed for an environment: those of the
   * recovery plan if the file has any, else those of the environment, else those of the plan.
   */
  public EffectiveObjectives objectivesOf(String environment, String recoveryPlan) {
    List<EffectiveObjectives.Level> levels = new ArrayList<>();
    Optional.ofNullable(recoveryPlans.get(recoveryPlan))
        .filter(it -> it.isFor(environment))
        .ifPresent(
            it ->
                levels.add(
                    new EffectiveObjectives.Level(
                        it.objectives(), "recovery-plans." + it.name() + ".objectives")));
    levels.addAll(levels(environment));
    return EffectiveObjectives.nearest(levels);
  }

  private List<EffectiveObjectives.Level> levels(String environment) {
    return List.of(
        new EffectiveObjectives.Level(
            environment(environment).objectives(), "environments." + environment + ".objectives"),
        new EffectiveObjectives.Level(objectives, "objectives"));
  }

  public static Builder builder(String application) {
    return new Builder(application);
  }

  /** Collects a plan; not thread-safe. */
  public static final class Builder {
    private final String application;
    private Language language = Language.EN;
    private ZoneId timeZone = ZoneOffset.UTC;
    private Objectives objectives = Objectives.NONE;
    private final Map<String, Site> sites = new LinkedHashMap<>();
    private final Map<String, Environment> environments = new LinkedHashMap<>();
    private final Map<String, Storage> storages = new LinkedHashMap<>();
    private final Map<String, BackupSchedule> backups = new LinkedHashMap<>();
    private final Map<String, SyncedFolder> syncedFolders = new LinkedHashMap<>();
    private final Map<String, DrillSchedule> drills = new LinkedHashMap<>();
    private final Map<String, PlannedRecovery> recoveryPlans = new LinkedHashMap<>();
    private final List<String> nameServers = new ArrayList<>();
    private List<String> notifier = List.of();
    private EncryptionSettings encryption = EncryptionSettings.NONE;
    private Thresholds thresholds = Thresholds.NONE;
    private Review review = Review.NONE;
    private WrittenPlan written = WrittenPlan.NONE;

    private Builder(String application) {
      this.application = application;
    }

    public Builder language(Language ofReports) {
      language = ofReports;
      return this;
    }

    public Builder timeZone(ZoneId ofSchedules) {
      timeZone = ofSchedules;
      return this;
    }

    public Builder objectives(Objectives ofThePlan) {
      objectives = ofThePlan;
      return this;
    }

    public Builder site(Site site) {
      return put(sites, site.name(), site);
    }

    public Builder environment(Environment environment) {
      return put(environments, environment.name(), environment);
    }

    public Builder storage(Storage storage) {
      return put(storages, storage.name(), storage);
    }

    public Builder encryption(EncryptionSettings settings) {
      encryption = settings;
      return this;
    }

    public Builder backup(BackupSchedule schedule) {
      return put(backups, schedule.name(), schedule);
    }

    public Builder syncedFolder(SyncedFolder folder) {
      return put(syncedFolders, folder.name(), folder);
    }

    public Builder drill(DrillSchedule drill) {
      return put(drills, drill.name(), drill);
    }

    public Builder recoveryPlan(PlannedRecovery recovery) {
      return put(recoveryPlans, recovery.name(), recovery);
    }

    public Builder nameServer(String address) {
      nameServers.add(address);
      return this;
    }

    /** The program that tells people, and its arguments. */
    public Builder notifier(String... programAndArguments) {
      notifier = List.of(programAndArguments);
      return this;
    }

    public Builder thresholds(Thresholds limits) {
      thresholds = limits;
      return this;
    }

    public Builder review(Review dates) {
      review = dates;
      return this;
    }

    public Builder written(WrittenPlan forPeople) {
      written = forPeople;
      return this;
    }

    private <T> Builder put(Map<String, T> map, String name, T entry) {
      if (map.putIfAbsent(name, entry) != null) {
        throw new IllegalArgumentException("there are two entries named " + name);
      }
      return this;
    }

    public ContingencyPlan build() {
      return new ContingencyPlan(
          FORMAT,
          application,
          language,
          timeZone,
          objectives,
          sites,
          environments,
          storages,
          encryption,
          backups,
          syncedFolders,
          drills,
          recoveryPlans,
          nameServers,
          notifier,
          thresholds,
          review,
          written);
    }
  }
}
