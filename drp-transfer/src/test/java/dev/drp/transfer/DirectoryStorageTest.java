package dev.drp.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupStorage;
import dev.drp.backup.BackupStorageContract;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryStorageTest extends BackupStorageContract {
  @TempDir Path folder;

  @Override
  protected BackupStorage newStorage() {
    return new DirectoryStorage(folder.resolve("backup"));
  }

  private BackupStorage storage() {
    return newStorage();
  }

  /** On a file system that has no links, as some network file systems. */
  @Nested
  class WithoutLinks extends BackupStorageContract {
    @TempDir Path folder;

    @Override
    protected BackupStorage newStorage() {
      return new DirectoryStorage(
          folder,
          new DurableFiles(folder) {
            @Override
            void link(Path temporary, Path target) throws IOException {
              throw new FileSystemException(target.toString(), null, "Operation not permitted");
            }
          });
    }
  }

  @Test
  void saysThatItWasInterruptedAndLeavesNothingHalfWritten() {
    assertThatThrownBy(
            () ->
                storage()
                    .put(
                        NAME,
                        output -> {
                          Thread.currentThread().interrupt();
                          output.write(new byte[1 << 20]);
                        }))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERRUPTED));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(storage().list(FOLDER)).isEmpty();
  }

  @Test
  void keepsFilesAndFoldersForTheirOwnerOnly() throws IOException {
    put("secret");

    Path file = folder.resolve("backup").resolve(NAME.value());
    assertThat(permissions(file)).isEqualTo("rw-------");
    for (Path above = file.getParent();
        above != null && !above.equals(folder);
        above = above.getParent()) {
      assertThat(permissions(above)).as(above.toString()).isEqualTo("rwx------");
    }
  }

  @Test
  void leavesNothingBehindButTheObject() throws IOException {
    put("content");
    put("content");
    assertThatThrownBy(() -> put("other")).isInstanceOf(RecoveryException.class);

    assertThat(filesBelow(folder)).containsExactly("backup/" + NAME);
  }

  @Test
  void leavesNoFolderBehindWhenItsLastObjectGoes() throws IOException {
    put("content");

    storage().delete(NAME);

    assertThat(folder.resolve("backup")).isEmptyDirectory();
  }

  @Test
  void leavesNothingBehindOfAContentThatFails() {
    assertFails(
        ErrorCode.COMMAND_FAILED,
        () ->
            storage()
                .put(
                    NAME,
                    output -> {
                      output.write(new byte[200_000]);
                      throw new RecoveryException(ErrorCode.COMMAND_FAILED, "died", "look.");
                    }));

    assertThat(folder.resolve("backup")).isEmptyDirectory();
  }

  @Test
  void doesNotCreateTheFolderThatItShouldBeCreatedIn() {
    BackupStorage unmounted = new DirectoryStorage(folder.resolve("mnt/nas/backup"));

    assertFails(
        ErrorCode.STORAGE_UNAVAILABLE, () -> unmounted.put(NAME, output -> output.write('x')));
    assertFails(ErrorCode.STORAGE_UNAVAILABLE, () -> unmounted.list(FOLDER));
    assertFails(ErrorCode.STORAGE_UNAVAILABLE, () -> unmounted.names(FOLDER));
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void followsNoLinkBelowItsFolder() throws IOException {
    Path outside = Files.createDirectory(folder.resolve("outside"));
    Files.writeString(outside.resolve("part"), "not a backup");
    Path set = folder.resolve("backup").resolve(FOLDER.value());
    Files.createDirectories(set);
    Files.createSymbolicLink(set.resolve("set"), outside);

    assertFails(ErrorCode.STORAGE_UNAVAILABLE, () -> put("leaves the storage"));
    assertFails(ErrorCode.STORAGE_UNAVAILABLE, () -> storage().open(NAME).close());
    assertFails(ErrorCode.STORAGE_UNAVAILABLE, () -> storage().delete(NAME));
    assertThat(storage().list(FOLDER)).isEmpty();
    assertThat(storage().names(FOLDER)).containsExactly("set");
    assertThat(outside.resolve("part")).hasContent("not a backup");
  }

  @Test
  void listsForeignFilesByNameOnly() throws IOException {
    Path foreign = folder.resolve("backup").resolve(FOLDER.value());
    Files.createDirectories(foreign);
    Files.writeString(foreign.resolve("dump of monday.sql"), "");
    Files.writeString(foreign.resolve(".hidden"), "");

    assertThat(storage().names(FOLDER)).containsExactly(".hidden", "dump of monday.sql");
    assertThat(storage().list(FOLDER)).isEmpty();
  }

  @Test
  void removesWhatADeadProcessLeft() throws Exception {
    Process ended = new ProcessBuilder("true").start();
    long pid = ended.pid();
    ended.waitFor();
    TemporaryName own = TemporaryName.next();
    Path dead =
        plant(
            new TemporaryName(own.host(), own.boot(), own.processIds(), pid, 1, own.random()), 70);
    Path recycledPid =
        plant(
            new TemporaryName(own.host(), own.boot(), own.processIds(), own.pid(), 1, own.random()),
            7);
    Path living = plant(own, 1000);

    assertThat(storage().removeAbandoned(FOLDER)).isEqualTo(77);

    assertThat(dead).doesNotExist();
    assertThat(recycledPid).doesNotExist();
    assertThat(living).exists();
  }

  @Test
  void removesWhatWasLeftBeforeThisMachineWasStartedAgain() throws IOException {
    TemporaryName own = TemporaryName.next();
    Path before =
        plant(
            new TemporaryName(
                own.host(), "0000-00", own.processIds(), own.pid(), own.started(), own.random()),
            5);

    storage().removeAbandoned(FOLDER);

    assertThat(before).doesNotExist();
  }

  @Test
  void leavesWhatAnotherMachineWritesUntilItHasBeenSilentForLong() throws IOException {
    Path elsewhere =
        plant(new TemporaryName("elsewhere", "0000-00", "4026531836", 1, 1, "0123456789ab"), 5);

    storage().removeAbandoned(FOLDER);
    assertThat(elsewhere).exists();

    Files.setLastModifiedTime(
        elsewhere,
        FileTime.from(Instant.now().minus(TemporaryName.LONGEST_SILENCE).minusSeconds(60)));
    storage().removeAbandoned(FOLDER);
    assertThat(elsewhere).doesNotExist();
  }

  private Path plant(TemporaryName name, int bytes) throws IOException {
    Path set = folder.resolve("backup").resolve(FOLDER.value()).resolve("set");
    Files.createDirectories(set);
    return Files.write(set.resolve(name.toString()), new byte[bytes]);
  }

  private void put(String content) {
    storage().put(NAME, output -> output.write(content.getBytes(UTF_8)));
  }

  private static void assertFails(ErrorCode code, ThrowingCallable action) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(RecoveryException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining("HINT:");
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private static List<String> filesBelow(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> folder.relativize(file).toString())
          .toList();
    }
  }
}
