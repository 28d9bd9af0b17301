package dev.drp.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.transfer.ssh.SshConnections;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys of each usual kind, on both sides, read by the JDK alone. */
class SshKeysTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"ed25519", "ecdsa", "rsa"})
  void logsInWithoutAnotherSecurityProvider(String type) throws Exception {
    try (Sshd sshd = Sshd.withKeys(folder, type);
        SshConnections connections = sshd.connections()) {
      assertThat(connections.get().isOpen()).isTrue();
    }
    assertThat(Files.readString(folder.resolve("known_hosts"))).contains(type);
    // Reading its signed classes takes as long as everything else that a short command does.
    assertThat(Security.getProvider("BC")).isNull();
  }
}
