package dev.drp.database;

import java.time.Duration;

/**
 * Writes the canary of one database. Used by one thread; any other may {@link #close} it, which
 * ends a write that waits.
 */
public interface CanarySession extends AutoCloseable {
  /**
   * Writes it, with the instant of the server's clock, and returns once it is committed; it waits
   * for no other server or stream, and for nothing longer than some seconds.
   *
   * @param every how often it is written, for whoever reads it
   * @param writer who writes it, for people
   */
  void write(Duration every, String writer);

  @Override
  void close();
}
