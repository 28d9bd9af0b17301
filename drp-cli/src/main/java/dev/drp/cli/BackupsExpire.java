package dev.drp.cli;

import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.ExpireBackups;
import dev.drp.backup.ExpiryPlan;
import dev.drp.backup.RetentionDecision;
import dev.drp.backup.RetentionPolicy;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.WalSettings;
import dev.drp.procedure.SetAside;
import dev.drp.recovery.Problem;
import dev.drp.wal.ExpireLog;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drp backups expire}. */
@Command(
    name = "expire",
    description = {
      "Say which backups the plan's retention no longer keeps; with --apply, remove them.",
      "In each storage, the newest good backup and the newest that a drill restored always stay,",
      "and the log with all that leads to any instant of wal.keep.",
      "Databases that a restore replaced go by the same way, once they were kept for long enough."
    })
final class BackupsExpire extends DrpCommand {
  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "ENVIRONMENT",
      description = "The environment; all unless given.")
  private @Nullable String environment;

  @Option(names = "--apply", description = "Remove them.")
  private boolean apply;

  @Override
  ExitStatus run(Session session) {
    ContingencyPlan plan = session.plan();
    ExpireBackups expire = new ExpireBackups(session.catalog(), session.state(), session.clock());
    ExpireLog expireLog = new ExpireLog(session.catalog(), session.clock());
    Map<String, Expired> plans = new LinkedHashMap<>();
    for (String name : BackupsCommand.environments(plan, environment)) {
      RetentionPolicy policy = RetentionPolicy.of(plan, name);
      ExpiryPlan backups = apply ? expire.apply(name, policy) : expire.plan(name, policy);
      List<ExpireLog.Expiry> log =
          plan.environment(name)
              .database()
              .flatMap(DatabaseSettings::wal)
              .map(WalSettings::keep)
              .map(span -> apply ? expireLog.apply(name, span) : expireLog.plan(name, span))
              .orElse(List.of());
      plans.put(name, new Expired(backups, log));
    }
    List<Replaced> replaced = replaced(session, plans.keySet());
    session.print(
        () -> json(plans, replaced),
        out -> {
          print(replaced, out);
          print(plans, session, out);
          out.line(summary(plans, replaced));
        });
    return replaced.stream().anyMatch(it -> it.problem().isPresent())
            || plans.values().stream().anyMatch(Expired::isPartial)
        ? ExitStatus.PARTIAL
        : ExitStatus.OK;
  }

  /** What became, or would become, of the backups and the log of one environment. */
  private record Expired(ExpiryPlan backups, List<ExpireLog.Expiry> log) {
    boolean isPartial() {
      return !backups.failures().isEmpty()
          || BackupsCommand.unreachable(backups.problems())
          || log.stream().anyMatch(it -> it.failure().isPresent());
    }
  }

  /**
   * What became, or would become, of a database that a restore replaced.
   *
   * @param over whether it was kept for long enough
   * @param problem why it is still there although it should have been dropped
   */
  private record Replaced(SetAside aside, boolean over, Optional<String> problem) {}

  private List<Replaced> replaced(Session session, Set<String> environments) {
    Recovery recovery = new Recovery(session);
    return recovery.restore().setAside(session.executions()).stream()
        .filter(aside -> environments.contains(aside.restore().environment()))
        .map(
            aside -> {
              boolean over = aside.isOver(session.now());
              return new Replaced(
                  aside, over, over && apply ? drop(recovery, aside) : Optional.empty());
            })
        .toList();
  }

  private static Optional<String> drop(Recovery recovery, SetAside aside) {
    try {
      return recovery
          .engine()
          .commit(aside.restore().id(), recovery::planOf, recovery.listener())
          .problem()
          .map(Problem::problem);
    } catch (RecoveryException e) {
      return Optional.of(e.problem());
    }
  }

  private Json json(Map<String, Expired> plans, List<Replaced> replaced) {
    return Json.object()
        .put("applied", apply)
        .put(
            "replacedDatabases",
            replaced.stream()
                .map(
                    it ->
                        Json.object()
                            .put("execution", it.aside().restore().id().value())
                            .put("environment", it.aside().restore().environment())
                            .put("database", it.aside().database())
                            .put("keptUntil", it.aside().keptUntil())
                            .put("keep", !it.over())
                            .put("problem", it.problem()))
                .toList())
        .put(
            "environments",
            plans.entrySet().stream()
                .map(
                    it ->
                        Json.object()
                            .put("environment", it.getKey())
                            .put(
                                "decisions",
                                it.getValue().backups().decisions().stream()
                                    .map(decision -> json(decision, it.getValue().backups()))
                                    .toList())
                            .put("log", it.getValue().log().stream().map(this::json).toList())
                            .put("unfinished", it.getValue().backups().unfinished())
                            .put(
                                "problems",
                                it.getValue().backups().problems().stream()
                                    .map(BackupJson::problem)
                                    .toList()))
                .toList());
  }

  private static Json json(RetentionDecision decision, ExpiryPlan plan) {
    return Json.object()
        .put("id", decision.backup().id().value())
        .put("storage", decision.copy().storage().name())
        .put("keep", decision.keep())
        .put("reason", decision.reason())
        .put("recoveryPoint", decision.backup().recoveryPoint())
        .put("storedBytes", decision.backup().manifest().storedBytes())
        .put("problem", failure(plan, decision).map(RecoveryException::problem));
  }

  private static Optional<RecoveryException> failure(ExpiryPlan plan, RetentionDecision decision) {
    return Optional.ofNullable(plan.failures().get(decision));
  }

  private Json json(ExpireLog.Expiry log) {
    return Json.object()
        .put("storage", log.storage().name())
        .put("systemIdentifier", log.systemIdentifier())
        .put("objects", log.removed().size())
        .put("bytes", log.bytes())
        .put("kept", log.hindrance())
        .put("problem", log.failure().map(RecoveryException::problem));
  }

  private void print(List<Replaced> replaced, Console out) {
    if (replaced.isEmpty()) {
      return;
    }
    out.line(out.bold("replaced databases"));
    Table table = Table.of("", "", "", "", "");
    for (Replaced each : replaced) {
      table.row(
          "",
          what(!each.over(), each.problem().isPresent(), out),
          each.aside().database(),
          each.aside().restore().environment(),
          each.problem()
              .orElse("kept for the way back, until " + Format.instant(each.aside().keptUntil())));
    }
    table.lines().forEach(out::line);
    out.line();
  }

  private void print(Map<String, Expired> plans, Session session, Console out) {
    for (Map.Entry<String, Expired> entry : plans.entrySet()) {
      ExpiryPlan plan = entry.getValue().backups();
      out.line(out.bold(entry.getKey()));
      Table table = Table.of("", "", "", "", ">", ">", "");
      for (RetentionDecision decision : plan.decisions()) {
        CatalogEntry backup = decision.backup();
        Optional<RecoveryException> failure = failure(plan, decision);
        table.row(
            "",
            what(decision.keep(), failure.isPresent(), out),
            backup.id().value(),
            decision.copy().storage().name(),
            Format.relative(backup.recoveryPoint(), session.now()),
            Format.bytes(backup.manifest().storedBytes()),
            failure.map(RecoveryException::problem).orElse(decision.reason()));
      }
      table.lines().forEach(out::line);
      entry.getValue().log().forEach(log -> print(log, out));
      plan.unfinished().forEach(it -> out.line("  half-done  " + it));
      BackupText.problems(plan.problems(), out);
      out.line();
    }
  }

  private void print(ExpireLog.Expiry log, Console out) {
    String files =
        "%s, %s"
            .formatted(
                Format.count(log.removed().size(), "file", "files"), Format.bytes(log.bytes()));
    out.line(
        "  log of %s in storage %s: %s"
            .formatted(
                log.systemIdentifier().map("server "::concat).orElse("all servers"),
                log.storage().name(),
                log.failure()
                    .map(e -> out.bad("not removed") + ": " + e.problem())
                    .or(() -> log.hindrance().map(why -> "all of it stays: " + why))
                    .orElse(
                        log.removed().isEmpty()
                            ? "all of it is needed"
                            : "%s %s that no backup needs any longer"
                                .formatted(what(false, false, out), files))));
  }

  private String summary(Map<String, Expired> plans, List<Replaced> replaced) {
    List<RetentionDecision> gone =
        plans.values().stream()
            .flatMap(
                plan ->
                    plan.backups().removed().stream()
                        .filter(it -> failure(plan.backups(), it).isEmpty()))
            .toList();
    List<ExpireLog.Expiry> log = plans.values().stream().flatMap(it -> it.log().stream()).toList();
    long files = log.stream().mapToLong(it -> it.removed().size()).sum();
    long databases = replaced.stream().filter(it -> it.over() && it.problem().isEmpty()).count();
    if (!apply && gone.isEmpty() && files == 0 && databases == 0) {
      return "nothing to remove";
    }
    long freed =
        gone.stream().mapToLong(it -> it.backup().manifest().storedBytes()).sum()
            + log.stream().mapToLong(ExpireLog.Expiry::bytes).sum();
    String amount =
        "%s, %s"
            .formatted(
                Format.count(gone.size(), "copy of a backup", "copies of backups"),
                Format.bytes(freed));
    if (files > 0) {
      amount += ", " + Format.count(files, "file of the log", "files of the log");
    }
    if (databases > 0) {
      amount += ", " + Format.count(databases, "replaced database", "replaced databases");
    }
    return apply
        ? "removed: " + amount
        : "would be removed: %s; `--apply` removes them".formatted(amount);
  }

  private String what(boolean keep, boolean failed, Console out) {
    return failed
        ? out.bad("not removed")
        : keep ? out.good("keep") : out.warning(apply ? "removed" : "remove");
  }
}
