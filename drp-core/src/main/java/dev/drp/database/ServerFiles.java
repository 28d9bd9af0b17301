package dev.drp.database;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

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

  /**
   * Puts them into an empty folder of this machine without a tar between, which takes less time.
   * Not every source can do this. Nothing is synced.
   *
   * @param names gives the names under which the base backup's files are kept, relative to the
   *     folder
   * @return false when this source cannot, and nothing was done
   */
  default boolean unpack(Path folder, UnaryOperator<String> names) throws IOException {
    return false;
  }

  /**
   * Makes a folder of this machine hold these files and no others, and writes only what differs by
   * content, whatever time stamps say. Can be done again after a crash in its middle. Nothing is
   * synced. Not every source can do this.
   *
   * @param names gives the names under which the base backup's files are kept, relative to the
   *     folder
   */
  default Repaired repair(Path folder, UnaryOperator<String> names) throws IOException {
    throw new UnsupportedOperationException("these files are a stream only");
  }

  /**
   * What was different in a folder.
   *
   * @param writtenBytes how much was written
   * @param writtenFiles how many files that was in
   * @param removedFiles how many files and folders did not belong there
   */
  record Repaired(long writtenBytes, int writtenFiles, int removedFiles) {}
}
