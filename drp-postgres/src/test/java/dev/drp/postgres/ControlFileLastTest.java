package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.LocalCommandRunner;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlFileLastTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void joinsTarsAndRenamesTheControlFileOnly() throws IOException {
    byte[] base = tar("PG_VERSION", "global/pg_control", "global/pg_control2", "base/pg_control");
    byte[] more = tar("drp_wal/000000010000000000000001");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ControlFileLast filter = new ControlFileLast(out)) {
      for (byte b : base) {
        filter.write(b); // whatever the pieces, it is the same
      }
      filter.write(more);
      filter.finish();
    }

    Path joined = Files.write(folder.resolve("joined.tar"), out.toByteArray());
    Path target = Files.createDirectory(folder.resolve("target"));

    assertThat(run("tar", "-tf", joined.toString()).lines())
        .containsExactly(
            "PG_VERSION",
            "global/pg_control.drp",
            "global/pg_control2",
            "base/pg_control",
            "drp_wal/000000010000000000000001");
    run("tar", "-xf", joined.toString(), "-C", target.toString());
    assertThat(target.resolve("global/pg_control.drp"))
        .hasContent("content of global/pg_control".repeat(99));
    assertThat(target.resolve("drp_wal/000000010000000000000001"))
        .hasContent("content of drp_wal/000000010000000000000001".repeat(99));
  }

  @Test
  void refusesWhatIsNoWholeDataDirectory() throws IOException {
    byte[] whole = tar("PG_VERSION", "global/pg_control");
    assertRefused(tar("PG_VERSION"), "there is no global/pg_control");
    assertRefused(Arrays.copyOf(whole, 700), "in the middle of PG_VERSION");
    assertRefused("no tar at all ".repeat(100).getBytes(StandardCharsets.US_ASCII), "no tar");
  }

  private static void assertRefused(byte[] content, String words) {
    assertThatThrownBy(
            () -> {
              try (ControlFileLast filter = new ControlFileLast(new ByteArrayOutputStream())) {
                filter.write(content);
                filter.finish();
              }
            })
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BACKUP_CORRUPT))
        .hasMessageContaining(words);
  }

  private byte[] tar(String... names) throws IOException {
    Path source = Files.createTempDirectory(folder, "source");
    for (String name : names) {
      Path file = source.resolve(name);
      Files.createDirectories(file.getParent());
      Files.writeString(file, ("content of " + name).repeat(99));
    }
    Path tar = folder.resolve("some.tar");
    run("tar", List.of("-cf", tar.toString(), "-C", source.toString()), names);
    return Files.readAllBytes(tar);
  }

  private static void run(String program, List<String> arguments, String... more) {
    run(
        Stream.of(List.of(program), arguments, List.of(more))
            .flatMap(List::stream)
            .toArray(String[]::new));
  }

  private static String run(String... command) {
    return new LocalCommandRunner().run(Command.of(command));
  }
}
