package dev.drp.transfer.sync;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.runtime.RunningCommand;
import dev.drp.transfer.Sshd;
import dev.drp.transfer.ssh.SshConnections;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import net.schmizz.sshj.connection.channel.direct.Session;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RemoteCommandTest {
  private static final int MUCH = 64 << 20;
  private static final int AHEAD = 1 << 19;
  private static final int PIECE = 1 << 12;

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

  /** OpenSSH would take 2 MiB, and copies what it keeps whenever that grows. */
  @Test
  void littleIsSentAheadOfWhatTheCommandTakes() throws Exception {
    Path go = folder.resolve("go");
    try (Sshd sshd =
            Sshd.withPrograms(Files.createDirectory(folder.resolve("sshd")), "/usr/bin:/bin");
        SshConnections connections = sshd.connections();
        Session session = connections.get().client().startSession();
        Session.Command command =
            session.exec("until [ -e '%s' ]; do sleep 0.05; done; wc -c".formatted(go))) {
      OutputStream input = new CommandInput(session, command.getOutputStream(), Duration.ZERO);
      AtomicInteger sent = new AtomicInteger();
      CompletableFuture<Void> sending = CompletableFuture.runAsync(() -> send(input, sent));
      awaitThatNothingMoves(sent);

      // besides, what the pipe to the command holds
      assertThat(sent).hasValueBetween(AHEAD - PIECE, 2 * AHEAD);

      Files.createFile(go);
      assertThat(new String(command.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
          .isEqualTo(MUCH + "\n");
      sending.get();
    }
  }

  private static void send(OutputStream input, AtomicInteger sent) {
    try (input) {
      while (sent.get() < MUCH) {
        input.write(new byte[PIECE]);
        sent.addAndGet(PIECE);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void awaitThatNothingMoves(AtomicInteger sent) throws Exception {
    int before = 0;
    while (sent.get() == 0 || sent.get() > before) {
      before = sent.get();
      Thread.sleep(500);
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
