package dev.drp.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupFixture;
import dev.drp.backup.CatalogListing;
import dev.drp.backup.ExpireBackups;
import dev.drp.backup.NamedStorage;
import dev.drp.backup.RetentionPolicy;
import dev.drp.backup.TakeBackup;
import dev.drp.plan.BackupKind;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.Retention;
import dev.drp.plan.Span;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A storage on a file system of 512 KiB that is really full. */
@Tag("root")
class FullDiskTest {
  private static final int KIB = 1024;

  @TempDir Path folder;
  private Path disk;
  private BackupFixture fixture;
  private boolean mounted;

  @BeforeEach
  void mount() throws Exception {
    disk = Files.createDirectory(folder.resolve("disk"));
    mounted = run("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", disk.toString()) == 0;
    assumeTrue(mounted, "this user cannot mount a small file system here");
    fixture = new BackupFixture(folder.resolve("state"));
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      assertThat(run("umount", disk.toString())).isZero();
    }
  }

  @Test
  void givesUpWhenTheDiskIsFullInMidWriteAndRemovesWhatItWrote() throws IOException {
    insertRandom(900 * KIB);

    assertOutOfSpace();

    assertThat(listing().backups()).isEmpty();
    assertThat(filesBelow(disk)).allMatch(file -> file.toString().contains("/writers/"));
    fixture.server.database(BackupFixture.DATABASE).orElseThrow().tables().clear();
    takeBackup().take(fixture.request(storage()));
    assertThat(listing().newestGood()).isPresent();
  }

  @Test
  void expiresBackupsWhileTheDiskIsFull() throws IOException {
    insertRandom(80 * KIB);
    takeBackup().take(fixture.request(storage()));
    fixture.clock.advance(Duration.ofDays(30));
    takeBackup().take(fixture.request(storage()));
    fixture.clock.advance(Duration.ofHours(1));
    fill();

    assertOutOfSpace();
    new ExpireBackups(
            new BackupCatalog(BackupFixture.APPLICATION, List.of(storage())),
            fixture.state,
            fixture.clock)
        .apply(BackupFixture.ENVIRONMENT, keepAWeek());

    assertThat(listing().backups()).hasSize(1);
    assertThat(listing().problems()).isEmpty();
    takeBackup().take(fixture.request(storage()));
    assertThat(listing().backups()).hasSize(2);
  }

  private void assertOutOfSpace() {
    assertThatThrownBy(() -> takeBackup().take(fixture.request(storage())))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OUT_OF_SPACE))
        .hasMessageContaining(disk.toString())
        .hasMessageContaining("HINT:");
  }

  private void fill() throws IOException {
    try (var output = Files.newOutputStream(disk.resolve("other people's file"))) {
      byte[] block = new byte[KIB];
      while (true) {
        output.write(block);
      }
    } catch (IOException e) {
      assertThat(disk.toFile().getUsableSpace()).isLessThan(8L * KIB);
    }
  }

  private void insertRandom(int bytes) {
    byte[] row = new byte[6 * KIB];
    Random random = new Random(5);
    for (int i = 0; i < bytes / row.length; i++) {
      random.nextBytes(row);
      fixture.server.insert(
          BackupFixture.DATABASE, "public", "files", Base64.getEncoder().encodeToString(row));
    }
  }

  private TakeBackup takeBackup() {
    return KilledBackup.takeBackup(fixture);
  }

  private NamedStorage storage() {
    return new NamedStorage("local", false, true, new DirectoryStorage(disk.resolve("backup")));
  }

  private CatalogListing listing() {
    return new BackupCatalog(BackupFixture.APPLICATION, List.of(storage()))
        .list(BackupFixture.ENVIRONMENT);
  }

  private static RetentionPolicy keepAWeek() {
    return new RetentionPolicy(
        List.of(
            BackupSchedule.every(
                "every-6h",
                Span.of(Duration.ofHours(6)),
                BackupFixture.ENVIRONMENT,
                BackupKind.LOGICAL,
                Retention.within(Span.of(Duration.ofDays(7))),
                "local")),
        Optional.empty(),
        ZoneOffset.UTC);
  }

  private static List<Path> filesBelow(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  private static int run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getInputStream().readAllBytes();
    return process.waitFor(20, TimeUnit.SECONDS) ? process.exitValue() : -1;
  }
}
