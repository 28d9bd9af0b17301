package dev.drp.plan;

import static java.util.stream.Collectors.joining;

import dev.drp.plan.EffectiveObjectives.Sourced;
import dev.drp.plan.PlanFinding.Rule;
import java.math.BigDecimal;
import java.math.MathContext;
import java.text.NumberFormat;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.ResourceBundle;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Finds what a plan contradicts or leaves open, from the plan alone. */
public final class PlanLint {
  private static final Duration MONTH = Duration.ofDays(30);
  private static final Pattern PLACEHOLDER =
      Pattern.compile("\\[[\\p{Lu}\\d '’_/-]{2,}]|\\bTODO\\b|\\bTBD\\b|\\bX+( XX)+\\b");

  private final ContingencyPlan plan;
  private final Function<String, OptionalInt> line;
  private final LocalDate today;
  private final ResourceBundle messages;
  private final List<PlanFinding> findings = new ArrayList<>();

  private PlanLint(ContingencyPlan plan, Function<String, OptionalInt> line, Clock clock) {
    this.plan = plan;
    this.line = line;
    this.today = LocalDate.ofInstant(clock.instant(), plan.timeZone());
    this.messages = plan.language().texts(PlanLint.class, "findings");
  }

  /** What is found in a plan made in code. */
  public static List<PlanFinding> check(ContingencyPlan plan, Clock clock) {
    return new PlanLint(plan, path -> OptionalInt.empty(), clock).check();
  }

  /** What is found in a loaded plan, in the order of the file; nothing if it has errors. */
  public static List<PlanFinding> check(LoadedPlan loaded, Clock clock) {
    return loaded
        .plan()
        .map(plan -> new PlanLint(plan, loaded::line, clock).check())
        .orElse(List.of());
  }

  private List<PlanFinding> check() {
    checkObjectives();
    plan.environments().values().forEach(this::checkBackups);
    plan.environments().values().forEach(this::checkCredentials);
    plan.backups().values().forEach(this::checkSchedule);
    plan.drills().values().forEach(this::checkDrill);
    plan.recoveryPlans().values().forEach(this::checkRecoveryPlan);
    checkIdentities();
    checkReview();
    checkPeople();
    findings.sort(Comparator.comparingInt(finding -> finding.line().orElse(0)));
    return List.copyOf(findings);
  }

  private void found(Rule rule, String path, Object... details) {
    String message = messages.getString(rule.id()).formatted(details);
    findings.add(new PlanFinding(rule, path, line.apply(path), message));
  }

  private void checkObjectives() {
    Set<String> told = new HashSet<>(); // environments that inherit both objectives share a finding
    for (Environment environment : plan.environments().values()) {
      EffectiveObjectives objectives = plan.objectivesOf(environment.name());
      if (objectives.availability().isEmpty() || objectives.recoveryTime().isEmpty()) {
        continue;
      }
      Sourced<Percentage> availability = objectives.availability().get();
      Sourced<Duration> recoveryTime = objectives.recoveryTime().get();
      Duration allowed = downtimeOfMonth(availability.value());
      if (recoveryTime.value().compareTo(allowed) > 0
          && told.add(availability.path() + recoveryTime.path())) {
        found(
            Rule.AVAILABILITY_NOT_KEPT,
            availability.path(),
            percent(availability.value().fraction()),
            Quantities.text(recoveryTime.value()),
            recoveryTime.path(),
            percent(1 - (double) recoveryTime.value().toSeconds() / MONTH.toSeconds()),
            Quantities.text(allowed));
      }
    }
  }

  private static Duration downtimeOfMonth(Percentage availability) {
    BigDecimal down = BigDecimal.valueOf(100).subtract(availability.value()).movePointLeft(2);
    return Duration.ofSeconds(
        down.multiply(BigDecimal.valueOf(MONTH.toSeconds()))
            .round(MathContext.DECIMAL64)
            .longValue());
  }

  private String percent(double fraction) {
    NumberFormat format = NumberFormat.getPercentInstance(plan.language().locale());
    format.setMaximumFractionDigits(2);
    return format.format(fraction);
  }

