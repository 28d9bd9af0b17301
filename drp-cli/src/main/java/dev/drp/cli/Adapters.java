package dev.drp.cli;

import dev.drp.backup.BackupStorage;
import dev.drp.backup.Compression;
import dev.drp.database.DatabaseConnector;
import dev.drp.plan.Storage;

/** What stands behind the core's ports. Asking for one reaches for nothing yet. */
interface Adapters extends AutoCloseable {
  BackupStorage storage(Storage.Directory directory);

  Compression compression();

  DatabaseConnector databases();

  @Override
  void close();
}
