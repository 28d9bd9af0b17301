package dev.drp.backup;

import dev.drp.backup.LocalCatalog.View;
import dev.drp.database.Lsn;
import dev.drp.plan.BackupKind;
import dev.drp.state.TabSeparated;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The local copy of a catalog as a file. One line a backup, one for each of its copies below it;
 * lines rather than JSON, and counted seconds rather than ISO 8601, as a look at the status must
 * not spend its time in parsers.
 */
final class CatalogFile {
  private static final String HEAD = "drp-catalog-3";
  private static final String BACKUP = "backup";
  private static final String COPY = "copy";
  private static final String PROBLEM = "problem";

  private CatalogFile() {}

  static void write(Path file, View view) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of(HEAD, view.asOf().map(CatalogFile::text).orElse("")));
    for (BackupSummary backup : view.backups()) {
      rows.add(
          List.of(
              BACKUP,
              backup.id().value(),
              backup.kind().name(),
              String.valueOf(backup.emergency()),
              backup.schedule().orElse(""),
              backup.database(),
              text(backup.startedAt()),
              text(backup.took()),
              text(backup.recoveryPoint()),
              String.valueOf(backup.bytes()),
              String.valueOf(backup.plainBytes()),
              String.valueOf(backup.rows()),
              backup.logEnd().map(BackupSummary.LogEnd::systemIdentifier).orElse(""),
              backup.logEnd().map(it -> String.valueOf(it.timeline())).orElse(""),
              backup.logEnd().map(it -> String.valueOf(it.at().value())).orElse("")));
      for (BackupSummary.Copy copy : backup.copies()) {
        rows.add(
            List.of(
                COPY,
                copy.storage(),
                String.valueOf(copy.offSite()),
                copy.state().name(),
                copy.provenAt().map(CatalogFile::text).orElse(""),
                copy.drilledAt().map(CatalogFile::text).orElse(""),
                copy.recoveryTook().map(CatalogFile::text).orElse("")));
      }
    }
    for (CatalogProblem problem : view.problems()) {
      rows.add(
          List.of(
              PROBLEM, problem.storage(), problem.where(), problem.kind().name(), problem.what()));
    }
    TabSeparated.write(file, rows);
  }

  /** Empty where there is none, or one that this version does not know. */
  static Optional<View> read(Path file) {
    List<List<String>> rows = TabSeparated.read(file);
    if (rows.isEmpty() || !rows.get(0).get(0).equals(HEAD)) {
      return Optional.empty();
    }
    List<BackupSummary> backups = new ArrayList<>();
    List<CatalogProblem> problems = new ArrayList<>();
    for (List<String> row : rows.subList(1, rows.size())) {
      switch (row.get(0)) {
        case BACKUP -> backups.add(backup(row));
        case COPY -> {
          BackupSummary last = backups.remove(backups.size() - 1);
          List<BackupSummary.Copy> copies = new ArrayList<>(last.copies());
          copies.add(copy(row));
          backups.add(last.withCopies(copies));
        }
        default -> problems.add(problem(row));
      }
    }
    return Optional.of(
        new View(
            optional(rows.get(0).get(1)).map(CatalogFile::instant), backups, problems, List.of()));
  }

  private static BackupSummary backup(List<String> row) {
    return new BackupSummary(
        new BackupId(row.get(1)),
        BackupKind.valueOf(row.get(2)),
        Boolean.parseBoolean(row.get(3)),
        optional(row.get(4)),
        row.get(5),
        instant(row.get(6)),
        duration(row.get(7)),
        instant(row.get(8)),
        Long.parseLong(row.get(9)),
        Long.parseLong(row.get(10)),
        Long.parseLong(row.get(11)),
        optional(row.get(12)).map(system -> logEnd(system, row)),
        List.of());
  }

  private static BackupSummary.LogEnd logEnd(String systemIdentifier, List<String> row) {
    return new BackupSummary.LogEnd(
        systemIdentifier, Integer.parseInt(row.get(13)), new Lsn(Long.parseLong(row.get(14))));
  }

  private static BackupSummary.Copy copy(List<String> row) {
    return new BackupSummary.Copy(
        row.get(1),
        Boolean.parseBoolean(row.get(2)),
        BackupState.valueOf(row.get(3)),
        optional(row.get(4)).map(CatalogFile::instant),
        optional(row.get(5)).map(CatalogFile::instant),
        optional(row.get(6)).map(CatalogFile::duration));
  }

  private static CatalogProblem problem(List<String> row) {
    return new CatalogProblem(
        row.get(1), row.get(2), CatalogProblem.Kind.valueOf(row.get(3)), row.get(4));
  }

  private static String text(Instant instant) {
    return instant.getEpochSecond() + "." + instant.getNano();
  }

  private static String text(Duration duration) {
    return duration.getSeconds() + "." + duration.getNano();
  }

  private static Instant instant(String text) {
    int point = text.indexOf('.');
    return Instant.ofEpochSecond(
        Long.parseLong(text, 0, point, 10), Long.parseLong(text, point + 1, text.length(), 10));
  }

  private static Duration duration(String text) {
    int point = text.indexOf('.');
    return Duration.ofSeconds(
        Long.parseLong(text, 0, point, 10), Long.parseLong(text, point + 1, text.length(), 10));
  }

  private static Optional<String> optional(String field) {
    return Optional.of(field).filter(text -> !text.isEmpty());
  }
}
