package dev.drp.cli;

import dev.drp.ExitStatus;
import dev.drp.assessment.AssessStatus;
import dev.drp.assessment.DatabaseAnswer;
import dev.drp.assessment.EnvironmentStatus;
import dev.drp.assessment.KnownBackup;
import dev.drp.assessment.Measure;
import dev.drp.assessment.Notice;
import dev.drp.assessment.Overdue;
import dev.drp.assessment.Status;
import dev.drp.assessment.StorageStatus;
import dev.drp.backup.LastPull;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code drp status}. */
@Command(
    name = "status",
    description = {
      "Say where every environment stands: what would be lost now, how long recovery takes, what is"
          + " overdue, what needs a look.",
      "Exit code 4 unless every objective of the plan is known to be kept."
    })
final class StatusCommand extends DrpCommand {
  @Option(
      names = "--refresh",
      description = "Ask all storages and databases now, instead of telling what is known.")
  private boolean refresh;

  @Override
  ExitStatus run(Session session) {
    Status status =
        new AssessStatus(
                session.plan(),
                session.planFindings(),
                session.storages().all(),
                session.state(),
                of -> session.adapters().databases().connect(of),
                session.clock())
            .assess(refresh);
    session.print(() -> json(status), out -> print(status, out));
    return status.exitStatus();
  }

  private static Json json(Status status) {
    return Json.object()
        .put("application", status.application())
        .put("at", status.at())
        .put("asOf", status.asOf())
        .put("refreshed", status.refreshed())
        .put("objectivesMet", status.exitStatus() == ExitStatus.OK)
        .put(
            "environments",
            status.environments().stream().map(it -> json(it, status.at())).toList())
        .put("storages", status.storages().stream().map(StatusCommand::json).toList())
        .put("overdue", status.overdue().stream().map(StatusCommand::json).toList())
        .put("notices", status.notices().stream().map(StatusCommand::json).toList())
        .put(
            "contradictions",
            status.contradictions().stream().map(PlanCommand.Check::json).toList());
  }

  private static Json json(EnvironmentStatus environment, Instant now) {
    return Json.object()
        .put("environment", environment.environment())
        .put("hasDatabase", environment.hasDatabase())
        .put("asOf", environment.asOf())
        .put("objectivesMet", !environment.missesObjective())
        .put("recoveryPoint", json(environment.recoveryPoint()))
        .put("recoveryPointBy", environment.recoveryPointBy())
        .put("offSiteRecoveryPoint", environment.offSiteRecoveryPoint().map(StatusCommand::json))
        .put("recoveryTime", json(environment.recoveryTime()))
        .put("newestVerified", environment.newestVerified().map(StatusCommand::json))
        .put("newestDrilled", environment.newestDrilled().map(StatusCommand::json))
        .put("backups", environment.backups())
        .put("storedBytes", environment.storedBytes())
        .put("overdue", environment.overdue().stream().map(StatusCommand::json).toList())
        .put("notices", environment.notices().stream().map(StatusCommand::json).toList())
        .put("lockedBy", environment.lockedBy())
        .put("fetched", environment.pulls().stream().map(it -> json(it, now)).toList())
        .put("database", environment.database().map(StatusCommand::json));
  }

  private static Json json(LastPull pull, Instant now) {
    return Json.object()
        .put("from", pull.from())
        .put("to", pull.to())
        .put("at", pull.at())
        .put("recoveryPoint", pull.recoveryPoint())
        .put("ageSeconds", pull.recoveryPoint().map(it -> Duration.between(it, now)))
        .put("by", pull.by())
        .put("problem", pull.problem().isEmpty() ? null : pull.problem());
  }

  private static Json json(Measure measure) {
    return Json.object()
        .put("state", measure.state())
        .put("objectiveSeconds", measure.objective().map(it -> it.value()))
        .put("objectivePath", measure.objective().map(it -> it.path()))
        .put("actualSeconds", measure.actual())
        .put("explanation", measure.explanation());
  }

  private static Json json(KnownBackup backup) {
    return Json.object()
        .put("id", backup.id().value())
        .put("recoveryPoint", backup.recoveryPoint())
        .put("provenAt", backup.provenAt())
        .put("offSite", backup.offSite());
  }

  private static Json json(DatabaseAnswer answer) {
    return Json.object()
        .put("place", answer.place())
        .put("version", answer.version())
        .put("sizeBytes", answer.sizeBytes())
        .put("clockOffsetSeconds", answer.clockOffset())
        .put("freeBytes", answer.freeBytes());
  }

  private static Json json(Overdue overdue) {
    return Json.object()
        .put("kind", overdue.kind())
        .put("path", overdue.path())
        .put("due", overdue.due())
        .put("last", overdue.last())
        .put("what", overdue.what());
  }

  private static Json json(Notice notice) {
    return Json.object()
        .put("kind", notice.kind())
        .put("subject", notice.subject())
        .put("what", notice.what());
  }

  private static Json json(StorageStatus storage) {
    return Json.object()
        .put("name", storage.name())
        .put("place", storage.place())
        .put("offSite", storage.offSite())
        .put("storedBytes", storage.storedBytes())
        .put("freeBytes", storage.freeBytes())
        .put("fullAt", storage.fullAt());
  }

