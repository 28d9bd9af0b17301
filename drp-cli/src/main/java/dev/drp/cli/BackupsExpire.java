package dev.drp.cli;

import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupId;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.ExpireBackups;
import dev.drp.backup.ExpiryPlan;
import dev.drp.backup.RetentionDecision;
import dev.drp.backup.RetentionPolicy;
import dev.drp.plan.ContingencyPlan;
import dev.drp.procedure.SetAside;
import dev.drp.recovery.Problem;
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
      "The newest good backup and the newest that a drill restored always stay.",
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
    Map<String, ExpiryPlan> plans = new LinkedHashMap<>();
    for (String name : BackupsCommand.environments(plan, environment)) {
      RetentionPolicy policy = new RetentionPolicy(plan.backupsOf(name), plan.timeZone());
      plans.put(name, apply ? expire.apply(name, policy) : expire.plan(name, policy));
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
            || plans.values().stream()
                .anyMatch(
                    it -> !it.failures().isEmpty() || BackupsCommand.unreachable(it.problems()))
        ? ExitStatus.PARTIAL
        : ExitStatus.OK;
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

  private Json json(Map<String, ExpiryPlan> plans, List<Replaced> replaced) {
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
                                it.getValue().decisions().stream()
                                    .map(decision -> json(decision, it.getValue()))
                                    .toList())
                            .put("unfinished", it.getValue().unfinished())
                            .put(
                                "problems",
                                it.getValue().problems().stream()
                                    .map(BackupJson::problem)
                                    .toList()))
                .toList());
  }

  private static Json json(RetentionDecision decision, ExpiryPlan plan) {
    BackupId id = decision.backup().id();
    return Json.object()
        .put("id", id.value())
        .put("keep", decision.keep())
        .put("reason", decision.reason())
        .put("recoveryPoint", decision.backup().recoveryPoint())
        .put("storedBytes", decision.backup().manifest().storedBytes())
        .put("copies", decision.backup().copies().size())
        .put("problem", failure(plan, id).map(RecoveryException::problem));
  }

  private static Optional<RecoveryException> failure(ExpiryPlan plan, BackupId id) {
    return Optional.ofNullable(plan.failures().get(id));
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

  private void print(Map<String, ExpiryPlan> plans, Session session, Console out) {
    for (Map.Entry<String, ExpiryPlan> entry : plans.entrySet()) {
      ExpiryPlan plan = entry.getValue();
      out.line(out.bold(entry.getKey()));
      Table table = Table.of("", "", "", ">", ">", "");
      for (RetentionDecision decision : plan.decisions()) {
        CatalogEntry backup = decision.backup();
        Optional<RecoveryException> failure = failure(plan, backup.id());
        table.row(
            "",
            what(decision.keep(), failure.isPresent(), out),
            backup.id().value(),
            Format.relative(backup.recoveryPoint(), session.now()),
            Format.bytes(backup.manifest().storedBytes()),
            failure.map(RecoveryException::problem).orElse(decision.reason()));
      }
      table.lines().forEach(out::line);
      plan.unfinished().forEach(it -> out.line("  half-done  " + it));
      BackupText.problems(plan.problems(), out);
      out.line();
    }
  }

  private String summary(Map<String, ExpiryPlan> plans, List<Replaced> replaced) {
    List<CatalogEntry> backups =
        plans.values().stream()
            .flatMap(
                plan ->
                    plan.decisions().stream()
                        .filter(it -> !it.keep())
                        .map(RetentionDecision::backup)
                        .filter(it -> failure(plan, it.id()).isEmpty()))
            .toList();
    long databases = replaced.stream().filter(it -> it.over() && it.problem().isEmpty()).count();
    if (!apply && backups.isEmpty() && databases == 0) {
      return "nothing to remove";
    }
    long freed =
        backups.stream().mapToLong(it -> it.manifest().storedBytes() * it.copies().size()).sum();
    String amount =
        "%s, %s".formatted(Format.count(backups.size(), "backup", "backups"), Format.bytes(freed));
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
