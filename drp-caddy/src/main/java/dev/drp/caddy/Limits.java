package dev.drp.caddy;

import java.time.Duration;

/**
 * How long things may take.
 *
 * @param connect to open a connection
 * @param answer to get a whole answer
 * @param start for Caddy to be there after a restart
 */
record Limits(Duration connect, Duration answer, Duration start) {
  static final Limits USUAL =
      new Limits(Duration.ofSeconds(5), Duration.ofSeconds(30), Duration.ofMinutes(1));
}
