package dev.drp.transfer.sync;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.runtime.RunningCommand;
import dev.drp.transfer.Sshd;
import dev.drp.transfer.ssh.SshConnections;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RemoteCommandTest {
  private static final int MUCH = 64 << 20;

  @TempDir Path folder;

  /** As a disk here does that is slower than the line. */
  @Test
  void aReaderMayTakeItsTime() throws Exception {
    try (Sshd sshd =
            Sshd.withPrograms(Files.createDirectory(folder.resolve("sshd")), "/usr/bin:/bin");
        SshConnections connections = sshd.connections();
        RunningCommand command =
            RemoteCommand.start(connections.get(), "head -c %d /dev/zero".formatted(MUCH))) {
      InputStream output = command.stdout();
      awaitAllThatIsSentAhead(output);

      assertThat(output.readAllBytes()).hasSize(MUCH);
      assertThat(command.await().exitCode()).isZero();
    }
  }

  private static void awaitAllThatIsSentAhead(InputStream output) throws Exception {
    int before = -1;
    while (output.available() == 0 || output.available() > before) {
      before = output.available();
      Thread.sleep(500);
    }
  }
}
