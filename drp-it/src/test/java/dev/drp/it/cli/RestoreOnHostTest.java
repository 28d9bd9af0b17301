package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.drp.it.support.Cli;
import dev.drp.it.support.HostPostgres;
import dev.drp.it.support.Programs;
import dev.drp.it.support.Shop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** All files of a server of this machine are restored, in place or into a folder. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Order(1) // one of the longest
class RestoreOnHostTest {
  private static final Pattern EXECUTION = Pattern.compile("\\d{8}T\\d{6}Z-[0-9a-f]{6}");
  private static final String MARK = "DRP_IT_RESTORE";

  private final HostPostgres server = HostPostgres.start(Map.of("fsync", "off"));
  private final String mark = UUID.randomUUID().toString();
  private final List<Path> folders = new ArrayList<>();

  @TempDir private Path folder;

  @BeforeEach
  void aBackupAndWhatCameAfterIt() throws Exception {
    sql("postgres", "drop database if exists shop with (force)", "create database shop");
    sql("shop", "create table sale as select n as id from generate_series(1, 1000) n");
    writePlan(server.stopCommand());
    drp("backup", "production", "--kind", "physical").requireSuccess();
    sql("shop", "delete from sale where id > 10");
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  private void writePlan(List<String> stop) throws IOException {
    Files.writeString(
        folder.resolve("drp.yaml"),
        """
        format: 1
        application: Shop
        sites: { primary: { host: local } }
        environments:
          production:
            site: primary
            database:
              host: 127.0.0.1
              port: %d
              name: shop
              user: postgres
              password: env:SHOP_PASSWORD
              data-directory: %s
              stop: %s
              start: %s
        storages: { local: { directory: %s } }
        backups:
          base: { environment: production, kind: physical, every: 1 day, keep: 7d, to: [local] }
        """
            .formatted(
                server.port(),
                server.dataFolder(),
                yaml(stop),
                yaml(server.startCommand()),
                folder.resolve("backups")));
  }

  private static String yaml(List<String> words) {
    return words.stream().map(word -> "'%s'".formatted(word)).toList().toString();
  }

  private Cli cli() {
    return Cli.in(folder).with("SHOP_PASSWORD", server.password()).with(MARK, mark);
  }

  private Programs.Result drp(String... arguments) {
    return cli().run(Shop.withState(arguments));
  }

  private Programs.Result restore(String... options) {
    return drp(
        Stream.concat(Stream.of("restore", "production", "--kind", "physical"), Stream.of(options))
            .toArray(String[]::new));
  }

  private void sql(String database, String... statements) throws SQLException {
    try (Connection connection = server.connect(database);
        Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    }
  }

  private String rows() {
    return server.sql("shop", "select count(*) from sale");
  }

  private static String execution(Programs.Result result) {
    Matcher id = EXECUTION.matcher(result.stdout());
    assertThat(id.find()).as(result.toString()).isTrue();
    return id.group();
  }

  private List<String> leftovers() throws IOException {
    try (Stream<Path> entries = Files.list(server.dataFolder())) {
      return entries
          .map(entry -> entry.getFileName().toString())
          .filter(name -> name.startsWith("pgsql_tmp_drp_"))
          .toList();
    }
  }

  @Test
  void aRunningServerIsRestoredInPlaceAndTheWayBackLosesNothing() throws Exception {
    Programs.Result refused = restore();
    assertThat(refused.exitCode()).as(refused.toString()).isEqualTo(6);
    assertThat(rows()).isEqualTo("10");

    Programs.Result restored = restore("--confirm", "shop");
    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    assertThat(rows()).isEqualTo("1000");
    String execution = execution(restored);
    assertThat(leftovers()).containsExactly("pgsql_tmp_drp_" + execution);

    drp("restore-undo", execution, "--confirm", "shop").requireSuccess();
    assertThat(rows()).isEqualTo("10");
    drp("restore-commit", execution, "--confirm", "shop").requireSuccess();
    assertThat(leftovers()).isEmpty();
    assertThat(Programs.running(MARK, mark)).allMatch(line -> line.contains("postgres"));
  }

  @Test
  void whatWasLostWithItsDiskIsRestoredAlsoWhereTheServerIsDown() throws Exception {
    server.stop();
    Files.move(server.dataFolder(), folder.resolve("lost"));

    Programs.Result restored = restore("--confirm", "shop");

    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    assertThat(rows()).isEqualTo("1000");
    drp("restore-commit", execution(restored), "--confirm", "shop").requireSuccess();
    assertThat(leftovers()).isEmpty();
  }

  @Test
  void aServerThatItsCommandDoesNotStopKeepsItsFiles() throws Exception {
    writePlan(List.of("true"));

    Programs.Result paused = restore("--confirm", "shop");

    assertThat(paused.exitCode()).as(paused.toString()).isEqualTo(7);
    assertThat(paused.stdout()).contains("a server still runs on " + server.dataFolder());
    assertThat(rows()).isEqualTo("10");
  }

  @Test
  void intoAFolderTouchesNothingElseAndLeavesAServerThatStarts() throws Exception {
    Path into = newFolder().resolve("restored");

    Programs.Result restored = restore("--into", into.toString());

    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    assertThat(rows()).isEqualTo("10");
    try (Stream<Path> entries = Files.list(into)) {
      assertThat(entries.map(it -> it.getFileName().toString()))
          .contains("PG_VERSION", "postgresql.conf")
          .noneMatch(name -> name.startsWith("pgsql_tmp"));
    }
    Programs.Result again = restore("--into", into.toString());
    assertThat(again.exitCode()).isEqualTo(6);
    assertThat(again.stdout()).contains("is not empty");
    try (HostPostgres restoredServer = HostPostgres.startOn(into)) {
      assertThat(restoredServer.sql("shop", "select count(*) from sale")).isEqualTo("1000");
    }
  }

  /** Where the server's account may make folders, too. */
  private Path newFolder() throws IOException {
    Path parent = Files.createTempDirectory("drp-it-into");
    Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwxrwxrwx"));
    folders.add(parent);
    return parent;
  }

  @AfterEach
  void removeFolders() {
    folders.forEach(it -> Programs.run("rm", "-rf", it.toString()));
    folders.clear();
  }

  @Test
  void aFolderIsRepairedByRewritingWhatDiffers() throws Exception {
    Path into = newFolder().resolve("copy");
    restore("--into", into.toString()).requireSuccess();
    Path table = into.resolve(server.sql("shop", "select pg_relation_filepath('pg_class')"));
    FileTime time = Files.getLastModifiedTime(table);
    byte[] content = Files.readAllBytes(table);
    content[content.length - 100] ^= 4;
    Files.write(table, content);
    Files.setLastModifiedTime(table, time);
    Files.writeString(into.resolve("base/stranger"), "of nobody");
    Files.delete(into.resolve("global/pg_filenode.map"));

    Programs.Result live = restore("--delta", "--into", server.dataFolder().toString());
    assertThat(live.exitCode()).as(live.toString()).isEqualTo(6);
    assertThat(live.stdout()).contains("is where the live server of production has its files");

    Programs.Result repaired = restore("--delta", "--into", into.toString());

    assertThat(repaired.exitCode()).as(repaired.toString()).isZero();
    assertThat(into.resolve("base/stranger")).doesNotExist();
    try (HostPostgres restoredServer = HostPostgres.startOn(into)) {
      assertThat(restoredServer.sql("shop", "select count(*) from sale")).isEqualTo("1000");
      assertThat(restoredServer.sql("shop", "select count(*) > 300 from pg_class")).isEqualTo("t");
    }
  }

  @Test
  void aFolderOfAnotherServerAndOneThatIsServedAreNotRepaired() {
    try (HostPostgres other = HostPostgres.start()) {
      String into = other.dataFolder().toString();

      Programs.Result served = restore("--delta", "--into", into);
      assertThat(served.exitCode()).as(served.toString()).isEqualTo(6);
      assertThat(served.stdout()).contains("a server runs on " + into);

      other.stop();
      Programs.Result another = restore("--delta", "--into", into);
      assertThat(another.exitCode()).as(another.toString()).isEqualTo(6);
      assertThat(another.stdout()).contains("are of system identifier");
      other.startServer();
      assertThat(other.sql("postgres", "select 1")).isEqualTo("1");
    }
  }

  /** A program of that name that waits, once the condition holds, until it is let go. */
  private Path hold(String program, String condition) throws IOException {
    Path programs = newFolder();
    Path real =
        Stream.of("/usr/bin", "/bin")
            .map(it -> Path.of(it, program))
            .filter(Files::isExecutable)
            .findFirst()
            .orElseThrow();
    Path held = programs.resolve(program);
    Files.writeString(
        held,
        """
        #!/bin/sh
        if %s; then
          : > %2$s/reached
          while [ ! -e %2$s/go ]; do sleep 0.05; done
        fi
        exec %3$s "$@"
        """
            .formatted(condition, programs, real));
    Files.setPosixFilePermissions(held, PosixFilePermissions.fromString("rwxr-xr-x"));
    return programs;
  }

  /** Starts a restore, and ends it and all that it started as a power cut would. */
  private String killed(Path programs, String... options) throws Exception {
    Process restore =
        cli()
            .with("PATH", programs + ":" + System.getenv("PATH"))
            .start(
                Shop.withState(
                    Stream.concat(
                            Stream.of("restore", "production", "--kind", "physical"),
                            Stream.of(options))
                        .toArray(String[]::new)));
    try {
      Shop.await(() -> Files.exists(programs.resolve("reached")) || !restore.isAlive());
      assertThat(restore.isAlive()).isTrue();
    } finally {
      List<ProcessHandle> all = new ArrayList<>(restore.descendants().toList());
      all.add(restore.toHandle());
      all.forEach(ProcessHandle::destroyForcibly);
      restore.waitFor();
      Files.createFile(programs.resolve("go"));
    }
    return execution(drp("executions"));
  }

  @ParameterizedTest
  @CsvSource({
    // while the restored files are made those of a server; in the middle of the set-aside; of the
    // way in
    "sync, '[ \"$1\" = -f ]', true",
    "mv, '[ \"$1\" = ./base ]', false",
    "mv, '[ \"$2\" = ./base ]', false"
  })
  void aRestoreThatIsKilledIsResumed(String program, String condition, boolean serves)
      throws Exception {
    String execution = killed(hold(program, condition), "--confirm", "shop");
    if (serves) {
      assertThat(rows()).isEqualTo("10");
    } else {
      assertThat(server.dataFolder().resolve("global/pg_control")).doesNotExist();
    }

    Programs.Result resumed = drp("resume", execution);

    assertThat(resumed.exitCode()).as(resumed.toString()).isZero();
    assertThat(rows()).isEqualTo("1000");
    drp("restore-undo", execution, "--confirm", "shop").requireSuccess();
    assertThat(rows()).isEqualTo("10");
    drp("restore-commit", execution, "--confirm", "shop").requireSuccess();
    assertThat(leftovers()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    // while the files are taken; once they are repaired; while they are put back
    "mv, '[ \"$1\" = ./base ]'",
    "sync, '[ \"$1\" = -f ]'",
    "mv, '[ \"$2\" = ./base ]'"
  })
  void aRepairThatIsKilledIsResumed(String program, String condition) throws Exception {
    Path into = newFolder().resolve("copy");
    restore("--into", into.toString()).requireSuccess();
    Files.write(into.resolve("global/pg_filenode.map"), new byte[512]);

    String execution = killed(hold(program, condition), "--delta", "--into", into.toString());
    assertThat(into.resolve("global/pg_control")).doesNotExist();
    Programs.Result resumed = drp("resume", execution);

    assertThat(resumed.exitCode()).as(resumed.toString()).isZero();
    try (HostPostgres restoredServer = HostPostgres.startOn(into)) {
      assertThat(restoredServer.sql("shop", "select count(*) from sale")).isEqualTo("1000");
    }
  }

  @Test
  void aFullDiskEndsARestoreWithoutATraceAndARepairGoesOnOnceThereIsRoom() throws Exception {
    assumeThat(System.getProperty("user.name")).as("who may mount").isEqualTo("root");
    Path disk = newFolder();
    String small = "size=600m,nr_inodes=300,mode=777";
    Programs.run("mount", "-t", "tmpfs", "-o", small, "tmpfs", disk.toString()).requireSuccess();
    try {
      Path into = disk.resolve("restored");

      Programs.Result full = restore("--into", into.toString());

      assertThat(full.exitCode()).as(full.toString()).isEqualTo(1);
      assertThat(full.stdout()).contains("do not fit").contains("was not touched");
      try (Stream<Path> left = Files.list(into)) {
        assertThat(left).isEmpty();
      }
      Programs.run("mount", "-o", "remount,nr_inodes=0", disk.toString()).requireSuccess();
      restore("--into", into.toString()).requireSuccess();

      Path table = into.resolve(server.sql("shop", "select pg_relation_filepath('pg_class')"));
      Files.delete(table);
      String fill = "dd if=/dev/zero of=%1$s/filler bs=1M; truncate -s -64K %1$s/filler";
      Programs.run("sh", "-c", fill.formatted(disk));
      Programs.Result paused = restore("--delta", "--into", into.toString());
      assertThat(paused.exitCode()).as(paused.toString()).isEqualTo(7);
      assertThat(paused.stdout()).contains("do not fit").contains("while they are repaired");

      Files.delete(disk.resolve("filler"));
      Programs.Result resumed = drp("resume", execution(paused));
      assertThat(resumed.exitCode()).as(resumed.toString()).isZero();
      assertThat(table).exists();
    } finally {
      Programs.run("umount", disk.toString());
    }
  }
}
