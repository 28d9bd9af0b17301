package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PidFileTest {
  private static final long THIS = ProcessHandle.current().pid();
  private static final long STARTED = 1_796_000_000;

  @TempDir Path data;

  @Test
  void readsWhatTheServerWrites() throws IOException {
    write(
        """
        4711
        /srv/data
        1796000000
        5432
        /run/postgresql
        localhost
          5432001       131072
        ready  \s
        """);

    assertThat(PidFile.in(data))
        .contains(new PidFile(4711, STARTED, "5432001       131072", "ready"));
  }

  @Test
  void isAbsentWithoutAFileAndWhileItIsWritten() throws IOException {
    assertThat(PidFile.in(data)).isEmpty();

    write("4711\n/srv/data\n");

    assertThat(PidFile.in(data)).isEmpty();
  }

  @Test
  void aServerIsStartedOnceItIsReadyOrHasReachedAConsistentState() {
    assertThat(server("starting").isStarted(STARTED, Optional.empty())).isFalse();
    assertThat(server("stopping").isStarted(STARTED, Optional.empty())).isFalse();
    assertThat(server("ready").isStarted(STARTED, Optional.empty())).isTrue();
    assertThat(server("standby").isStarted(STARTED, Optional.empty())).isTrue();
  }

  @Test
  void theServerThatIsToBeRestartedIsNotTheNewOne() {
    assertThat(server("ready").isStarted(STARTED, Optional.of(server("ready")))).isFalse();
  }

  @Test
  void whatAServerLeftBehindIsNotAServer() {
    assertThat(server("ready").isStarted(STARTED + 3, Optional.empty())).isFalse();
    long ended = Long.MAX_VALUE;
    assertThat(new PidFile(ended, STARTED, "", "ready").isStarted(STARTED, Optional.empty()))
        .isFalse();
  }

  private static PidFile server(String status) {
    return new PidFile(THIS, STARTED, "", status);
  }

  private void write(String text) throws IOException {
    Files.writeString(data.resolve(PidFile.NAME), text);
  }
}
