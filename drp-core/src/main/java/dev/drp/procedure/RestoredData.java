package dev.drp.procedure;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupEvent;
import dev.drp.backup.BackupId;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseDescription;
import dev.drp.database.DatabaseDescription.Extension;
import dev.drp.database.DatabaseProperties;
import dev.drp.database.DatabaseServer;
import dev.drp.database.TableRows;
import dev.drp.plan.BackupKind;
import dev.drp.plan.Environment;
import dev.drp.recovery.ExecutionId;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.Mode;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The steps that prove restored data: compared with what the backup says of itself, and with the
 * plan's expectations.
 */
final class RestoredData {
  static final String COMPARE_ROWS = "compare-rows";
  static final String COMPARE_FACTS = "compare-facts";

  private static final String NO_TABLE = "no such table";
  private static final Duration LONG = Duration.ofHours(24);
  private static final Duration SHORT = Duration.ofMinutes(5);

  private final ChosenBackup backup;
  private final Environment environment;
  private final Supplier<DatabaseServer> server;
  private final Function<ExecutionId, String> database;

  /**
   * @param server that holds it; asked when a step needs it
   * @param database its name there
   */
  RestoredData(
      ChosenBackup backup,
      Environment environment,
      Supplier<DatabaseServer> server,
      Function<ExecutionId, String> database) {
    this.backup = backup;
    this.environment = environment;
    this.server = server;
    this.database = database;
  }

  Step compareRows() {
    return Step.reading(
            COMPARE_ROWS,
            "Counts the rows of every table and compares them with the backup's own snapshot; in a"
                + " copy of files, tables that were written to meanwhile may differ.",
            this::compareRows)
        .in(Mode.DRILL, Mode.RECOVERY)
        .within(LONG)
        .onFailure(FailurePolicy.ABORT);
  }

  /** Of data that went on after the backup: that all of it can be read. */
  Step countRows() {
    return Step.reading(
            "count-rows",
            "Reads every table to its end. They went on after the backup was taken, so there is no"
                + " number to compare with.",
            context -> {
              Map<String, Long> actual;
              try (ConsistentSnapshot snapshot =
                  server.get().openSnapshot(database.apply(context.execution()))) {
                actual = counts(snapshot.countRows());
              }
              context.record("rowsActual", String.valueOf(sum(actual)));
              context.found(
                  Finding.check(
                      "rows", "", "%d in %d tables".formatted(sum(actual), actual.size()), true));
            })
        .in(Mode.DRILL, Mode.RECOVERY)
        .within(LONG)
        .onFailure(FailurePolicy.ABORT);
  }

  private void compareRows(StepContext context) {
    Map<String, Long> expected = counts(backup.manifest(context).rows());
    Map<String, Long> actual;
    try (ConsistentSnapshot snapshot =
        server.get().openSnapshot(database.apply(context.execution()))) {
      actual = counts(snapshot.countRows());
    }
    Comparison comparison = new Comparison(context);
    Set<String> tables = new TreeSet<>(expected.keySet());
    tables.addAll(actual.keySet());
    for (String table : tables) {
      comparison.rows(table, rowsOf(table, expected), rowsOf(table, actual));
    }
    context.record("rowsExpected", String.valueOf(sum(expected)));
    context.record("rowsActual", String.valueOf(sum(actual)));
    if (comparison.failed()) {
      backup.recordEvent(
          context, BackupEvent.Type.FAILED, "restored, but " + comparison, Duration.ZERO);
      throw comparison.failure(backup.manifest(context).id());
    }
  }

  private static String rowsOf(String table, Map<String, Long> counts) {
    return Optional.ofNullable(counts.get(table)).map(String::valueOf).orElse(NO_TABLE);
  }

  private static long sum(Map<String, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }

  private static Map<String, Long> counts(List<TableRows> rows) {
    return rows.stream()
        .collect(Collectors.toMap(table -> table.schema() + "." + table.table(), TableRows::rows));
  }

  Step compareFacts() {
    return Step.reading(
            COMPARE_FACTS,
            "Compares encoding, collation, extensions and the application's schema version with"
                + " the backup.",
            context -> {
              DatabaseDescription expected = backup.manifest(context).database();
              DatabaseDescription actual =
                  server.get().describe(database.apply(context.execution()));
              DatabaseProperties before = expected.properties();
              DatabaseProperties after = actual.properties();
              Comparison comparison = new Comparison(context);
              comparison.fact("encoding", before.encoding(), after.encoding());
              comparison.fact("collate", before.collate(), after.collate());
              comparison.fact("ctype", before.ctype(), after.ctype());
              comparison.fact("locale provider", before.localeProvider(), after.localeProvider());
              comparison.fact(
                  "schema version",
                  expected.schemaVersion().orElse("none"),
                  actual.schemaVersion().orElse("none"));
              comparison.fact(
                  "extensions", names(expected.extensions()), names(actual.extensions()));
              if (comparison.failed()) {
                throw comparison.failure(backup.manifest(context).id());
              }
            })
        .in(Mode.DRILL, Mode.RECOVERY)
        .within(SHORT)
        .onFailure(FailurePolicy.ABORT);
  }

  private static String names(List<Extension> extensions) {
    return extensions.stream().map(Extension::name).sorted().collect(Collectors.joining(", "));
  }

  /** Facts of the backup against what was restored; all are looked at before it fails. */
  private final class Comparison {
    private final StepContext context;
    private final List<String> different = new ArrayList<>();

    Comparison(StepContext context) {
      this.context = context;
    }

    /** Rows of files were counted while they were copied: only that the table is there is sure. */
    void rows(String table, String expected, String actual) {
      boolean mayDiffer =
          backup.manifest(context).kind() == BackupKind.PHYSICAL && !actual.equals(NO_TABLE);
      if (mayDiffer && !expected.equals(actual)) {
        context.found(
            Finding.warning(
                table,
                "%s rows were counted while the files were copied, the copy has %s"
                    .formatted(expected, actual)));
      } else {
        fact(table, expected, actual);
      }
    }

    void fact(String subject, String expected, String actual) {
      boolean same = expected.equals(actual);
      context.found(new Finding(Finding.Kind.FACT, subject, expected, actual, same));
      if (!same) {
        different.add("%s: expected %s, is %s".formatted(subject, expected, actual));
      }
    }

    boolean failed() {
      return !different.isEmpty();
    }

    RecoveryException failure(BackupId backup) {
      return new RecoveryException(
          ErrorCode.VERIFICATION_FAILED,
          "what was restored from backup %s is not what it holds: %s".formatted(backup, this),
          "restore an older backup, and find out what happened to this one.");
    }

    @Override
    public String toString() {
      return String.join("; ", different);
    }
  }

  Step runExpectations() {
    return Step.reading(
            "run-expectations",
            "Runs the plan's expectations on the restored data, each within its time limit.",
            this::runExpectations)
        .in(Mode.DRILL, Mode.RECOVERY)
        .within(LONG)
        .onFailure(FailurePolicy.ABORT);
  }

  private void runExpectations(StepContext context) {
    String name = database.apply(context.execution());
    Expectations.run(context, environment, server.get(), name, "the restored data");
  }
}
