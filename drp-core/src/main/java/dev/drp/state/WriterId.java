package dev.drp.state;

import static java.util.Objects.requireNonNull;

/**
 * Who writes from a state directory.
 *
 * @param id drawn once for the directory
 * @param host name of this machine
 */
public record WriterId(String id, String host) {
  public WriterId {
    requireNonNull(id, "id");
    requireNonNull(host, "host");
  }
}
