package dev.drp.postgres;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A server on this machine, as far as its files and programs are concerned.
 *
 * @param directory its data directory, which need not be there
 * @param account the one that its programs run as; empty for our own
 * @param tools a folder of programs that the plan names
 * @param stop stops it; empty for files that no server is meant to serve
 * @param start starts it, and comes back
 */
record HostServer(
    Path directory,
    Optional<String> account,
    Optional<Path> tools,
    List<String> stop,
    List<String> start) {
  /** Whether a server is at work on the files, whoever started it. */
  boolean runs() {
    return !LocalServer.serversOn(directory).isEmpty();
  }
}
