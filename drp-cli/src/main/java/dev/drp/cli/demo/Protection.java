package dev.drp.cli.demo;

import dev.drp.backup.BackupManifest;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.ThrowawayServer;
import dev.drp.recovery.Execution;
import java.time.Instant;

/** One way to lose as little as possible of the demo's database. */
interface Protection extends AutoCloseable {
  /** Backs up the server behind the connector, and keeps what is needed besides until the end. */
  BackupManifest protect(DatabaseConnector primary);

  /**
   * Brings it back, without anything of the first server.
   *
   * @param impact when that was lost
   */
  Recovery recover(Instant impact);

  /** Ends what still runs for it. */
  @Override
  void close();

  /**
   * What came of it.
   *
   * @param server the recovered one; for the caller to remove
   */
  record Recovery(ThrowawayServer server, Execution execution) {}
}
