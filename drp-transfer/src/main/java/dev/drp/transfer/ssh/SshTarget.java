package dev.drp.transfer.ssh;

import static java.util.Objects.requireNonNull;

import dev.drp.plan.SshAddress;
import dev.drp.plan.SshFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * An account on another machine, and how it and we are recognised.
 *
 * @param host a name or an address, IPv6 without brackets
 * @param knownHosts the host keys that count, as OpenSSH keeps them
 * @param keys files with private keys, in the order in which they are offered
 * @param limits how long to wait for it
 */
public record SshTarget(
    String host, int port, String user, Path knownHosts, List<Path> keys, Limits limits) {
  public SshTarget {
    requireNonNull(host, "host");
    requireNonNull(user, "user");
    requireNonNull(knownHosts, "knownHosts");
    keys = List.copyOf(keys);
    requireNonNull(limits, "limits");
  }

  /**
   * How long to wait for the other machine.
   *
   * @param connect until a connection can be used
   * @param answer until it answers a request; also how long one of our writes may be stuck
   */
  public record Limits(Duration connect, Duration answer) {
    /** For machines anywhere. */
    public static final Limits USUAL = new Limits(Duration.ofSeconds(15), Duration.ofSeconds(30));

    public Limits {
      requireNonNull(connect, "connect");
      requireNonNull(answer, "answer");
    }
  }

  /**
   * What the plan says, and else what ssh would take: the account of that name, {@code
   * ~/.ssh/known_hosts} and the usual key files that exist.
   *
   * @param home of whoever runs drp
   */
  public static SshTarget of(
      SshAddress address,
      Optional<Path> knownHosts,
      Optional<Path> key,
      Path home,
      String user,
      Limits limits) {
    return new SshTarget(
        address.host().replaceAll("[\\[\\]]", ""),
        address.port(),
        address.user().orElse(user),
        knownHosts.orElseGet(() -> SshFiles.knownHosts(home)),
        key.map(List::of).orElseGet(() -> SshFiles.keys(home)),
        limits);
  }

  @Override
  public String toString() {
    String bracketed = host.contains(":") ? "[" + host + "]" : host;
    return user + "@" + bracketed + (port == 22 ? "" : ":" + port);
  }
}
