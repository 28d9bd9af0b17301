package dev.drp.plan;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The files that ssh uses where a plan names none. */
public final class SshFiles {
  private static final List<String> KEYS = List.of("id_ed25519", "id_ecdsa", "id_rsa");

  private SshFiles() {}

  /** The host keys that an account accepts. */
  public static Path knownHosts(Path home) {
    return folder(home).resolve("known_hosts");
  }

  /** The private keys that an account has, the one that ssh takes first before the others. */
  public static List<Path> keys(Path home) {
    Stream<Path> usual = KEYS.stream().map(folder(home)::resolve);
    return usual.filter(Files::exists).toList();
  }

  private static Path folder(Path home) {
    return home.resolve(".ssh");
  }
}
