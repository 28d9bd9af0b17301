package dev.drp.backup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.tar.ExtractedFiles;
import dev.drp.backup.tar.TarFollower;
import dev.drp.database.ServerFiles.Repaired;
import dev.drp.plan.BackupKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FolderRepairTest {
  private static final String LARGE = "base/5/16384";
  private static final String SMALL = "base/5/1007";

  /** More than one slice, and an end that is no whole chunk. */
  private static final int LARGE_BYTES = (33 * (256 << 10)) + 8192;

  @TempDir private Path temporary = Path.of("");
  private BackupFixture fixture = new BackupFixture(Path.of(""));
  private final FakeServerFiles files = FakeServerFiles.some(LARGE_BYTES);
  private Path folder = Path.of("");
  private Map<String, String> expected = Map.of();

  @BeforeEach
  void aBackupAndItsFilesInAFolder() throws IOException {
    fixture = new BackupFixture(temporary.resolve("state"));
    fixture.server.setBaseBackup(files.tar());
    fixture
        .takeBackup()
        .take(
            new BackupRequest(
                BackupFixture.APPLICATION,
                fixture.environment,
                BackupKind.PHYSICAL,
                Optional.empty(),
                List.of(fixture.localStorage),
                false));
    folder = Files.createDirectory(temporary.resolve("data"));
    try (ExtractedFiles extracted = new ExtractedFiles(folder);
        TarFollower tar = new TarFollower(List.of(extracted))) {
      tar.write(files.tar());
    }
    expected = contents();
  }

  private Map<String, String> contents() throws IOException {
    Map<String, String> contents = new HashMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path each : all.filter(it -> !it.equals(folder)).toList()) {
        contents.put(
            folder.relativize(each).toString(),
            Files.isDirectory(each) ? "a folder" : Sha256.of(Files.readAllBytes(each)));
      }
    }
    return contents;
  }

  private Repaired repair(boolean atHand) throws IOException {
    CatalogEntry backup = fixture.listing().newestGood().orElseThrow();
    BackupCopy copy = backup.copiesToRead().get(0);
    NamedStorage storage = new NamedStorage("local", false, atHand, fixture.local);
    return new BaseReader(fixture.reader)
        .repair(
            backup.manifest(),
            new BackupCopy(storage, copy.folder(), copy.events(), copy.defects()),
            folder,
            name -> name,
            bytes -> {});
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

  @Test
  void aChunkThatIsDamagedIsNotWritten() throws IOException {
    change(LARGE, 0);
    String before = contents().get(LARGE);
    ObjectName pack =
        fixture.listing().newestGood().orElseThrow().copies().get(0).packs().object(packName());
    fixture.local.flipBit(pack, 2_000_000);

    assertThatThrownBy(() -> repair(true))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BACKUP_CORRUPT));
    assertThat(contents().keySet()).isEqualTo(expected.keySet());
    assertThat(before).isNotEmpty();
  }

  private String packName() {
    return fixture
        .listing()
        .newestGood()
        .orElseThrow()
        .manifest()
        .requireBase()
        .packs()
        .get(0)
        .name();
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