  private void checkBackups(Environment environment) {
    String path = "environments." + environment.name();
    List<BackupSchedule> schedules = plan.backupsOf(environment.name());
    Optional<BackupSchedule> mostOften = databaseBackupTakenMostOften(environment);
    boolean somethingToLose =
        environment.database().isPresent()
            || !environment.volumes().isEmpty()
            || !environment.configuration().isEmpty();
    if (environment.database().isPresent() ? mostOften.isEmpty() : schedules.isEmpty()) {
      if (somethingToLose) {
        found(Rule.NO_BACKUP, path, environment.name());
      }
    } else if (schedules.stream().noneMatch(this::leavesTheSite)) {
      found(Rule.NO_OFF_SITE_BACKUP, path, environment.name());
    }
    if (environment.database().isPresent() && plan.drillsOf(environment.name()).isEmpty()) {
      found(Rule.NO_DRILL, path, environment.name());
    }
    Optional<Sourced<Duration>> objective = plan.objectivesOf(environment.name()).recoveryPoint();
    if (mostOften.isPresent() && objective.isPresent()) {
      BackupSchedule schedule = mostOften.get();
      if (schedule.longestInterval().compareTo(objective.get().value()) > 0
          && !isKeptByLog(environment, objective.get().value())) {
        found(
            Rule.RECOVERY_POINT_NOT_KEPT,
            "backups." + schedule.name(),
            schedule.name(),
            interval(schedule),
            Quantities.text(objective.get().value()),
            environment.name(),
            objective.get().path());
      }
    }
  }

  private static String interval(BackupSchedule schedule) {
    return schedule
        .every()
        .map(Span::toString)
        .orElseGet(() -> Quantities.text(schedule.longestInterval()));
  }

  /** Whether the log is streamed often enough, and there are physical backups that it continues. */
  private boolean isKeptByLog(Environment environment, Duration recoveryPoint) {
    return environment
            .database()
            .flatMap(DatabaseSettings::wal)
            .filter(wal -> wal.maxLag().compareTo(recoveryPoint) <= 0)
            .isPresent()
        && plan.backupsOf(environment.name()).stream()
            .anyMatch(it -> it.kind() == BackupKind.PHYSICAL);
  }

  private Optional<BackupSchedule> databaseBackupTakenMostOften(Environment environment) {
    return plan.backupsOf(environment.name()).stream()
        .filter(it -> it.kind() != BackupKind.CONFIGURATION)
        .min(Comparator.comparing(BackupSchedule::longestInterval));
  }

  private boolean leavesTheSite(BackupSchedule schedule) {
    return schedule.to().stream().map(plan::storage).anyMatch(Storage::offSite);
  }

  private void checkCredentials(Environment environment) {
    String path = "environments." + environment.name();
    checkCredentials(path + ".secrets", environment.secrets());
    checkCredentials(path + ".certificates", environment.certificates());
  }

  private void checkCredentials(String path, List<Environment.Credential> credentials) {
    for (int i = 0; i < credentials.size(); i++) {
      Environment.Credential credential = credentials.get(i);
      Optional<LocalDate> lastDay = credential.lastDay();
      if (lastDay.isPresent() && lastDay.get().isBefore(today)) {
        found(Rule.CREDENTIAL_EXPIRED, path + "[" + i + "]", credential.name(), lastDay.get());
      }
    }
  }

  private void checkSchedule(BackupSchedule schedule) {
    String path = "backups." + schedule.name();
    Retention keep = schedule.keep();
    boolean onlyWithin =
        keep.daily() + keep.weekly() + keep.monthly() + keep.yearly() == 0; // each is 0 or more
    Duration kept = keep.within().map(Span::estimated).orElse(Duration.ZERO);
    if (onlyWithin && kept.compareTo(schedule.longestInterval()) < 0) {
      found(
          Rule.KEPT_TOO_SHORT,
          path + ".keep",
          schedule.name(),
          keep.within().map(Span::toString).orElse("0"),
          interval(schedule));
    }
    boolean secrets =
        schedule.kind() == BackupKind.CONFIGURATION || schedule.kind() == BackupKind.SYSTEM;
    if (secrets && !schedule.plain() && plan.encryption().publicKeys().isEmpty()) {
      schedule.to().stream()
          .map(plan::storage)
          .filter(it -> it.offSite() || !(it instanceof Storage.Directory))
          .findFirst()
          .ifPresent(
              it -> found(Rule.SECRETS_UNENCRYPTED, path + ".to", schedule.name(), it.name()));
    }
    Map<Object, String> folders = new HashMap<>();
    for (String name : schedule.to()) {
      if (plan.storage(name) instanceof Storage.Directory storage) {
        String other = folders.putIfAbsent(storage.directory(), name);
        if (other != null) {
          found(Rule.SAME_FOLDER, path + ".to", schedule.name(), other, name, storage.directory());
        }
      }
    }
  }

  private void checkDrill(DrillSchedule drill) {
    boolean refused =
        drill.kind() == DrillSchedule.Kind.DISASTER
            && plan.environment(drill.environment()).isProtected();
    if (refused) {
      found(Rule.DRILL_REFUSED, "drills." + drill.name(), drill.name(), drill.environment());
    }
  }

