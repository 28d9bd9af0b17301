package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.Optional;

/** A folder that is kept identical on another machine. */
public record SyncedFolder(
    @NameOfEntry String name,
    @Key(value = "of which environment", refersTo = "environments") String environment,
    @Key("folder of this machine") Path folder,
    @Key("account on the other machine; it needs a shell") SshAddress with,
    @Key("folder on the other machine") String path,
    @Key(
            value =
                "which one becomes identical: push, the other machine's; pull, that of this"
                    + " machine",
            defaultsTo = "push")
        Direction direction,
    @Key(
            value =
                "how much of the target a run may delete without a confirmation; ten entries it"
                    + " always may, and everything never",
            defaultsTo = "25%")
        Percentage deleteAtMost,
    @Key("file with the host keys that SSH accepts; ~/.ssh/known_hosts if left out")
        Optional<Path> knownHosts,
    @Key("file with the private key, without a passphrase; the usual ones if left out")
        Optional<Path> key,
    @Key("how much to transfer at most; no limit if left out") Optional<DataRate> bandwidth) {
  /** From where to where. */
  public enum Direction {
    PUSH,
    PULL
  }

  public SyncedFolder {
    requireNonNull(folder, "folder");
    requireNonNull(with, "with");
    requireNonNull(direction, "direction");
    requireNonNull(deleteAtMost, "deleteAtMost");
    requireNonNull(knownHosts, "knownHosts");
    requireNonNull(key, "key");
    requireNonNull(bandwidth, "bandwidth");
    Rules.of("synced folder " + name)
        .name(name)
        .check(
            folder.getNameCount() > 0,
            "folder",
            Text.quote(folder.toString()),
            "a folder below the root")
        .check(
            path.matches("(?s)/+[^/].*") && !path.matches("(?s).*/\\.{1,2}(/.*)?"),
            "path",
            Text.quote(path),
            "an absolute path on that machine, below the root and without '..'")
        .enforce();
  }
}
