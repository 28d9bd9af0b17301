package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.BaseBackup;
import dev.drp.database.DatabaseServer;
import dev.drp.runtime.Command;
import dev.drp.runtime.LocalCommandRunner;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@Tag("postgres")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PostgresBaseBackupTest {
  private static final String SLOTS = "SELECT count(*) FROM pg_replication_slots";

  private final TestCluster cluster =
      TestCluster.start("fsync = off\nmax_wal_senders = 1\nmax_replication_slots = 2");

  @BeforeAll
  void fill() {
    cluster.execute(
        "postgres",
        "CREATE TABLE t AS SELECT g, repeat('x', 500) FROM generate_series(1, 20000) g");
  }

  @AfterAll
  void remove() {
    cluster.close();
  }

  @Test
  void copiesAllFilesWithTheirLogAndLetsTheLogGo() throws IOException {
    Path tar = Files.createTempFile("drp-test", ".tar");
    Instant before = Instant.now();
    try (DatabaseServer server = cluster.connect();
        OutputStream output = Files.newOutputStream(tar)) {
      try (BaseBackup backup = server.openBaseBackup()) {
        assertThat(
                cluster.value("postgres", SLOTS + " WHERE temporary AND restart_lsn IS NOT NULL"))
            .isEqualTo("1");
        assertThat(backup.dataBytes()).isGreaterThan(10_000_000);

        BaseBackup.Copied copied = backup.copyFiles(output);

        assertThat(copied.toolVersion()).startsWith("pg_basebackup (PostgreSQL)");
        assertThat(copied.consistentAt()).isBetween(before, Instant.now());
      }
      assertThat(cluster.value("postgres", SLOTS)).isEqualTo("0");
    }

    List<String> members = run("tar", "-tf", tar.toString()).lines().toList();

    assertThat(members)
        .contains("backup_label", "PG_VERSION", "global/pg_control", "backup_manifest")
        .anyMatch(member -> member.matches("pg_wal/[0-9A-F]{24}"))
        .noneMatch(member -> member.startsWith("/"));
    assertThat(members.get(members.size() - 1)).isEqualTo("backup_manifest");
    Files.delete(tar);
  }

  @Test
  void isConsistentLaterThanItsStartWhereTheCopyTakesLong() {
    List<Instant> reading = new ArrayList<>();
    OutputStream slow =
        new OutputStream() {
          @Override
          public void write(int b) {
            throw new UnsupportedOperationException();
          }

          @Override
          public void write(byte[] bytes, int offset, int length) {
            if (reading.isEmpty()) {
              reading.add(clock());
              awaitLook(clock());
              awaitLook(clock()); // this one began after our time
            }
          }
        };
    try (DatabaseServer server = cluster.connect();
        BaseBackup backup = server.openBaseBackup()) {
      assertThat(backup.copyFiles(slow).consistentAt()).isBetween(reading.get(0), Instant.now());
    }
  }

  private Instant clock() {
    return OffsetDateTime.parse(
            cluster.value("postgres", "SELECT to_json(clock_timestamp()) #>> '{}'"))
        .toInstant();
  }

  /** Waits until the progress of a base backup has been asked for again. */
  private void awaitLook(Instant since) {
    String looks =
        """
        SELECT count(*) FROM pg_stat_activity
         WHERE pid <> pg_backend_pid() AND state = 'idle' AND query_start > '%s'
           AND query LIKE '%%pg_stat_progress_basebackup%%'\
        """
            .formatted(since);
    while (cluster.value("postgres", looks).equals("0")) {
      Thread.onSpinWait();
    }
  }

  @Test
  void failsWithTheServersWordsWhereAPageIsDamaged() throws IOException {
    try (TestCluster damaged = TestCluster.start("fsync = off")) {
      damaged.execute("postgres", "CREATE TABLE hurt AS SELECT g FROM generate_series(1, 1000) g");
      String file = damaged.value("postgres", "SELECT pg_relation_filepath('hurt')");
      damaged.shutDown();
      run(TestCluster.program("pg_checksums"), "--enable", "-D", damaged.data());
      Path page = Path.of(damaged.data()).resolve(file);
      byte[] bytes = Files.readAllBytes(page);
      bytes[5000] ^= 1;
      Files.write(page, bytes);
      damaged.start();

      try (DatabaseServer server = damaged.connect();
          BaseBackup backup = server.openBaseBackup()) {
        assertRefused(
            () -> backup.copyFiles(OutputStream.nullOutputStream()),
            ErrorCode.COMMAND_FAILED,
            "pg_basebackup",
            "checksum");
      }
    }
  }

  @Test
  void aProgramThatIsKilledHalfWayGivesNoBackupAndLeavesNoSlot() {
    OutputStream killing =
        new OutputStream() {
          @Override
          public void write(int b) {
            throw new UnsupportedOperationException();
          }

          @Override
          public void write(byte[] bytes, int offset, int length) {
            // The program is blocked in a full pipe for as long as we are here.
            ProcessHandle.current()
                .descendants()
                .filter(PostgresBaseBackupTest::isBaseBackup)
                .forEach(ProcessHandle::destroyForcibly);
          }
        };
    try (DatabaseServer server = cluster.connect()) {
      try (BaseBackup backup = server.openBaseBackup()) {
        assertRefused(
            () -> backup.copyFiles(killing), ErrorCode.COMMAND_FAILED, "pg_basebackup", "137");
      }
    }
    assertThat(cluster.value("postgres", SLOTS)).isEqualTo("0");
  }

  @Test
  void aReaderThatGivesUpEndsTheProgram() {
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("no space left");
          }
        };
    try (DatabaseServer server = cluster.connect();
        BaseBackup backup = server.openBaseBackup()) {
      assertRefused(
          () -> backup.copyFiles(full), ErrorCode.COMMAND_FAILED, "pg_basebackup", "no space left");
    }
    assertThat(ProcessHandle.current().descendants().filter(PostgresBaseBackupTest::isBaseBackup))
        .isEmpty();
    assertThat(cluster.value("postgres", SLOTS)).isEqualTo("0");
  }

  private static boolean isBaseBackup(ProcessHandle process) {
    return process.info().command().filter(it -> it.endsWith("/pg_basebackup")).isPresent();
  }

  @Test
  void refusesTablespacesByName() throws IOException {
    Path folder = Files.createDirectory(cluster.folder().resolve("fast disk"));
    run("chown", "--reference=" + cluster.data(), folder.toString());
    cluster.execute("postgres", "CREATE TABLESPACE \"fast one\" LOCATION '" + folder + "'");
    try (DatabaseServer server = cluster.connect()) {
      assertRefused(
          server::openBaseBackup, ErrorCode.REFUSED, "fast one", folder.toString(), "pg_default");
    } finally {
      cluster.execute("postgres", "DROP TABLESPACE \"fast one\"");
    }
  }

  @Test
  void refusesOtherMajorVersions() {
    assertRefused(
        () -> PostgresBaseBackup.requireMajorVersion(16, "shop"),
        ErrorCode.VERSION_MISMATCH,
        "shop runs PostgreSQL 16");
    assertThatCode(() -> PostgresBaseBackup.requireMajorVersion(17, "shop"))
        .doesNotThrowAnyException();
  }

  @Test
  void saysWhichRightARoleLacks() {
    cluster.execute("postgres", "CREATE ROLE \"the reader\" LOGIN PASSWORD 'x'");
    try (DatabaseServer server = connectAs("the reader")) {
      assertRefused(
          server::openBaseBackup,
          ErrorCode.DATABASE_ACCESS_DENIED,
          "ALTER ROLE \"the reader\" REPLICATION");
    } finally {
      cluster.execute("postgres", "DROP ROLE \"the reader\"");
    }
  }

  @Test
  void aRoleThatMayReplicateIsEnough() {
    cluster.execute("postgres", "CREATE ROLE replicator LOGIN REPLICATION PASSWORD 'x'");
    try (DatabaseServer server = connectAs("replicator");
        BaseBackup backup = server.openBaseBackup()) {
      ByteArrayOutputStream tar = new ByteArrayOutputStream();
      backup.copyFiles(tar);
      assertThat(tar.size()).isGreaterThan(10_000_000);
    } finally {
      cluster.execute("postgres", "DROP ROLE replicator");
    }
  }

  @Test
  void givesTheLineThatLetsUsReplicate() throws IOException {
    Path access = Path.of(cluster.data(), "pg_hba.conf");
    String before = Files.readString(access);
    Files.writeString(access, before.replaceAll("(?m)^(host\\s+replication)", "#$1"));
    cluster.execute("postgres", "SELECT pg_reload_conf()");
    try (DatabaseServer server = cluster.connect()) {
      assertRefused(
          server::openBaseBackup,
          ErrorCode.DATABASE_ACCESS_DENIED,
          "host replication \"admin\" 127.0.0.1/32 scram-sha-256");
    } finally {
      Files.writeString(access, before);
      cluster.execute("postgres", "SELECT pg_reload_conf()");
    }
    assertThat(cluster.value("postgres", SLOTS)).isEqualTo("0");
  }

  @Test
  void saysWhenNoConnectionIsLeft() throws IOException {
    try (Sessions sessions = cluster.sessions();
        Session taken = sessions.replication("taken");
        DatabaseServer server = cluster.connect()) {
      assertThat(taken).isNotNull();
      assertRefused(server::openBaseBackup, ErrorCode.DATABASE_UNAVAILABLE, "max_wal_senders");
    } catch (SQLException e) {
      throw new IOException(e);
    }
  }

  @Test
  void hasNoConfigurationOfItsOwnWhereItIsInTheDataDirectory() {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    try (DatabaseServer server = cluster.connect();
        BaseBackup backup = server.openBaseBackup()) {
      assertThat(backup.copyConfiguration(tar)).isEmpty();
    }
    assertThat(tar.size()).isZero();
  }

  @Test
  void copiesConfigurationFromOutsideWithWhatItIncludes() throws IOException {
    try (TestCluster debian = TestCluster.start("fsync = off")) {
      debian.shutDown();
      Path data = Path.of(debian.data());
      Path etc = Files.createDirectories(debian.folder().resolve("etc 'main'"));
      Path settings = data.resolve("postgresql.conf");
      Files.createDirectories(etc.resolve("conf.d"));
      Files.writeString(etc.resolve("conf.d/10 one.conf"), "work_mem = '8MB'\n");
      Files.writeString(etc.resolve("conf.d/nothing.txt"), "no configuration\n");
      Files.writeString(etc.resolve("comments only.conf"), "# nothing\n");
      Files.writeString(etc.resolve("users"), "admin\n");
      Files.writeString(etc.resolve("pg_ident.conf"), "# map\n");
      Files.writeString(
          etc.resolve("pg_hba.conf"),
          "# all @commented\nlocal all @users trust\n"
              + Files.readString(data.resolve("pg_hba.conf")));
      String folder = etc.toString().replace("'", "''");
      Files.writeString(
          settings,
          Files.readString(settings)
              + """
              hba_file = '%1$s/pg_hba.conf'
              ident_file = '%1$s/pg_ident.conf'
              include '%1$s/comments only.conf'
              include_if_exists '%1$s/absent.conf'
              include_dir = '%1$s/conf.d'
              # include '%1$s/commented.conf'
              """
                  .formatted(folder));
      run("chmod", "-R", "a+rX", etc.toString());
      debian.start();
      assertThat(debian.value("postgres", "SHOW work_mem")).isEqualTo("8MB");
      ByteArrayOutputStream tar = new ByteArrayOutputStream();
      List<String> expected =
          List.of(
              etc + "/comments only.conf",
              etc + "/conf.d/10 one.conf",
              etc + "/pg_hba.conf",
              etc + "/users",
              etc + "/pg_ident.conf");

      try (DatabaseServer server = debian.connect();
          BaseBackup backup = server.openBaseBackup()) {
        assertThat(backup.copyConfiguration(tar)).isEqualTo(expected);
      }

      Path target = Files.createTempDirectory("drp-test");
      Path file = Files.write(target.resolve("configuration.tar"), tar.toByteArray());
      run("tar", "-xf", file.toString(), "-C", target.toString());
      for (String path : expected) {
        assertThat(target.resolve(path.substring(1))).hasSameBinaryContentAs(Path.of(path));
      }
      run("rm", "-r", target.toString());
    }
  }

  private DatabaseServer connectAs(String role) {
    return TestCluster.connector()
        .connect(
            cluster.environment(
                settings ->
                    settings
                        .host(cluster.folder().toString(), cluster.port())
                        .superuser(new dev.drp.plan.Login(role, Optional.empty()))));
  }

  private static String run(String... command) {
    return new LocalCommandRunner().run(Command.of(command));
  }

  private static void assertRefused(ThrowingCallable work, ErrorCode code, String... words) {
    assertThatThrownBy(work)
        .isInstanceOfSatisfying(RecoveryException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContainingAll(words);
  }
}
