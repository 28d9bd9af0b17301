package dev.drp.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupFixture;
import dev.drp.backup.BackupPart;
import dev.drp.backup.BackupReader;
import dev.drp.backup.BackupState;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogListing;
import dev.drp.backup.CatalogProblem;
import dev.drp.backup.NamedStorage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The process that takes a backup is killed, for real, at each step of publishing. */
class KilledBackupTest {
  private static final int KILLED = 128 + 9;
  private static final BackupReader READER = new BackupReader(List.of(new ZstdCompression()));

  @TempDir Path folder;

  static IntStream steps() throws IOException {
    Path dryRun = Files.createTempDirectory("drp-steps");
    try {
      AtomicInteger last = new AtomicInteger();
      KilledBackup.take(dryRun, last::set);
      return IntStream.rangeClosed(1, last.get());
    } finally {
      deleteAll(dryRun);
    }
  }

  @ParameterizedTest
  @MethodSource("steps")
  void leavesNothingHalfDoneThatIsListedOrStays(int step) throws Exception {
    killAt(step);

    for (CatalogEntry listed : listing().backups()) {
      readToTheEnd(listed); // published, so all of it is there
    }

    BackupFixture next = new BackupFixture(folder.resolve("state"));
    KilledBackup.takeBackup(next).take(next.request(storage()));

    CatalogListing after = listing();
    assertThat(after.backups()).hasSizeBetween(1, 2);
    assertThat(after.newestGood()).isPresent();
    for (CatalogEntry backup : after.backups()) {
      readToTheEnd(backup);
      assertThat(backup.state()).isIn(BackupState.COMPLETE, BackupState.VERIFIED);
    }
    assertThat(after.problems()).extracting(CatalogProblem::what).isEmpty();
    try (Stream<Path> files = Files.walk(folder.resolve("backup"))) {
      assertThat(files.map(file -> String.valueOf(file.getFileName())))
          .noneMatch(name -> name.endsWith(".tmp") || name.equals("started.json"));
    }
  }

  private void killAt(int step) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                KilledBackup.class.getName(),
                folder.toString(),
                String.valueOf(step))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      assertThat(process.getInputStream().read()).as("it came to step %d", step).isEqualTo('s');
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.waitFor()).isEqualTo(KILLED);
  }

  private CatalogListing listing() {
    return new BackupCatalog(BackupFixture.APPLICATION, List.of(storage()))
        .list(BackupFixture.ENVIRONMENT);
  }

  private NamedStorage storage() {
    return new NamedStorage("local", false, true, new DirectoryStorage(folder.resolve("backup")));
  }

  private static void readToTheEnd(CatalogEntry backup) throws IOException {
    for (BackupPart part : backup.manifest().parts()) {
      try (InputStream content = READER.open(backup, part)) {
        assertThat(content.readAllBytes()).hasSize((int) part.plainBytes());
      }
    }
  }

  private static void deleteAll(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
