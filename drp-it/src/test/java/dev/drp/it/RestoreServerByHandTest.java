package dev.drp.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.Progress;
import dev.drp.backup.BackupRequest;
import dev.drp.backup.Coding;
import dev.drp.backup.NamedStorage;
import dev.drp.backup.TakeBackup;
import dev.drp.it.support.AgeKey;
import dev.drp.it.support.BareShell;
import dev.drp.it.support.HostPostgres;
import dev.drp.it.support.Programs;
import dev.drp.it.support.TestImages;
import dev.drp.plan.BackupKind;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.SecretReference;
import dev.drp.postgres.PostgresConnector;
import dev.drp.runtime.LocalCommandRunner;
import dev.drp.state.StateDirectory;
import dev.drp.transfer.DirectoryStorage;
import dev.drp.transfer.ZstdCompression;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The files of a server are restored with the script of their set and a few standard programs, from
 * a backup that shares packs with the one before it: no Java is in reach.
 */
class RestoreServerByHandTest {
  private static final String PLAIN = "a storage's $(touch pwned)";
  private static HostPostgres source;

  @TempDir private static Path backups;
  private static Path second;

  @TempDir private Path folder;
  private BareShell shell;
  private Path restored;

  @BeforeAll
  static void takeTwoBackups() throws IOException {
    source = HostPostgres.start();
    source.sql("postgres", "CREATE DATABASE shop");
    source.sql(
        "shop",
        "CREATE TABLE sale AS SELECT i AS id, md5(i::text) AS text FROM generate_series(1, 20000)"
            + " i");
    Path first = backUp(Coding.plain(new ZstdCompression()), PLAIN);
    source.sql("shop", "DELETE FROM sale WHERE id <= 1000");
    source.sql("shop", "CREATE TABLE later AS SELECT generate_series(1, 300) AS id");
    second = backUp(Coding.plain(new ZstdCompression()), PLAIN);
    assertThat(Files.readString(second.resolve("base.index")))
        .contains(first.getFileName() + ".", second.getFileName() + ".");
  }

  @AfterAll
  static void stopServer() {
    source.close();
  }

  @BeforeEach
  void openShell() throws IOException {
    shell =
        new BareShell(folder)
            .putInReach("cat", "chmod", "dirname", "head", "mkdir", "sha256sum", "tail", "tar")
            .putInReach("sed", "zstd");
    restored = folder.resolve("it's a $(touch pwned) folder");
  }

  @Test
  void bringsBackEveryRow() throws Exception {
    BareShell.Ended script = restore(second);

    assertThat(script.exitCode()).as(script.output()).isZero();
    assertServesTheRowsOfTheSecondBackup(restored);
    assertThat(folder.resolve("pwned")).doesNotExist();
  }

  @Test
  void bringsBackWhatIsEncryptedWithAgeAndAnIdentity() throws Exception {
    AgeKey operator = AgeKey.generate(folder.resolve("operator"));
    AgeKey stranger = AgeKey.generate(folder.resolve("stranger"));
    Coding coding = AgeKey.codingTo(operator, AgeKey.generate(folder.resolve("emergency")));
    Path first = backUp(coding, "encrypted");
    source.sql("shop", "CREATE TABLE last AS SELECT generate_series(1, 7) AS id");
    Path set = backUp(coding, "encrypted");
    source.sql("shop", "DROP TABLE last");
    assertThat(Files.readString(set.resolve("base.index")))
        .contains(first.getFileName() + ".", set.getFileName() + ".");
    Files.createDirectory(folder.resolve("tmp"));
    shell.putInReach("age", "mktemp", "rm");
    Map<String, String> other =
        Map.of("IDENTITY", stranger.identity().toString(), "TMPDIR", folder + "/tmp");
    Map<String, String> right =
        Map.of("IDENTITY", operator.identity().toString(), "TMPDIR", folder + "/tmp");

    assertThat(restore(set).output()).contains("set IDENTITY to the file with your identity");
    assertThat(restore(set, other).output()).contains("no identity matched").doesNotContain("done");
    BareShell.Ended script = restore(set, right);

    assertThat(script.exitCode()).as(script.output()).isZero();
    assertThat(folder.resolve("tmp")).isEmptyDirectory(); // nothing decrypted is left
    try (HostPostgres server = HostPostgres.startOn(restored)) {
      assertThat(server.sql("shop", "SELECT count(*), sum(id) FROM sale"))
          .isEqualTo("19000|199509500");
      assertThat(server.sql("shop", "SELECT count(*) FROM last")).isEqualTo("7");
    }
  }

  @Test
  @Tag("docker")
  void bringsBackEveryRowInAContainerWithoutJava() {
    String output =
        inContainer(
            "! command -v java && [ -z \"$(find / -xdev -name 'libjvm*')\" ] &&"
                + " sh \"$0\" \"$1\" && pg_verifybackup --no-parse-wal \"$1\"",
            second.resolve("restore.sh").toString(),
            restored.toString());

    assertThat(output).contains("done").contains("backup successfully verified");
    assertServesTheRowsOfTheSecondBackup(restored);
  }

  @Test
  @Tag("docker")
  void bringsBackWhatIsEncryptedInAContainerWithoutJava() throws Exception {
    AgeKey operator = AgeKey.generate(folder.resolve("operator"));
    Path set = backUp(AgeKey.codingTo(operator), "encrypted for a container");

    String output =
        inContainer(
            "! command -v java && IDENTITY=\"$2\" sh \"$0\" \"$1\" && ! ls -d /tmp/drp-restore.* &&"
                + " pg_verifybackup --no-parse-wal \"$1\"",
            set.resolve("restore.sh").toString(),
            restored.toString(),
            operator.identity().toString());

    assertThat(output).contains("done").contains("backup successfully verified");
    assertServesTheRowsOfTheSecondBackup(restored);
  }

