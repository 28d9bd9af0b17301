package dev.drp.database;

import java.io.IOException;
import java.io.OutputStream;

/**
 * The files of a server, to start one from: those of a base backup and, for a recovery that goes
 * further, the write-ahead log that was archived since.
 */
public interface ServerFiles {
  /** The folder, in the data directory, for archived segments and timeline history files. */
  String LOG_FOLDER = "drp_wal";

  /**
   * Writes them as an uncompressed tar with names relative to the data directory: what {@link
   * BaseBackup#copyFiles} gave, then what there is below {@link #LOG_FOLDER}. Several tars one
   * after the other are taken for one. Called once.
   *
   * @param tar where they go; left open. What it throws is to be passed on.
   */
  void writeTo(OutputStream tar) throws IOException;
}
