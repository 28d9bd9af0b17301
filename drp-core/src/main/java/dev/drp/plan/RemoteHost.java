package dev.drp.plan;

import static java.util.Objects.requireNonNull;

/** Another machine, on which an environment runs. */
@NotActedOnYet
public record RemoteHost(SshAddress ssh) implements HostAddress {
  public RemoteHost {
    requireNonNull(ssh, "ssh");
  }

  @Override
  public String toString() {
    return "ssh://" + ssh;
  }
}
