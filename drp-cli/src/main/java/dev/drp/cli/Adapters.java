package dev.drp.cli;

import dev.drp.backup.BackupStorage;
import dev.drp.backup.Compression;
import dev.drp.backup.Decryption;
import dev.drp.backup.Encryption;
import dev.drp.database.DataDirectories;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.DatabaseSandboxes;
import dev.drp.plan.Storage;
import dev.drp.plan.SyncedFolder;
import dev.drp.probe.HttpProbe;
import dev.drp.probe.NameResolver;
import dev.drp.proxy.ReverseProxies;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.ComposeProjects;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.sync.FileSync;
import java.nio.file.Path;
import java.util.List;

/** What stands behind the core's ports. Asking for one reaches for nothing yet. */
interface Adapters extends AutoCloseable {
  BackupStorage storage(Storage.Directory directory);

  BackupStorage storage(Storage.Sftp sftp);

  BackupStorage storage(Storage.S3 s3);

  Compression compression();

  /** To those recipients of age; at least one. */
  Encryption encryption(List<String> recipients);

  /**
   * With the identities in those files; SECRET_UNAVAILABLE where one holds none. Without files, for
   * one who has no identity.
   */
  Decryption decryption(List<Path> identities);

  DatabaseConnector databases();

  /** The files of database servers. */
  DataDirectories dataDirectories();

  /** Throw-away database servers. */
  DatabaseSandboxes sandboxes();

  /**
   * Says that connections to other machines will be asked for soon, of whatever adapters. Returns
   * at once.
   */
  void prepareConnections();

  /** Makes that folder identical to that of the other machine, or the other way round. */
  FileSync fileSync(SyncedFolder folder);

  /** The reverse proxies of the environments. */
  ReverseProxies proxies();

  /** The container engine; ENGINE_UNAVAILABLE when none answers. */
  ContainerRuntime engine();

  /** The Compose projects of this machine. */
  ComposeProjects composeProjects();

  HttpProbe httpProbe();

  NameResolver nameResolver();

  /** Runs programs on this machine. */
  CommandRunner programs();

  @Override
  void close();
}
