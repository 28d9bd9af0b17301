package dev.drp.probe;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;

/** Asks name servers for the addresses of names. Safe for concurrent use. */
public interface NameResolver {
  /** Stands for the name servers that this machine asks for everybody. */
  String SYSTEM = "system";

  /**
   * Asks once. Never throws but INTERRUPTED.
   *
   * @param name a host's name
   * @param server {@link #SYSTEM}, or an address of a name server, with {@code :port} where it is
   *     not 53
   * @param limit how long to wait
   */
  Resolution resolve(String name, String server, Duration limit);

  /**
   * What it said.
   *
   * @param addresses numeric, sorted; none where it knows none
   * @param problem why there are none, for people; empty text when there are
   */
  record Resolution(String name, String server, List<String> addresses, String problem) {
    public Resolution {
      requireNonNull(name, "name");
      requireNonNull(server, "server");
      addresses = List.copyOf(addresses);
      requireNonNull(problem, "problem");
    }
  }
}
