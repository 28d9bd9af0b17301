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
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drp backups expire}. */
@Command(
    name = "expire",
    description = {
      "Say which backups the plan's retention no longer keeps; with --apply, remove them.",
      "The newest good backup and the newest that a drill restored always stay."
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
    session.print(() -> json(plans), out -> print(plans, session, out));
    return plans.values().stream()
            .anyMatch(it -> !it.failures().isEmpty() || BackupsCommand.unreachable(it.problems()))
        ? ExitStatus.PARTIAL
        : ExitStatus.OK;
  }

  private Json json(Map<String, ExpiryPlan> plans) {
    return Json.object()
        .put("applied", apply)
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

  private void print(Map<String, ExpiryPlan> plans, Session session, Console out) {
    long freed = 0;
    long removed = 0;
    for (Map.Entry<String, ExpiryPlan> entry : plans.entrySet()) {
      ExpiryPlan plan = entry.getValue();
      out.line(out.bold(entry.getKey()));
      Table table = Table.of("", "", "", ">", ">", "");
      for (RetentionDecision decision : plan.decisions()) {
        CatalogEntry backup = decision.backup();
        Optional<RecoveryException> failure = failure(plan, backup.id());
        table.row(
            "",
            what(decision, failure, out),
            backup.id().value(),
            Format.relative(backup.recoveryPoint(), session.now()),
            Format.bytes(backup.manifest().storedBytes()),
            failure.map(RecoveryException::problem).orElse(decision.reason()));
        if (!decision.keep() && failure.isEmpty()) {
          removed++;
          freed += backup.manifest().storedBytes() * backup.copies().size();
        }
      }
      table.lines().forEach(out::line);
      plan.unfinished().forEach(it -> out.line("  half-done  " + it));
      BackupText.problems(plan.problems(), out);
      out.line();
    }
    String amount =
        "%s, %s".formatted(Format.count(removed, "backup", "backups"), Format.bytes(freed));
    out.line(
        apply
            ? "removed: " + amount
            : removed == 0
                ? "nothing to remove"
                : "would be removed: %s; `--apply` removes them".formatted(amount));
  }

  private String what(
      RetentionDecision decision, Optional<RecoveryException> failure, Console out) {
    return failure.isPresent()
        ? out.bad("not removed")
        : decision.keep() ? out.good("keep") : out.warning(apply ? "removed" : "remove");
  }
}
