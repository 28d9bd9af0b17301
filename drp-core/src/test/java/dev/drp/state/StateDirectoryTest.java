package dev.drp.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateDirectoryTest {
  @TempDir Path folder;

  @Test
  void isWhereTheUserKeepsState() {
    assertThat(StateDirectory.defaultPath(Map.of(), true)).isEqualTo(Path.of("/var/lib/drp"));
    assertThat(
            StateDirectory.defaultPath(
                Map.of("XDG_STATE_HOME", "/home/ada/state", "HOME", "/home/ada"), false))
        .isEqualTo(Path.of("/home/ada/state/drp"));
    assertThat(StateDirectory.defaultPath(Map.of("HOME", "/home/ada"), false))
        .isEqualTo(Path.of("/home/ada/.local/state/drp"));
    assertThat(
            StateDirectory.defaultPath(
                Map.of("XDG_STATE_HOME", "relative", "HOME", "/home/ada"), false))
        .isEqualTo(Path.of("/home/ada/.local/state/drp"));
  }

  @Test
  void isForItsOwnerOnly() throws IOException {
    Path root = folder.resolve("a/state");
    StateDirectory state = StateDirectory.open(root, Clock.systemUTC());
    state.writer();
    state.executions();
    try (StateLock held = state.environment("Ask&Trust", "../../production").lockBackups("a test");
        Stream<Path> all = Files.walk(root)) {
      for (Path path : all.toList()) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
            .as(path.toString())
            .isEqualTo(Files.isDirectory(path) ? "rwx------" : "rw-------");
      }
    }
    assertThat(folder).isDirectoryNotContaining(path -> !path.endsWith("a"));
  }

  @Test
  void drawsItsWriterOnce() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(8);
    Set<String> ids = new HashSet<>();
    try {
      List<Callable<String>> calls =
          IntStream.range(0, 8)
              .<Callable<String>>mapToObj(
                  i -> () -> StateDirectory.open(folder, Clock.systemUTC()).writer().id())
              .toList();
      for (Future<String> id : pool.invokeAll(calls)) {
        ids.add(id.get());
      }
    } finally {
      pool.shutdownNow();
    }

    assertThat(ids).hasSize(1);
    assertThat(StateDirectory.open(folder.resolve("other"), Clock.systemUTC()).writer().id())
        .isNotIn(ids);
  }

  @Test
  void saysThatItCannotBeUsed() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));

    assertThatThrownBy(() -> StateDirectory.open(file.resolve("state"), Clock.systemUTC()))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOCAL_FILE))
        .hasMessageContaining(file.toString())
        .hasMessageContaining("HINT:");
  }

  @Test
  void writesAndDeletesAFileAlsoForAThreadThatIsInterrupted() throws IOException {
    Path file = folder.resolve("file");

    Thread.currentThread().interrupt();
    DurableFile.write(file, new byte[] {1});

    assertThat(Thread.interrupted()).isTrue();
    assertThat(Files.readAllBytes(file)).containsExactly(1);
    Thread.currentThread().interrupt();
    DurableFile.delete(file);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(file).doesNotExist();
  }

  @Test
  void keepsRowsWhateverTheyHold() {
    List<List<String>> rows =
        List.of(List.of("", "tab\tline\nreturn\rback\\slash\\n", "é"), List.of("2"), List.of(""));
    Path file = folder.resolve("rows");

    TabSeparated.write(file, rows);

    assertThat(TabSeparated.read(file)).isEqualTo(rows);
    assertThat(TabSeparated.read(folder.resolve("absent"))).isEmpty();
  }
}
