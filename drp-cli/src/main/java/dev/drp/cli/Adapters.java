package dev.drp.cli;

import dev.drp.backup.BackupStorage;
import dev.drp.backup.Compression;
import dev.drp.database.DataDirectories;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.DatabaseSandboxes;
import dev.drp.plan.Storage;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.ContainerRuntime;

/** What stands behind the core's ports. Asking for one reaches for nothing yet. */
interface Adapters extends AutoCloseable {
  BackupStorage storage(Storage.Directory directory);

  BackupStorage storage(Storage.Sftp sftp);

  BackupStorage storage(Storage.S3 s3);

  Compression compression();

  DatabaseConnector databases();

  /** The files of database servers. */
  DataDirectories dataDirectories();

  /** Throw-away database servers. */
  DatabaseSandboxes sandboxes();

  /** The container engine; ENGINE_UNAVAILABLE when none answers. */
  ContainerRuntime engine();

  /** Runs programs on this machine. */
  CommandRunner programs();

  @Override
  void close();
}
