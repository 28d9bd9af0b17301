package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.Optional;

/** A place where environments run. */
public record Site(
    @NameOfEntry String name,
    @Key("where it is") HostAddress host,
    @Key("file with the host keys that SSH accepts") @NotActedOnYet Optional<Path> knownHosts,
    @Key(value = "what the site is for", defaultsTo = "primary") Role role,
    @Key("public name or address that DNS points to while this site serves") @NotActedOnYet
        Optional<String> address,
    @Key("provider and place") @NotActedOnYet Optional<String> location,
    @Key("processors, memory, disks") @NotActedOnYet Optional<String> specification) {
  /** What a site is for: the one that serves, or how ready the other one is. */
  public enum Role {
    PRIMARY,
    @NotActedOnYet
    HOT,
    @NotActedOnYet
    WARM,
    @NotActedOnYet
    COLD
  }

  public Site {
    requireNonNull(host, "host");
    requireNonNull(knownHosts, "knownHosts");
    requireNonNull(role, "role");
    Rules.of("site " + name)
        .name(name)
        .check(
            knownHosts.isEmpty() || host instanceof RemoteHost,
            "known-hosts",
            "host keys for a local site",
            "known-hosts only where host is ssh://…")
        .enforce();
  }

  /** A site on the machine that runs the plan. */
  public static Site local(String name) {
    return new Site(
        name,
        LocalHost.LOCAL,
        Optional.empty(),
        Role.PRIMARY,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }
}
