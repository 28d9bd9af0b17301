package dev.drp.backup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.ServerFiles.Repaired;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FolderRepairTest extends BackupInFolder {
  private Repaired repair(boolean atHand) throws IOException {
    return new BaseReader(fixture.reader)
        .repair(backup().manifest(), copy(atHand), folder, name -> name, bytes -> {});
  }

  private void change(String name, int position) throws IOException {
    Path file = folder.resolve(name);
    FileTime time = Files.getLastModifiedTime(file);
    byte[] content = Files.readAllBytes(file);
    content[position] ^= 4;
    Files.write(file, content);
    Files.setLastModifiedTime(file, time);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void writesNothingWhereNothingDiffers(boolean atHand) throws IOException {
    Files.setLastModifiedTime(folder.resolve(LARGE), FileTime.fromMillis(0));

    assertThat(repair(atHand)).isEqualTo(new Repaired(0, 0, 0));

    assertThat(Files.getLastModifiedTime(folder.resolve(LARGE))).isEqualTo(FileTime.fromMillis(0));
    assertThat(contents()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void rewritesTheBlocksOfWhichABitIsAnotherWhateverTheTimeStampsSay(boolean atHand)
      throws IOException {
    change(LARGE, 0);
    change(LARGE, LARGE_BYTES - 1);
    change(SMALL, 100);

    assertThat(repair(atHand)).isEqualTo(new Repaired((256 << 10) + 8192 + 8192, 2, 0));

    assertThat(contents()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void makesWhatIsMissingCutsWhatIsTooLongAndRemovesWhatDoesNotBelong(boolean atHand)
      throws IOException {
    Files.delete(folder.resolve(SMALL));
    Files.delete(folder.resolve("pg_wal/000000010000000000000002"));
    Files.delete(folder.resolve("pg_wal"));
    Files.write(folder.resolve(LARGE), new byte[LARGE_BYTES + 1]);
    Files.writeString(folder.resolve("base/5/empty"), "no more");
    Files.write(folder.resolve("base/5/1008"), new byte[10]);
    Files.delete(folder.resolve("base/5/1009"));
    Files.createDirectories(folder.resolve("base/5/1009/inside"));
    Files.createDirectories(folder.resolve("base/6/deep"));
    Files.writeString(folder.resolve("base/6/deep/1"), "another database");
    Files.writeString(folder.resolve("postmaster.pid"), "1");

    Repaired repaired = repair(atHand);

    assertThat(contents()).isEqualTo(expected);
    assertThat(repaired.removedFiles()).isEqualTo(6);
    assertThat(repair(atHand)).isEqualTo(new Repaired(0, 0, 0));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aFileMakesWayForAFolderThatHoldsLargeFiles(boolean atHand) throws IOException {
    try (Stream<Path> all = Files.walk(folder.resolve("base/5"))) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
    Files.writeString(folder.resolve("base/5"), "no folder");

    assertThat(repair(atHand).removedFiles()).isEqualTo(1);

    assertThat(contents()).isEqualTo(expected);
  }

  @Test
  void aChunkThatIsDamagedIsNotWritten() throws IOException {
    change(LARGE, 0);
    String before = contents().get(LARGE);
    fixture.local.flipBit(pack(), 2_000_000);

    assertThatThrownBy(() -> repair(true))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BACKUP_CORRUPT));
    assertThat(contents().keySet()).isEqualTo(expected.keySet());
    assertThat(before).isNotEmpty();
  }

  @Test
  void refusesLinksBeforeItChangesAnything() throws IOException {
    Path outside = Files.writeString(temporary.resolve("outside"), "precious", UTF_8);
    Files.delete(folder.resolve(SMALL));
    Files.createSymbolicLink(folder.resolve(SMALL), outside);
    change(LARGE, 0);
    Map<String, String> before = contents();

    assertThatThrownBy(() -> repair(true))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED))
        .hasMessageContaining(SMALL + " is a link");
    assertThat(contents()).isEqualTo(before);
    assertThat(outside).hasContent("precious");
  }
}
