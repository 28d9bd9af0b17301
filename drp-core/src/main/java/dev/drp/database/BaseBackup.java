package dev.drp.database;

import java.io.OutputStream;
import java.time.Instant;
import java.util.List;

/**
 * A base backup of a whole server that runs on: all of its files, with the write-ahead log that
 * makes them consistent, which the server keeps until this is closed. Used by one thread.
 *
 * <p>Every method may throw what {@link DatabaseServer} throws.
 */
public interface BaseBackup extends AutoCloseable {
  /** What the server's data directory takes on its disk, about, for showing progress. */
  long dataBytes();

  /**
   * Streams the data directory as one uncompressed tar: all files, then the write-ahead log in
   * {@code pg_wal}, with the server's {@code backup_manifest}. COMMAND_FAILED when the program ends
   * badly, also because the server found a page whose checksum is wrong; what was written is no
   * backup then.
   *
   * @param tar where it goes; left open
   */
  Copied copyFiles(OutputStream tar);

  /**
   * Writes the configuration files that the server reads from outside its data directory, and what
   * they include, as an uncompressed tar with names that begin at the root folder, without its
   * slash.
   *
   * @param tar where it goes; left open, and untouched where there are none
   * @return their absolute paths
   */
  List<String> copyConfiguration(OutputStream tar);

  @Override
  void close();

  /**
   * What was copied.
   *
   * @param consistentAt by the server's clock; whatever was committed until then is in the backup
   * @param toolVersion of the program that copied, as it says it
   */
  record Copied(Instant consistentAt, String toolVersion) {}
}
