package dev.drp.backup.tar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExtractedFilesTest {
  @TempDir private Path folder = Path.of("");

  private void extract(String... names) throws IOException {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    TarWriter writer = new TarWriter(tar);
    for (String name : names) {
      byte[] content = ("content of " + name).getBytes(UTF_8);
      writer.file(name, content.length, new ByteArrayInputStream(content));
    }
    writer.finish();
    try (ExtractedFiles files = new ExtractedFiles(folder);
        TarFollower follower = new TarFollower(List.of(files))) {
      tar.writeTo(follower);
    }
  }

  private static void assertOwnersOnly(Path path, String permissions) throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo(permissions);
  }

  @Test
  void writesFilesAndTheirFoldersForTheFoldersOwnerAlone() throws IOException {
    if (System.getProperty("user.name").equals("root")) {
      Files.setOwner(
          folder,
          folder.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("postgres"));
    }

    extract("PG_VERSION", "base/5/16384");

    assertThat(folder.resolve("base/5/16384")).content().isEqualTo("content of base/5/16384");
    assertOwnersOnly(folder.resolve("PG_VERSION"), "rw-------");
    assertOwnersOnly(folder.resolve("base/5"), "rwx------");
    for (String path : List.of("PG_VERSION", "base", "base/5", "base/5/16384")) {
      assertThat(Files.getOwner(folder.resolve(path))).isEqualTo(Files.getOwner(folder));
    }
  }

  @Test
  void neverWritesOverWhatIsThereOrOutsideOfItsFolder() throws IOException {
    Files.createSymbolicLink(folder.resolve("link"), Path.of("/etc/hostname"));
    assertThatThrownBy(() -> extract("link"))
        .isInstanceOf(UncheckedIOException.class)
        .hasCauseInstanceOf(FileAlreadyExistsException.class);
    assertThatThrownBy(() -> extract("../outside"))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BACKUP_CORRUPT));
    assertThat(folder.resolveSibling("outside")).doesNotExist();
  }
}
