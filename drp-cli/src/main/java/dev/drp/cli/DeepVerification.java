package dev.drp.cli;

import dev.drp.ExitStatus;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogProblem;
import dev.drp.backup.Sample;
import dev.drp.plan.BackupKind;
import dev.drp.procedure.DrillRequest;
import dev.drp.procedure.DrillResult;
import dev.drp.recovery.Execution;
import dev.drp.recovery.Mode;
import dev.drp.recovery.Problem;
import dev.drp.report.ExecutionReports;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Verifies backups by restoring them: a drill of each, one after the other, which writes beside the
 * copy what came of it.
 */
final class DeepVerification {
  private final Session session;
  private final Optional<String> storage;
  private final Optional<Sample> sample;

  /**
   * @param storage the only one to read from
   * @param sample backups of this slice only
   */
  DeepVerification(Session session, Optional<String> storage, Optional<Sample> sample) {
    this.session = session;
    this.storage = storage;
    this.sample = sample;
  }

  /** What came of one backup. */
  private record Drilled(
      CatalogEntry backup, Execution execution, DrillResult result, ExecutionReports.Files report) {
    boolean good() {
      return switch (result.outcome()) {
        case PASSED, FAILED_OBJECTIVE -> true;
        case FAILED, INCONCLUSIVE, INTERRUPTED -> false;
      };
    }
  }

  /**
   * What an emergency could save is incomplete by nature, and no drill says otherwise; where there
   * is no database there is no server to restore it on.
   */
  ExitStatus run(List<CatalogEntry> backups, List<CatalogProblem> problems) {
    List<CatalogEntry> whole =
        backups.stream()
            .filter(it -> !it.manifest().emergency() && it.manifest().databaseFacts().isPresent())
            .toList();
    List<Drilled> results = new ArrayList<>();
    for (CatalogEntry backup : whole) {
      if (sample.isEmpty() || sample.get().holds(backup.id().value())) {
        results.add(drill(backup));
      }
    }
    session.print(
        () ->
            Json.object()
                .put("drills", results.stream().map(DeepVerification::json).toList())
                .put("problems", problems.stream().map(BackupJson::problem).toList()),
        out -> {
          print(results, out);
          out.line(
              "restored %d of %s%s"
                  .formatted(
                      results.size(),
                      Format.count(whole.size(), "backup of a database", "backups of databases"),
                      sample.map(it -> ": " + it).orElse("")));
          BackupText.problems(problems, out);
        });
    return exitStatus(results, problems);
  }

  private Drilled drill(CatalogEntry backup) {
    Recovery recovery = new Recovery(session);
    BackupKind kind =
        backup.manifest().kind() == BackupKind.PHYSICAL ? BackupKind.PHYSICAL : BackupKind.LOGICAL;
    DrillRequest newest = DrillRequest.of(backup.id()).ofKind(kind);
    DrillRequest request =
        storage.map(it -> newest.from(new DrillRequest.Source(it, false))).orElse(newest);
    Execution execution =
        recovery
            .engine()
            .execute(
                recovery.drill().plan(backup.manifest().environment(), request),
                Mode.DRILL,
                recovery.listener());
    return new Drilled(
        backup, execution, DrillResult.of(execution), session.reports().write(execution));
  }

  private static ExitStatus exitStatus(List<Drilled> results, List<CatalogProblem> problems) {
    boolean all =
        results.stream()
            .allMatch(it -> it.good() && it.result().cleanup() == DrillResult.Cleanup.DONE);
    if (all) {
      return BackupsCommand.unreachable(problems) ? ExitStatus.PARTIAL : ExitStatus.OK;
    }
    return results.stream().anyMatch(Drilled::good) ? ExitStatus.PARTIAL : ExitStatus.FAILED;
  }

  private static Json json(Drilled drilled) {
    return Json.object()
        .put("id", drilled.backup().id().value())
        .put("storage", drilled.execution().value("storage"))
        .put("execution", drilled.execution().id().value())
        .put("good", drilled.good())
        .put("outcome", drilled.result().outcome())
        .put("cleanup", drilled.result().cleanup())
        .put("recoveryTimeSeconds", drilled.result().recoveryTime())
        .put("problem", drilled.execution().problem().map(Problem::problem))
        .put("report", drilled.report().markdown().toString());
  }

  private static void print(List<Drilled> results, Console out) {
    if (results.isEmpty()) {
      return;
    }
    Table table = Table.of("ID", "STORAGE", "RESULT", ">READY AFTER", "REPORT");
    for (Drilled it : results) {
      String outcome = it.result().outcome().name();
      table.row(
          it.backup().id().value(),
          it.execution().value("storage").orElse(""),
          it.good() ? out.good(outcome) : out.bad(outcome),
          it.result().recoveryTime().map(Format::duration).orElse(""),
          it.report().markdown().toString());
    }
    table.lines().forEach(out::line);
    for (Drilled it : results) {
      it.execution()
          .problem()
          .ifPresent(problem -> out.line("%s: %s".formatted(it.backup().id(), problem.problem())));
    }
  }
}