  private static void print(Status status, Console out) {
    out.line(
        "%s at %s: %s"
            .formatted(
                out.bold(status.application()),
                Format.instant(status.at(), out.zone()),
                status.exitStatus() == ExitStatus.OK
                    ? out.good("every objective is met")
                    : out.bad("not every objective is met")));
    out.line(
        status.refreshed()
            ? "storages and databases were asked now"
            : "storages last asked %s; `drp status --refresh` asks them now"
                .formatted(
                    status.asOf().map(it -> Format.relative(it, status.at())).orElse("never")));
    status.environments().forEach(it -> print(it, status.at(), out));
    printStorages(status, out);
    if (!status.overdue().isEmpty() || !status.notices().isEmpty()) {
      out.line();
      out.line(out.bold("plan"));
      Table table = Table.of("", "", "");
      addOverdue(table, status.overdue(), status.at(), out);
      addNotices(table, status.notices(), out);
      table.lines().forEach(out::line);
    }
    if (!status.contradictions().isEmpty()) {
      out.line();
      out.line(out.bold("the plan contradicts itself or leaves gaps"));
      status
          .contradictions()
          .forEach(it -> out.line("  " + out.warning(it.rule().id()) + "  " + it.message()));
    }
  }

  private static void print(EnvironmentStatus environment, Instant now, Console out) {
    out.line();
    if (!environment.hasDatabase() && environment.backups() == 0) {
      out.line(out.bold(environment.environment()) + "  no database, nothing measured");
    } else {
      out.line(out.bold(environment.environment()));
    }
    Table table = Table.of("", "", "");
    if (environment.hasDatabase()) {
      table.row("", "recovery point", measure(environment.recoveryPoint(), out));
      environment
          .offSiteRecoveryPoint()
          .ifPresent(it -> table.row("", "  off-site", measure(it, out)));
      table
          .row("", "recovery time", measure(environment.recoveryTime(), out))
          .row("", "newest verified", backup(environment.newestVerified(), "verified", now))
          .row("", "newest drilled", backup(environment.newestDrilled(), "drilled", now));
    }
    if (environment.backups() > 0) {
      table.row(
          "",
          "backups",
          "%s, %s"
              .formatted(
                  Format.count(environment.backups()), Format.bytes(environment.storedBytes())));
    }
    for (LastPull pull : environment.pulls()) {
      table.row("", "fetched", fetched(pull, now, out));
    }
    environment.database().ifPresent(it -> table.row("", "database", database(it)));
    environment.lockedBy().ifPresent(it -> table.row("", "at work", it));
    addOverdue(table, environment.overdue(), now, out);
    addNotices(table, environment.notices(), out);
    table.lines().forEach(out::line);
  }

  private static String fetched(LastPull pull, Instant now, Console out) {
    return "%s to %s %s, %s%s"
        .formatted(
            pull.from(),
            pull.to(),
            Format.relative(pull.at(), now),
            pull.recoveryPoint()
                .map(it -> "data of %s: %s".formatted(Format.relative(it, now), pull.by()))
                .orElse("no good backup"),
            pull.problem().isEmpty() ? "" : "; " + out.warning(pull.problem()));
  }

  private static String measure(Measure measure, Console out) {
    return ExecutionText.measured(
            measure.actual(), measure.objective().map(it -> it.value()), measure.state(), out)
        + out.dim("  " + measure.explanation());
  }

  private static String backup(Optional<KnownBackup> backup, String how, Instant now) {
    return backup
        .map(
            it ->
                "%s, data of %s, %s %s%s"
                    .formatted(
                        it.id(),
                        Format.relative(it.recoveryPoint(), now),
                        how,
                        Format.relative(it.provenAt(), now),
                        it.offSite() ? ", off-site" : ", not off-site"))
        .orElse("none");
  }

  private static String database(DatabaseAnswer answer) {
    return "PostgreSQL %s, %s, %s%s%s"
        .formatted(
            answer.version(),
            answer.place(),
            Format.bytes(answer.sizeBytes()),
            answer.freeBytes().isPresent()
                ? ", " + Format.bytes(answer.freeBytes().getAsLong()) + " free"
                : "",
            answer.clockOffset().abs().toMillis() < 1000
                ? ""
                : ", its clock is off by " + Format.duration(answer.clockOffset()));
  }

  private static void addOverdue(Table table, List<Overdue> all, Instant now, Console out) {
    for (Overdue overdue : all) {
      boolean soon = overdue.kind() == Overdue.Kind.CREDENTIAL_SOON;
      table.row(
          "",
          soon ? out.warning("ends soon") : out.bad("overdue"),
          "%s: %s%s"
              .formatted(
                  overdue.what(),
                  overdue
                      .due()
                      .map(it -> (soon ? "ends " : "due ") + Format.relative(it, now))
                      .orElse("never done"),
                  overdue.last().map(it -> ", last " + Format.relative(it, now)).orElse("")));
    }
  }

  private static void addNotices(Table table, List<Notice> notices, Console out) {
    for (Notice notice : notices) {
      table.row("", out.warning("look at"), "%s: %s".formatted(notice.subject(), notice.what()));
    }
  }

  private static void printStorages(Status status, Console out) {
    if (status.storages().isEmpty()) {
      return;
    }
    out.line();
    out.line(out.bold("storages"));
    Table table = Table.of("", "", "", ">", ">", "");
    for (StorageStatus it : status.storages()) {
      table.row(
          "",
          it.name() + (it.offSite() ? " (off-site)" : ""),
          it.place(),
          Format.bytes(it.storedBytes()) + " of backups",
          it.freeBytes().isPresent()
              ? Format.bytes(it.freeBytes().getAsLong()) + " free"
              : "free space not known",
          it.fullAt()
              .map(at -> out.warning("at this growth full " + Format.relative(at, status.at())))
              .orElse(""));
    }
    table.lines().forEach(out::line);
  }
}
