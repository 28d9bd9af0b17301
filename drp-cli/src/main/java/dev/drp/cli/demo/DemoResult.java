package dev.drp.cli.demo;

import dev.drp.plan.BackupKind;
import java.time.Duration;

/**
 * What the demo measured.
 *
 * @param runtime where the servers ran: {@code docker} or {@code host}
 * @param serverDescription what ran, for a person
 * @param kind of the backup: a physical one is followed by the streamed log
 * @param databaseBytes size of the database when it was backed up
 * @param backup how long the backup took, until it was read back and published
 * @param backupBytes size of the backup as stored
 * @param recoveryTimeActual from the kill until the recovered database had been proven and answered
 * @param recoveryPointActual from the recovery point to the kill: what was written in it is lost
 * @param rowsInBackup rows of all tables in the backup's snapshot
 * @param rowsAfterRecovery rows of all tables after the recovery
 * @param rowsMissingFromBackup rows of the snapshot that did not come back as they were
 * @param rowsWrittenAfterBackup rows whose commit after the snapshot was confirmed to a client
 */
public record DemoResult(
    String runtime,
    String serverDescription,
    BackupKind kind,
    long databaseBytes,
    Duration backup,
    long backupBytes,
    Duration recoveryTimeActual,
    Duration recoveryPointActual,
    long rowsInBackup,
    long rowsAfterRecovery,
    long rowsMissingFromBackup,
    long rowsWrittenAfterBackup) {
  /**
   * Whether every row of the backup's snapshot came back although writers went on, and of those
   * that were written afterwards none after a logical backup, and some after a physical one with
   * its log. Without writes after the snapshot nothing would be shown.
   */
  public boolean passed() {
    boolean expectedRows =
        kind == BackupKind.PHYSICAL
            ? rowsAfterRecovery > rowsInBackup
            : rowsAfterRecovery == rowsInBackup;
    return rowsMissingFromBackup == 0 && expectedRows && rowsWrittenAfterBackup > 0;
  }

  /** Rows that were confirmed to a client, and did not come back. */
  public long rowsLost() {
    return Math.max(0, rowsInBackup + rowsWrittenAfterBackup - rowsAfterRecovery);
  }

  public String outcome() {
    return passed() ? "PASSED" : "FAILED";
  }
}
