package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.DataDirectory.Configured;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationTarTest {
  @TempDir private Path folder = Path.of("");
  private byte[] tar = {};

  @BeforeEach
  void threeFilesAsTheyAreBackedUp() throws IOException {
    Path etc = Files.createDirectories(folder.resolve("etc/main"));
    for (String name : List.of("kept.conf", "lost.conf", "changed.conf")) {
      Files.writeString(etc.resolve(name), name);
    }
    Files.setPosixFilePermissions(
        etc.resolve("lost.conf"), PosixFilePermissions.fromString("rw-r-----"));
    tar = pack(inTar("kept.conf"), inTar("lost.conf"), inTar("changed.conf"));
  }

  private Path file(String name) {
    return folder.resolve("etc/main").resolve(name);
  }

  private String inTar(String name) {
    return file(name).toString().substring(1);
  }

  private static byte[] pack(String... names) throws IOException {
    List<String> command =
        Stream.concat(Stream.of("tar", "-c", "-h", "-f", "-", "-C", "/", "--"), Stream.of(names))
            .toList();
    Process packer =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (InputStream output = packer.getInputStream()) {
      return output.readAllBytes();
    }
  }

  private Configured put(String name) {
    return ConfigurationTar.read(new ByteArrayInputStream(tar)).stream()
        .filter(it -> it.path().equals(file(name)))
        .findFirst()
        .orElseThrow()
        .putWhereMissing(Optional.empty());
  }

  @Test
  void putsBackWhatIsMissingAndNothingElse() throws IOException {
    Files.delete(file("lost.conf"));
    Files.writeString(file("changed.conf"), "by hand");

    assertThat(put("kept.conf")).isEqualTo(Configured.SAME);
    assertThat(put("lost.conf")).isEqualTo(Configured.RESTORED);
    assertThat(put("changed.conf")).isEqualTo(Configured.DIFFERENT);

    assertThat(file("lost.conf")).content().isEqualTo("lost.conf");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file("lost.conf"))))
        .isEqualTo("rw-r-----");
    assertThat(file("changed.conf")).content().isEqualTo("by hand");
    assertThat(put("lost.conf")).as("a second time").isEqualTo(Configured.SAME);
    try (Stream<Path> files = Files.list(folder.resolve("etc/main"))) {
      assertThat(files).hasSize(3);
    }
  }

  @Test
  void makesTheFoldersThatWereLostWithTheFiles() throws IOException {
    for (String name : List.of("kept.conf", "lost.conf", "changed.conf")) {
      Files.delete(file(name));
    }
    Files.delete(folder.resolve("etc/main"));
    Files.delete(folder.resolve("etc"));

    assertThat(put("kept.conf")).isEqualTo(Configured.RESTORED);
    assertThat(file("kept.conf")).content().isEqualTo("kept.conf");
  }

  @Test
  void aCutTarIsDamage() {
    assertThatThrownBy(() -> ConfigurationTar.read(new ByteArrayInputStream(tar, 0, 700)).size())
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BACKUP_CORRUPT));
  }
}
