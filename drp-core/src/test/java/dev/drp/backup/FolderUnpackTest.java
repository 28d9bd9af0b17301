package dev.drp.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FolderUnpackTest extends BackupInFolder {
  private final AtomicLong told = new AtomicLong();
  private Path empty = Path.of("");

  @BeforeEach
  void anEmptyFolder() throws IOException {
    empty = Files.createDirectory(temporary.resolve("empty"));
  }

  private boolean unpack(boolean atHand) throws IOException {
    return new BaseReader(fixture.reader)
        .unpack(
            backup().manifest(),
            copy(atHand),
            empty,
            name -> name.equals(SMALL) ? SMALL + ".other" : name,
            told::addAndGet);
  }

  @Test
  void writesWhatATarWouldHaveHeldUnderTheNamesThatAreWanted() throws IOException {
    assertThat(unpack(true)).isTrue();

    Map<String, String> renamed =
        expected.entrySet().stream()
            .collect(
                Collectors.toMap(
                    file -> file.getKey().equals(SMALL) ? SMALL + ".other" : file.getKey(),
                    Map.Entry::getValue));
    folder = empty;
    assertThat(contents()).isEqualTo(renamed);
    assertThat(told.get()).isEqualTo(backup().manifest().requireBase().tarBytes());
  }

  @Test
  void doesNothingWhereTheStorageIsNotAtHand() throws IOException {
    assertThat(unpack(false)).isFalse();

    assertThat(empty).isEmptyDirectory();
  }

  @Test
  void aChunkThatIsDamagedIsFound() {
    fixture.local.flipBit(pack(), 2_000_000);

    assertThatThrownBy(() -> unpack(true))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BACKUP_CORRUPT));
  }

  @Test
  void blocksThatAreWholeAndInEachOthersPlaceAreFoundByTheServersChecksum() {
    List<StoredChunk> blocks =
        new BaseReader(fixture.reader)
            .chunks(backup()).stream().filter(it -> it.plainBytes() == 256 << 10).toList();
    StoredChunk one = blocks.get(1);
    StoredChunk other =
        blocks.stream()
            .filter(it -> it.bytes() == one.bytes() && !it.equals(one))
            .findFirst()
            .orElseThrow();
    byte[] content = fixture.local.content(pack());
    byte[] changed = content.clone();
    System.arraycopy(content, (int) one.offset(), changed, (int) other.offset(), one.bytes());
    System.arraycopy(content, (int) other.offset(), changed, (int) one.offset(), one.bytes());
    fixture.local.plant(pack().value(), changed);

    assertThatThrownBy(() -> unpack(true))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BACKUP_CORRUPT))
        .hasMessageContaining("file %s has checksum".formatted(LARGE));
  }

  @Test
  void neverWritesOverAFileThatIsThere() throws IOException {
    Files.createDirectories(empty.resolve(LARGE).getParent());
    Files.writeString(empty.resolve(LARGE), "precious");

    assertThatThrownBy(() -> unpack(true)).isInstanceOf(FileAlreadyExistsException.class);
    assertThat(empty.resolve(LARGE)).hasContent("precious");
  }
}
