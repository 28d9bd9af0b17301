package dev.drp.runtime;

/**
 * Opens byte streams to TCP ports of one place that need not publish them: a container, a host
 * behind SSH. Safe for concurrent use.
 */
public interface Tunnel {
  /**
   * Opens a connection to a port on the place's own loopback address. ENGINE_UNAVAILABLE or
   * COMMAND_FAILED when the place cannot be reached; a port where nobody listens gives a stream
   * that ends at once.
   */
  ByteStream connect(int port);
}
