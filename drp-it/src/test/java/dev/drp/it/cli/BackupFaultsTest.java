package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drp.it.support.Programs;
import dev.drp.it.support.Shop;
import dev.drp.it.support.WithShop;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What a user sees when something goes wrong with a backup, each with the real fault on a real
 * server.
 */
class BackupFaultsTest extends WithShop {
  @Test
  void wrongPassword() {
    Programs.Result result =
        shop.cli().with("SHOP_PASSWORD", "wrong").run(Shop.withState("backup", "production"));

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.stderr()).contains("password", "HINT:").doesNotContain(server.password());
  }

  @Test
  void absentDatabaseNamesThoseThatExist() throws Exception {
    shop.writePlan("shopp", shop.storage());

    Programs.Result result = shop.drp("backup", "production");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.stderr()).contains("shopp", Shop.DATABASE);
  }

  @Test
  void dumpProgramOlderThanTheServerIsRefusedBeforeItStarts() throws Exception {
    shop.writeProgram(
        "pg_dump",
        "case $1 in --version) echo 'pg_dump (PostgreSQL) 14.9';; *) touch ran; exit 1;; esac");

    Programs.Result result = shop.drp("backup", "production");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.stderr()).contains("14");
    assertThat(folder.resolve("ran")).doesNotExist();
    shop.assertNoBackupIsListed();
  }

  @Test
  void dumpKilledHalfWayIsNoBackupAndTheNextRunSucceeds() throws Exception {
    shop.replacePgDump("$real \"$@\" | head -c 300000; kill -9 $$");

    Programs.Result killed = shop.drp("backup", "production");

    assertThat(killed.exitCode()).isEqualTo(1);
    assertThat(killed.stderr()).contains("pg_dump");
    shop.assertNoBackupIsListed();
    shop.useRealProgram("pg_dump");
    assertThat(shop.drp("backup", "production").exitCode()).isZero();
  }

  @Test
  void twoBackupsAtOnce() throws Exception {
    Path goOn = folder.resolve("go-on");
    Path dumping = folder.resolve("dumping");
    shop.replacePgDump(
        "touch %s; until [ -e %s ]; do sleep 0.1; done; exec $real \"$@\""
            .formatted(dumping, goOn));
    Process first = shop.start("backup", "production");
    Shop.await(() -> Files.exists(dumping));

    Programs.Result second = shop.drp("backup", "production");
    Files.createFile(goOn);

    assertThat(second.exitCode()).isEqualTo(5);
    assertThat(second.stderr()).contains("process " + first.pid());
    assertThat(first.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(first.exitValue()).isZero();
  }

  @Test
  @Tag("root")
  void storageThatFillsUpInMidWriteIsNoBackupAndTheNextRunSucceeds() throws Exception {
    Path disk = Files.createDirectory(folder.resolve("disk"));
    assumeTrue(
        mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", disk.toString()),
        "this user cannot mount a small file system here");
    try {
      shop.writePlan(Shop.DATABASE, disk);

      Programs.Result full = shop.drp("backup", "production");

      assertThat(full.exitCode()).isEqualTo(1);
      assertThat(full.stderr()).contains("no space left in " + disk, "HINT:");
      shop.assertNoBackupIsListed();
      assertThat(partsBelow(disk)).isZero();
      assertThat(mount("-o", "remount,size=64m", disk.toString())).isTrue();
      shop.backUp();
    } finally {
      Programs.run("umount", disk.toString());
    }
  }

  private static boolean mount(String... arguments) throws Exception {
    Stream<String> command = Stream.concat(Stream.of("mount"), Stream.of(arguments));
    return new ProcessBuilder(command.toList()).start().waitFor() == 0;
  }

  private static long partsBelow(Path disk) throws Exception {
    try (Stream<Path> files = Files.walk(disk)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.toString().contains("/writers/"))
          .count();
    }
  }
}