  /** The image is that of a server; the program age of this machine is lent to it. */
  private String inContainer(String script, String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "docker",
                "run",
                "--rm",
                "--network=none",
                "--label=" + Programs.LABEL + "=" + Programs.RUN,
                "--volume=" + backups + ":" + backups + ":ro",
                "--volume=" + folder + ":" + folder,
                "--volume=" + AgeKey.program() + ":/usr/local/bin/age:ro",
                "--entrypoint=sh",
                TestImages.postgres(),
                "-c",
                script));
    command.addAll(List.of(arguments));
    return Programs.run(command.toArray(String[]::new)).stdout();
  }

  private static void assertServesTheRowsOfTheSecondBackup(Path restored) {
    try (HostPostgres server = HostPostgres.startOn(restored)) {
      assertThat(server.sql("shop", "SELECT count(*), sum(id) FROM sale"))
          .isEqualTo("19000|199509500");
      assertThat(server.sql("shop", "SELECT count(DISTINCT text) FROM sale")).isEqualTo("19000");
      assertThat(server.sql("shop", "SELECT count(*), sum(id) FROM later")).isEqualTo("300|45150");
    }
  }

  @Test
  void refusesAPackInWhichABitHasChanged() throws Exception {
    Path system = copyOfTheServersFolder();
    Path pack = firstPack(system);
    byte[] bytes = Files.readAllBytes(pack);
    bytes[bytes.length / 2] ^= 1;
    Files.write(pack, bytes);

    BareShell.Ended script = restore(system.resolve(second.getFileName()));

    assertThat(script.exitCode()).isEqualTo(1);
    assertThat(script.output())
        .contains("the backup is damaged")
        .contains(pack.getFileName() + ": FAILED");
    assertThat(restored).isEmptyDirectory();
  }

  @Test
  void refusesToDoWithoutAPack() throws Exception {
    Path system = copyOfTheServersFolder();
    Files.delete(firstPack(system));

    BareShell.Ended script = restore(system.resolve(second.getFileName()));

    assertThat(script.exitCode()).isEqualTo(1);
    assertThat(script.output()).contains("the backup is damaged");
    assertThat(restored).isEmptyDirectory();
  }

  @Test
  void refusesAFolderThatIsNotEmpty() throws Exception {
    Files.createDirectory(restored);
    Path mine = Files.writeString(restored.resolve(".mine"), "precious");

    BareShell.Ended script = restore(second);

    assertThat(script.exitCode()).isEqualTo(1);
    assertThat(script.output()).contains("is not empty");
    assertThat(restored.toFile().list()).containsExactly(".mine");
    assertThat(mine).hasContent("precious");
  }

  @Test
  void refusesASetThatNeverBecameABackup() throws Exception {
    Path system = copyOfTheServersFolder();
    Path set = system.resolve(second.getFileName());
    Files.delete(set.resolve("manifest.json"));

    BareShell.Ended script = restore(set);

    assertThat(script.exitCode()).isEqualTo(1);
    assertThat(script.output()).contains("no complete backup");
    assertThat(restored).isEmptyDirectory();
  }

  private BareShell.Ended restore(Path set) throws IOException, InterruptedException {
    return restore(set, Map.of());
  }

  private BareShell.Ended restore(Path set, Map<String, String> environment)
      throws IOException, InterruptedException {
    return shell.run(set.resolve("restore.sh"), environment, restored.toString());
  }

  private static Path firstPack(Path system) throws IOException {
    try (Stream<Path> packs = Files.list(system.resolve("packs"))) {
      return packs.sorted().findFirst().orElseThrow();
    }
  }

  private Path copyOfTheServersFolder() {
    Path system = Optional.ofNullable(second.getParent()).orElseThrow();
    Path copy = folder.resolve("system");
    Programs.run("cp", "-R", system.toString(), copy.toString());
    return copy;
  }

  private static Path backUp(Coding coding, String storageFolder) throws IOException {
    Path password = Files.writeString(backups.resolve("password"), source.password());
    Environment environment =
        Environment.builder("production", "primary")
            .database(
                DatabaseSettings.builder("shop", source.user())
                    .host(source.host(), source.port())
                    .password(new SecretReference.WholeFile(password))
                    .tools(HostPostgres.binFolder())
                    .build())
            .build();
    Clock clock = Clock.systemUTC();
    TakeBackup takeBackup =
        new TakeBackup(
            new PostgresConnector(
                () -> {
                  throw new AssertionError("no container here");
                },
                new LocalCommandRunner(),
                clock),
            coding,
            StateDirectory.open(backups.resolve(storageFolder + " state"), clock),
            clock,
            Progress.SILENT,
            "test");
    Path storage = backups.resolve(storageFolder);
    takeBackup.take(
        new BackupRequest(
            "Ask&Trust",
            environment,
            BackupKind.PHYSICAL,
            Optional.empty(),
            List.of(new NamedStorage("local", false, true, new DirectoryStorage(storage))),
            false));
    try (Stream<Path> files = Files.walk(storage)) {
      Path script =
          files
              .filter(file -> file.endsWith("restore.sh"))
              .max(Comparator.naturalOrder())
              .orElseThrow();
      return Optional.ofNullable(script.getParent()).orElseThrow();
    }
  }
}
