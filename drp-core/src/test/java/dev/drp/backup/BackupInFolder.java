package dev.drp.backup;

import dev.drp.backup.tar.ExtractedFiles;
import dev.drp.backup.tar.TarFollower;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A physical backup, and its files in a folder as the tar has them. */
abstract class BackupInFolder {
  static final String LARGE = "base/5/16384";
  static final String SMALL = "base/5/1007";

  /** More than one slice, and an end that is no whole chunk. */
  static final int LARGE_BYTES = (33 * (256 << 10)) + 8192;

  @TempDir Path temporary = Path.of("");
  BackupFixture fixture = new BackupFixture(Path.of(""));
  final FakeServerFiles files = FakeServerFiles.some(LARGE_BYTES);
  Path folder = Path.of("");
  Map<String, String> expected = Map.of();

  @BeforeEach
  final void aBackupAndItsFilesInAFolder() throws IOException {
    fixture = new BackupFixture(temporary.resolve("state"));
    fixture.server.setBaseBackup(files.tar());
    fixture.takeBackup().take(fixture.physical(fixture.localStorage));
    folder = Files.createDirectory(temporary.resolve("data"));
    try (ExtractedFiles extracted = new ExtractedFiles(folder);
        TarFollower tar = new TarFollower(List.of(extracted))) {
      tar.write(files.tar());
    }
    expected = contents();
  }

  final Map<String, String> contents() throws IOException {
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

  /** Of the backup, in a storage that is at hand or is not. */
  final BackupCopy copy(boolean atHand) {
    BackupCopy copy = backup().copiesToRead().get(0);
    NamedStorage storage = new NamedStorage("local", false, atHand, fixture.local);
    return new BackupCopy(storage, copy.folder(), copy.events(), copy.defects());
  }

  final CatalogEntry backup() {
    return fixture.listing().newestGood().orElseThrow();
  }

  /** The object that holds the backup's content. */
  final ObjectName pack() {
    String name = backup().manifest().requireBase().packs().get(0).name();
    return backup().copies().get(0).packs().object(name);
  }
}
