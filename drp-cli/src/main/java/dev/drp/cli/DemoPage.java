package dev.drp.cli;

import dev.drp.cli.demo.DemoResult;
import dev.drp.plan.BackupKind;
import java.time.Duration;

/** The page that the demo ends with. */
final class DemoPage {
  private final Console out;

  DemoPage(Console out) {
    this.out = out;
  }

  void print(DemoResult result) {
    out.line();
    out.line(out.bold("  A disaster, survived"));
    out.line();
    out.line(
        "  A database of %s on %s was backed up while its users"
            .formatted(Format.bytes(result.databaseBytes()), result.serverDescription()));
    out.line("  went on writing. Then its server was killed with SIGKILL and its data removed.");
    out.line();
    Table figures = Table.of("  ", "", "");
    figures.row("  ", out.dim("backup"), backup(result));
    figures.row(
        "  ",
        out.dim("recovery time"),
        out.bold(Format.duration(result.recoveryTimeActual()))
            + "   from the kill until the recovered database was proven");
    figures.row(
        "  ",
        out.dim("recovery point"),
        out.bold(Format.duration(result.recoveryPointActual()))
            + "   before the kill; of %s written since the backup, %s lost"
                .formatted(
                    Format.count(result.rowsWrittenAfterBackup(), "row", "rows"),
                    Format.count(result.rowsLost())));
    figures.row("  ", out.dim("rows compared"), rows(result));
    figures.lines().forEach(out::line);
    out.line();
    out.line("  " + verdict(result));
    out.line();
    out.line(
        out.dim(
            result.kind() == BackupKind.PHYSICAL
                ? "  A physical backup and the streamed log, kept on another machine: what had"
                    + " arrived there is back."
                : "  A logical backup loses what is written after it was taken: with one every 6"
                    + " hours, up to 6 hours."));
    out.line(
        out.dim("  Nothing of this demo remains. Next: ./drp plan check --help, or README.md."));
    out.line();
  }

  private static String backup(DemoResult result) {
    return "%s, %s stored, read back and hashed"
        .formatted(Format.duration(result.backup()), Format.bytes(result.backupBytes()));
  }

  private static String rows(DemoResult result) {
    return "%s in the backup, %s after recovery, %s missing"
        .formatted(
            Format.count(result.rowsInBackup()),
            Format.count(result.rowsAfterRecovery()),
            Format.count(result.rowsMissingFromBackup()));
  }

  private String verdict(DemoResult result) {
    return result.passed()
        ? out.good("PASSED") + "  every row that was committed when the backup was taken is back"
        : out.bad("FAILED") + "  what came back is not what was backed up";
  }

  static Json json(DemoResult result) {
    return Json.object()
        .put("outcome", result.outcome())
        .put("runtime", result.runtime())
        .put("server", result.serverDescription())
        .put("kind", result.kind())
        .put("databaseBytes", result.databaseBytes())
        .put("backupSeconds", seconds(result.backup()))
        .put("backupBytes", result.backupBytes())
        .put("recoveryTimeActualSeconds", seconds(result.recoveryTimeActual()))
        .put("recoveryPointActualSeconds", seconds(result.recoveryPointActual()))
        .put("rowsInBackup", result.rowsInBackup())
        .put("rowsAfterRecovery", result.rowsAfterRecovery())
        .put("rowsMissingFromBackup", result.rowsMissingFromBackup())
        .put("rowsWrittenAfterBackup", result.rowsWrittenAfterBackup())
        .put("rowsLost", result.rowsLost());
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1000.0;
  }
}
