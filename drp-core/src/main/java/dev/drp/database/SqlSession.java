package dev.drp.database;

import java.util.Optional;

/**
 * A session in a database in which every statement commits by itself. Used by one thread at a time.
 */
public interface SqlSession extends AutoCloseable {
  /**
   * Runs statements, parted by semicolons; they are committed when this returns.
   *
   * @return how many rows the last one changed
   */
  long execute(String sql);

  /** The first column of the first row as text; empty when there is no row or it is null. */
  Optional<String> value(String sql);

  @Override
  void close();
}
