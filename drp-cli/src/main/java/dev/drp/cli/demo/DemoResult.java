package dev.drp.cli.demo;

import java.time.Duration;

/**
 * What the demo measured.
 *
 * @param runtime where the servers ran: {@code docker} or {@code host}
 * @param serverDescription what ran, for a person
 * @param databaseBytes size of the database when it was backed up
 * @param backup how long the backup took, until it was read back and published
 * @param backupBytes size of the backup as stored
 * @param recoveryTimeActual from the kill until the recovered database had been proven and answered
 * @param recoveryPointActual from the recovery point to the kill: what was written in it is lost
 * @param rowsInBackup rows of all tables in the backup's snapshot
 * @param rowsAfterRecovery rows of all tables after the recovery
 * @param rowsMissingFromBackup rows of the snapshot that did not come back as they were
 * @param rowsWrittenAfterBackup rows that were committed after the snapshot and are lost
 */
public record DemoResult(
    String runtime,
    String serverDescription,
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
   * Whether every row of the backup's snapshot came back, and no other, although writers went on:
   * without writes after the snapshot nothing would be shown.
   */
  public boolean passed() {
    return rowsMissingFromBackup == 0
        && rowsAfterRecovery == rowsInBackup
        && rowsWrittenAfterBackup > 0;
  }

  public String outcome() {
    return passed() ? "PASSED" : "FAILED";
  }
}
