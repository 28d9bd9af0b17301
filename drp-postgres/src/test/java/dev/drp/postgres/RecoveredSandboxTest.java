package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.BaseBackup;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseServer;
import dev.drp.database.Lsn;
import dev.drp.database.RecoveryTarget;
import dev.drp.database.SandboxRequest;
import dev.drp.database.ServerFiles;
import dev.drp.database.SqlSession;
import dev.drp.database.ThrowawayServer;
import dev.drp.runtime.Command;
import dev.drp.runtime.LocalCommandRunner;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A base backup, then the commits {@code one}, {@code two} and {@code three}, each archived. */
@Tag("postgres")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RecoveredSandboxTest {
  private final TestCluster cluster =
      TestCluster.start(
          """
          fsync = off
          wal_keep_size = 1GB
          archive_mode = on
          archive_command = '/bin/false'
          primary_conninfo = 'host=primary.example.net'
          synchronous_standby_names = '*'
          synchronous_commit = local
          shared_preload_libraries = 'auto_explain'
          """);
  private final String owner = "test-" + UUID.randomUUID();
  private final List<Long> hashes = new ArrayList<>();
  private Path files = Path.of("");
  private Path folder = Path.of("");
  private Lsn afterOne = new Lsn(0);
  private Instant betweenOneAndTwo = Instant.EPOCH;

  @BeforeAll
  void takeBackupAndGoOn() throws IOException {
    files = Files.createTempDirectory("drp-test");
    cluster.execute(
        "postgres",
        """
        CREATE TABLE big AS SELECT g, md5(g::text) FROM generate_series(1, 20000) g;
        CREATE TABLE later (name text);
        CREATE TABLE prepared (n int)\
        """);
    cluster.execute("postgres", "BEGIN; INSERT INTO prepared VALUES (1); PREPARE TRANSACTION 'p1'");
    try (DatabaseServer server = cluster.connect();
        BaseBackup backup = server.openBaseBackup();
        OutputStream tar = Files.newOutputStream(files.resolve("base.tar"))) {
      backup.copyFiles(tar);
      hashes.addAll(hashes(server));
    }
    commit("one");
    afterOne = Lsn.parse(cluster.value("postgres", "SELECT pg_current_wal_insert_lsn()"));
    betweenOneAndTwo =
        OffsetDateTime.parse(
                cluster.value("postgres", "SELECT to_json(clock_timestamp()) #>> '{}'"))
            .toInstant();
    commit("two");
    commit("three");
    archive();
  }

  private void commit(String name) {
    cluster.execute("postgres", "INSERT INTO later VALUES ('%s')".formatted(name));
    cluster.execute("postgres", "SELECT pg_switch_wal()");
  }

  private void archive() {
    List<String> command =
        new ArrayList<>(
            List.of("tar", "-cf", files.resolve("wal.tar").toString(), "-C", cluster.data()));
    command.add("--transform=s,^pg_wal,%s,".formatted(ServerFiles.LOG_FOLDER));
    cluster
        .values(
            "postgres",
            """
            SELECT 'pg_wal/' || name FROM pg_ls_waldir()
             WHERE name ~ '^[0-9A-F]{24}$' AND name < pg_walfile_name(pg_current_wal_lsn() + 1)
             ORDER BY 1\
            """)
        .forEach(command::add);
    run(command.toArray(String[]::new));
  }

  @AfterAll
  void removeCluster() {
    cluster.close();
    run("rm", "-r", files.toString());
  }

  @BeforeEach
  void makeFolder() throws IOException {
    folder =
        Files.createTempDirectory(
            "drp-test",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      assertThat(entries).isEmpty();
    }
    Path gone = folder;
    assertThat(ProcessHandle.allProcesses().flatMap(it -> it.info().commandLine().stream()))
        .noneMatch(line -> line.contains(gone.toString()));
    Files.delete(folder);
  }

  @Test
  void servesWhatTheBackupHoldsAndNothingOfThePrimarysRole() {
    try (ThrowawayServer sandbox = start(this::all, RecoveryTarget.consistent())) {
      assertThat(sandbox.description()).startsWith("local PostgreSQL");
      assertThat(sandbox.server().facts().inRecovery()).isFalse();
      assertThat(sandbox.server().facts().preparedTransactions()).containsExactly("p1");
      assertThat(sandbox.server().facts().systemIdentifier())
          .isEqualTo(
              cluster.value("postgres", "SELECT system_identifier FROM pg_control_system()"));
      assertThat(hashes(sandbox.server())).hasSize(20000).isEqualTo(hashes);
      try (SqlSession session = sandbox.openSession("postgres")) {
        assertThat(session.value("SELECT count(*) FROM later")).contains("0");
        assertThat(session.execute("INSERT INTO later VALUES ('written')")).isEqualTo(1);
        assertThat(session.value("SHOW archive_mode")).contains("off");
        assertThat(session.value("SHOW archive_command")).contains("(disabled)");
        assertThat(session.value("SHOW primary_conninfo")).contains("");
        assertThat(session.value("SHOW synchronous_standby_names")).contains("");
        assertThat(session.value("SHOW listen_addresses")).contains("");
        assertThat(session.value("SHOW shared_preload_libraries")).contains("");
      }
      assertThat(sandbox.remove()).isEmpty();
    }
  }

  @Test
  void recoversToTheEndOfTheLogAndTellsHowFarItIs() {
    AtomicLong replayed = new AtomicLong();
    Progress progress =
        new Progress() {
          @Override
          public void message(String line) {}

          @Override
          public Task start(String what, long expectedBytes) {
            return replayed::addAndGet;
          }
        };
    try (ThrowawayServer sandbox =
        sandboxes().startFrom(request(), this::all, RecoveryTarget.latest(), progress)) {
      assertThat(later(sandbox)).contains("one,two,three");
    }
    assertThat(replayed).hasValueGreaterThan(2 * (16 << 20));
  }

  @Test
  void recoversToAPosition() {
    try (ThrowawayServer sandbox = start(this::all, RecoveryTarget.at(afterOne))) {
      assertThat(later(sandbox)).contains("one");
    }
  }

  @Test
  void recoversToAnInstantBetweenTwoCommits() {
    try (ThrowawayServer sandbox = start(this::all, RecoveryTarget.at(betweenOneAndTwo))) {
      assertThat(later(sandbox)).contains("one");
    }
  }

  @Test
  void followsTheTimelineThatIsAskedForWhereTheLogBranches() throws IOException {
    Path branch = files.resolve("branch.tar");
    try (ThrowawayServer sandbox = start(this::all, RecoveryTarget.at(afterOne));
        SqlSession session = sandbox.openSession("postgres")) {
      session.execute("INSERT INTO later VALUES ('branch')");
      assertThat(session.value("SELECT pg_switch_wal()")).isPresent();
      String data = session.value("SHOW data_directory").orElseThrow();
      String script =
          "cd \"$1\" && tar -cf \"$2\" --transform='s,^pg_wal,%s,' pg_wal/00000002*"
              .formatted(ServerFiles.LOG_FOLDER);
      run("sh", "-c", script, "sh", data, branch.toString());
    }
    ServerFiles branched =
        out -> {
          all(out);
          Files.copy(branch, out);
        };

    try (ThrowawayServer sandbox = start(branched, RecoveryTarget.latest())) {
      assertThat(later(sandbox)).contains("one,branch");
    }
    try (ThrowawayServer sandbox =
        start(branched, RecoveryTarget.latest().along(RecoveryTarget.Timeline.OF_BACKUP))) {
      assertThat(later(sandbox)).contains("one,two,three");
    }
  }

  @Test
  void failsWhereTheLogDoesNotReachTheTarget() {
    Instant tomorrow = Instant.now().plus(Duration.ofDays(1));

    assertFails(
        () -> start(this::all, RecoveryTarget.at(tomorrow)),
        ErrorCode.COMMAND_FAILED,
        "recovery ended before configured recovery target was reached");
  }

  @Test
  void failsWhereASegmentIsThereAndCannotBeCopied() throws IOException {
    Path unpacked = Files.createDirectories(files.resolve("unreadable"));
    run("tar", "-xf", files.resolve("wal.tar").toString(), "-C", unpacked.toString());
    run("chmod", "-R", "u=", unpacked + "/" + ServerFiles.LOG_FOLDER);
    run("chmod", "u=rwx", unpacked + "/" + ServerFiles.LOG_FOLDER);
    Path tar = files.resolve("unreadable.tar");
    run("tar", "-cf", tar.toString(), "-C", unpacked.toString(), ServerFiles.LOG_FOLDER);

    assertFails(
        () ->
            start(
                out -> {
                  base(out);
                  Files.copy(tar, out);
                },
                RecoveryTarget.latest()),
        ErrorCode.COMMAND_FAILED,
        "Permission denied");
  }

  @Test
  void leavesNothingWhereTheFilesAreNotWhole() {
    assertFails(
        () ->
            start(
                out -> {
                  base(out);
                  throw new IOException("the storage has gone");
                },
                RecoveryTarget.consistent()),
        ErrorCode.COMMAND_FAILED,
        "the storage has gone");
    assertFails(
        () -> start(out -> Files.copy(files.resolve("wal.tar"), out), RecoveryTarget.consistent()),
        ErrorCode.BACKUP_CORRUPT,
        "global/pg_control");
  }

  @Test
  void noServerStartsFromFilesThatAreUnpackedOnly() throws IOException {
    LocalCommandRunner runner = new LocalCommandRunner();
    RecoveryFolder recovery = new RecoveryFolder(runner, Command::of, folder.toString(), "", false);

    recovery.unpack(this::base);

    Path data = Path.of(recovery.data());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data)))
        .isEqualTo("rwx------");
    assertThat(data.resolve("PG_VERSION")).exists();
    assertThat(data.resolve("global/pg_control")).doesNotExist();
    run("rm", "-r", data.toString());
  }

  private void base(OutputStream out) throws IOException {
    Files.copy(files.resolve("base.tar"), out);
  }

  private void all(OutputStream out) throws IOException {
    base(out);
    Files.copy(files.resolve("wal.tar"), out);
  }

  private static Optional<String> later(ThrowawayServer sandbox) {
    try (SqlSession session = sandbox.openSession("postgres")) {
      return session.value("SELECT string_agg(name, ',' ORDER BY ctid) FROM later");
    }
  }

  private static List<Long> hashes(DatabaseServer server) {
    List<Long> hashes = new ArrayList<>();
    try (ConsistentSnapshot snapshot = server.openSnapshot("postgres")) {
      snapshot.rowHashes("public", "big", hashes::add);
    }
    hashes.sort(null);
    return hashes;
  }

  private ThrowawayServer start(ServerFiles source, RecoveryTarget target) {
    return sandboxes().startFrom(request(), source, target, Progress.SILENT);
  }

  private SandboxRequest request() {
    return new SandboxRequest(owner, TestCluster.MAJOR, Optional.empty(), TestCluster.SUPERUSER);
  }

  private PostgresSandboxes sandboxes() {
    return new PostgresSandboxes(
        () -> {
          throw new RecoveryException(
              ErrorCode.ENGINE_UNAVAILABLE, "no engine here", "there is nothing to do.");
        },
        new LocalCommandRunner(),
        Clock.systemUTC(),
        folder);
  }

  private static void assertFails(ThrowingCallable work, ErrorCode code, String words) {
    assertThatThrownBy(work)
        .isInstanceOfSatisfying(RecoveryException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining(words);
  }

  private static String run(String... command) {
    return new LocalCommandRunner().run(Command.of(command));
  }
}
