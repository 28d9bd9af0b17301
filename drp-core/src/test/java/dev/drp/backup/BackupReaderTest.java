package dev.drp.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BackupReaderTest {
  @TempDir Path folder;
  private BackupFixture fixture;
  private CatalogEntry backup;
  private BackupPart dump;

  @BeforeEach
  void takeBackup() {
    fixture = new BackupFixture(folder);
    fixture.take();
    backup = fixture.listing().newestGood().orElseThrow();
    dump =
        backup.manifest().parts().stream()
            .filter(part -> part.plainName().equals("database.dump"))
            .findFirst()
            .orElseThrow();
  }

  @Test
  void givesThePlainContentToItsEnd() throws IOException {
    try (InputStream plain = fixture.reader.open(backup, dump)) {
      assertThat(plain.readAllBytes()).hasSize(Math.toIntExact(dump.plainBytes()));
      assertThat(plain.read()).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 1})
  void findsPlainContentOfAnotherSizeThanTheManifestSays(int more) throws IOException {
    BackupPart other = withPlainBytes(dump.plainBytes() + more);

    try (InputStream plain = fixture.reader.open(backup, other)) {
      assertThatThrownBy(plain::readAllBytes)
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.BACKUP_CORRUPT))
          .hasMessageContaining(backup.id().value())
          .hasMessageContaining(
              "decompressed it has %d bytes, its manifest says %d"
                  .formatted(dump.plainBytes(), other.plainBytes()));
    }
  }

  /** What was made to fill a disk would go on for long. */
  @Test
  void readsNothingBeyondTheSizeThatTheManifestSays() throws IOException {
    BackupPart other = withPlainBytes(dump.plainBytes() - 1);

    try (InputStream plain = fixture.reader.open(backup, other)) {
      assertThat(plain.readNBytes((int) other.plainBytes())).hasSize((int) other.plainBytes());
      assertThatThrownBy(plain::read)
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.BACKUP_CORRUPT));
    }
  }

  private BackupPart withPlainBytes(long plainBytes) {
    return new BackupPart(
        dump.name(),
        dump.plainName(),
        dump.bytes(),
        dump.sha256(),
        plainBytes,
        dump.compression(),
        dump.encryption());
  }
}
