package dev.drp.database;

import java.io.OutputStream;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A database server. Nothing here changes it; {@link #restoreTarget()} does. Safe for concurrent
 * use.
 *
 * <p>Every method may throw DATABASE_UNAVAILABLE, DATABASE_ACCESS_DENIED or DATABASE_FAILED. Names
 * of databases are taken as they are, whatever characters they hold.
 */
public interface DatabaseServer extends AutoCloseable {
  /** Who the server is; asked anew at each call. */
  ServerFacts facts();

  /** All databases but the templates, in name order. */
  List<DatabaseSummary> databases();

  /**
   * What one database is like. DATABASE_NOT_FOUND, listing those that exist, when there is none.
   */
  DatabaseDescription describe(String database);

  /**
   * What a column of a table or view holds, each value once, as text, in order. Empty when there is
   * no such table or column. DATABASE_NOT_FOUND when there is no such database.
   *
   * @param table its name, or its schema's, a dot and its name, as they are, never quoted
   * @param condition of the rows that count, in SQL; empty for all
   */
  Optional<List<String>> values(String database, String table, String column, String condition);

  /**
   * Opens an exported snapshot of a database: everything read through it shows the same instant.
   * Hold it only as long as needed: it keeps the server from cleaning up.
   */
  ConsistentSnapshot openSnapshot(String database);

  /**
   * Opens a base backup of the whole server, which keeps its write-ahead log until this is closed.
   * Before anything is opened: REFUSED for a server that has tablespaces or is in recovery,
   * VERSION_MISMATCH for a major version other than 15 and 17, DATABASE_ACCESS_DENIED for a role
   * that may not replicate or that pg_hba.conf does not let in for it, COMMAND_NOT_FOUND where the
   * program is missing.
   */
  BaseBackup openBaseBackup();

  /**
   * Opens the server's write-ahead log for streaming. REFUSED for a server whose segments are not
   * of 16 MiB.
   *
   * @param application the name under which the server knows the streams
   */
  WalSource openWal(String application);

  /**
   * Dumps what can still be read of a damaged database, going on where a part cannot be read.
   *
   * @param output where the dump goes, in the format of {@link ConsistentSnapshot#dump}; left open
   * @return what could not be read, one line each; empty when everything could
   */
  List<String> dumpWhatCanBeRead(String database, OutputStream output);

  /** The part of it that a restore changes. */
  RestoreTarget restoreTarget();

  /** The extensions that databases of this server can get, with the version they would get. */
  List<DatabaseDescription.Extension> availableExtensions();

  /**
   * The version of the collation rules by which this server would sort a database like the given
   * one, to be compared with {@link DatabaseProperties#collationVersion()}; empty where the rules
   * have no version or the server does not know the collation.
   */
  Optional<String> collationVersion(DatabaseProperties like);

  /**
   * When the newest of the transactions was committed, by its own server's clock, that this one
   * replayed from a log since it started; empty when it replayed none.
   */
  Optional<Instant> newestReplayedCommit();

  /**
   * Opens a session that writes the canary into a database, and makes the table for it where there
   * is none. DATABASE_NOT_FOUND where there is no such database; DATABASE_ACCESS_DENIED for a role
   * that may not; REFUSED for a server in recovery, and where somebody else owns what goes by the
   * canary's name.
   */
  CanarySession openCanary(String database);

  /** The canary that a database holds; empty when it has none that can be read as one. */
  Optional<Canary> canary(String database);

  /** Free space of the file system that holds the server's data; empty where it cannot be asked. */
  OptionalLong freeBytes();

  @Override
  void close();
}