  private void checkRecoveryPlan(PlannedRecovery recovery) {
    String path = "recovery-plans." + recovery.name() + ".objectives";
    for (Environment environment : plan.environments().values()) {
      if (!recovery.isFor(environment.name()) || environment.database().isEmpty()) {
        continue;
      }
      Optional<Duration> point = recovery.objectives().recoveryPoint();
      Optional<BackupSchedule> mostOften = databaseBackupTakenMostOften(environment);
      if (point.isPresent()
          && mostOften.isPresent()
          && mostOften.get().longestInterval().compareTo(point.get()) > 0
          && !isKeptByLog(environment, point.get())) {
        found(
            Rule.RECOVERY_PLAN_POINT_NOT_KEPT,
            path + ".recovery-point",
            recovery.name(),
            Quantities.text(point.get()),
            environment.name(),
            interval(mostOften.get()));
      }
      Optional<Duration> time = recovery.objectives().recoveryTime();
      Optional<Sourced<Duration>> allowed = plan.objectivesOf(environment.name()).recoveryTime();
      if (time.isPresent()
          && allowed.isPresent()
          && time.get().compareTo(allowed.get().value()) > 0) {
        found(
            Rule.RECOVERY_PLAN_TOO_SLOW,
            path + ".recovery-time",
            recovery.name(),
            Quantities.text(time.get()),
            environment.name(),
            Quantities.text(allowed.get().value()),
            allowed.get().path());
      }
    }
  }

  private void checkIdentities() {
    Map<Object, String> projects = new HashMap<>();
    Map<Object, String> databases = new HashMap<>();
    Map<Object, String> proxySites = new HashMap<>();
    for (Environment environment : plan.environments().values()) {
      String name = environment.name();
      String path = "environments." + name;
      if (environment.compose().isPresent()) {
        String project = environment.compose().get().project();
        String other = projects.putIfAbsent(List.of(environment.site(), project), name);
        if (other != null) {
          found(Rule.SAME_COMPOSE_PROJECT, path + ".compose.project", other, name, project);
        }
      }
      if (environment.database().flatMap(DatabaseSettings::host).isPresent()) {
        DatabaseSettings database = environment.requireDatabase();
        String host = database.host().orElseThrow();
        String other =
            databases.putIfAbsent(
                List.of(environment.site(), host, database.port(), database.name()), name);
        if (other != null) {
          found(Rule.SAME_DATABASE, path + ".database", other, name, database.name());
        }
      }
      environment.proxy().ifPresent(proxy -> checkSites(environment, proxy, proxySites));
      boolean production = name.startsWith("prod") || name.equals("live");
      if (production && !environment.isProtected()) {
        found(Rule.PRODUCTION_NOT_PROTECTED, path + ".protected", name);
      }
    }
  }

  private void checkSites(Environment environment, ProxySettings proxy, Map<Object, String> known) {
    for (SiteAddress site : proxy.sites()) {
      String other =
          known.putIfAbsent(
              List.of(environment.site(), proxy.caddyfile(), site), environment.name());
      if (other != null) {
        found(
            Rule.SAME_PROXY_SITE,
            "environments." + environment.name() + ".proxy.sites",
            other,
            environment.name(),
            site);
      }
    }
  }

  private void checkReview() {
    Optional<LocalDate> due = plan.review().due();
    if (due.isPresent() && due.get().isBefore(today)) {
      found(Rule.REVIEW_OVERDUE, "review", due.get());
    }
  }

  private void checkPeople() {
    WrittenPlan written = plan.written();
    Map<String, Optional<String>> texts = new LinkedHashMap<>();
    written
        .contacts()
        .forEach(
            (key, contact) -> {
              String path = "contacts." + key;
              texts.put(path + ".name", contact.name());
              texts.put(path + ".phone", contact.phone());
              texts.put(path + ".email", contact.email());
              if (contact.phone().isEmpty() && contact.email().isEmpty()) {
                found(Rule.CONTACT_WITHOUT_ADDRESS, path, contact.role());
              }
            });
    for (int i = 0; i < written.support().size(); i++) {
      texts.put("support[" + i + "].contact", Optional.of(written.support().get(i).contact()));
    }
    for (int i = 0; i < written.links().size(); i++) {
      texts.put("links[" + i + "].to", Optional.of(written.links().get(i).to()));
    }
    List<String> placeholders =
        texts.entrySet().stream()
            .filter(
                it -> it.getValue().filter(text -> PLACEHOLDER.matcher(text).find()).isPresent())
            .map(Map.Entry::getKey)
            .toList();
    if (!placeholders.isEmpty()) {
      found(
          Rule.PLACEHOLDER,
          placeholders.get(0),
          placeholders.size(),
          placeholders.stream().collect(joining(", ")));
    }
  }
}
