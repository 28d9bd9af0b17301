package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.Secret;
import dev.drp.database.DataDirectory.State;
import dev.drp.runtime.Command;
import dev.drp.runtime.LocalCommandRunner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExchangedFilesTest {
  private static final String CONTROL = "global/pg_control";

  /** Kills the shell that calls it, before or after the rename whose number {@code kill} holds. */
  private static final String DEADLY_MV =
      """
      #!/bin/sh
      cd %1$s
      echo >> calls
      when=none number=0
      [ ! -e kill ] || read -r when number < kill
      [ "$(wc -l < calls)" -eq "$number" ] || when=none
      cd "$OLDPWD"
      [ "$when" != before ] || kill -9 $PPID
      [ "$when" = before ] || /bin/mv "$@"
      [ "$when" != after ] || kill -9 $PPID
      """;

  private static final Map<String, String> LIVE =
      Map.of(
          "PG_VERSION", "old", CONTROL, "old", "global/1", "old", "base/1/2", "old", ".x", "old");
  private static final Map<String, String> RESTORED =
      Map.of("PG_VERSION", "new", CONTROL, "new", "global/3", "new", "base/9", "new");

  @TempDir private Path temporary = Path.of("");
  private Path tools = Path.of("");
  private int run;

  @BeforeEach
  void makeTools() throws IOException {
    tools = Files.createDirectory(temporary.resolve("tools"));
    program("mv", DEADLY_MV.formatted(tools));
    program("sync", "#!/bin/sh\n");
    program(
        "pg_controldata",
        "#!/bin/sh\necho 'Database cluster state:               '\"$(cat %s/cluster)\"\n"
            .formatted(tools));
    Files.writeString(tools.resolve("cluster"), "shut down\n");
  }

  private void program(String name, String script) throws IOException {
    Path file = Files.writeString(tools.resolve(name), script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private ExchangedFiles files(Path directory) {
    return files(directory, false);
  }

  private ExchangedFiles files(Path directory, boolean here) {
    Secret path = new Secret(tools + ":" + System.getenv("PATH"));
    return new ExchangedFiles(
        new LocalCommandRunner(),
        line -> Command.of(line).withEnvironment(Map.of("PATH", path)),
        directory.toString(),
        here,
        "20261122T100000Z-abcdef");
  }

  /** With both kinds of files, the restored ones sealed. */
  private Path directory(Map<String, String> live) throws IOException {
    Path directory = Files.createDirectory(temporary.resolve("run" + run++));
    write(directory, live);
    ExchangedFiles files = files(directory);
    write(Path.of(files.folder(), "data"), RESTORED);
    Files.writeString(Path.of(files.folder(), "state"), "live replaced\n");
    return directory;
  }

  private static void write(Path folder, Map<String, String> contents) throws IOException {
    for (Map.Entry<String, String> file : contents.entrySet()) {
      Path path = folder.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
  }

  /** What a server would find there. */
  private static Map<String, String> contents(Path folder) {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = folder.relativize(file).toString();
        if (!name.startsWith("pgsql_tmp_drp_") && !name.equals("postgresql.auto.conf")) {
          contents.put(name, Files.readString(file));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return contents;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "taken",
        "recovered",
        "live replaced",
        "live data",
        "out data",
        "in replaced",
        "",
        "what?"
      })
  void itsStateIsReadFromHereAsTheScriptReadsIt(String state) throws IOException {
    Path directory = directory(LIVE);
    Files.writeString(Path.of(files(directory).folder(), "state"), state + "\n");

    assertThat(files(directory, true).state()).isEqualTo(files(directory).state());
  }

  @Test
  void thereIsNoStateWithoutAFolderAndNoneIsReadElsewhere() throws IOException {
    Path directory = Files.createDirectory(temporary.resolve("bare"));
    ExchangedFiles files = files(directory, true);
    assertThat(files.state()).isEqualTo(State.NOTHING);

    files.renew();
    Path elsewhere = Files.writeString(temporary.resolve("elsewhere"), "live data\n");
    Files.createSymbolicLink(Path.of(files.folder(), "state"), elsewhere);

    assertThatThrownBy(files::state)
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOCAL_FILE))
        .hasMessageContaining(files.folder());
  }

  @Test
  void aFolderIsMadeAnewUnlessWhatIsInItIsNeeded() throws IOException {
    Path directory = directory(LIVE);
    ExchangedFiles files = files(directory);
    Path stale = Path.of(files.folder(), "data", "PG_VERSION");
    assertThat(stale).exists();

    files.renew();

    assertThat(Path.of(files.folder())).isEmptyDirectory();
    write(Path.of(files.folder(), "data"), RESTORED);
    Files.writeString(Path.of(files.folder(), "state"), "in data\n");
    assertThatThrownBy(files::renew)
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED));
    assertThat(stale).exists();
  }

  @Test
  void exchangesTheFilesAndBackAndDropsWhatIsNotLive() throws IOException {
    Path directory = directory(LIVE);
    ExchangedFiles files = files(directory);
    assertThat(files.state()).isEqualTo(State.READY);

    files.putRestored();
    files.putRestored();

    assertThat(files.state()).isEqualTo(State.SWITCHED);
    assertThat(contents(directory)).isEqualTo(RESTORED);
    assertThat(contents(Path.of(files.folder(), "replaced"))).isEqualTo(LIVE);

    files.putReplaced();

    assertThat(files.state()).isEqualTo(State.READY);
    assertThat(contents(directory)).isEqualTo(LIVE);
    assertThat(contents(Path.of(files.folder(), "data"))).isEqualTo(RESTORED);

    files.putRestored();
    files.drop();
    files.drop();

    assertThat(files.state()).isEqualTo(State.NOTHING);
    assertThat(contents(directory)).isEqualTo(RESTORED);
    assertThat(Path.of(files.folder())).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"before", "after"})
  void continuesInEitherDirectionWhereverItIsKilled(String when) throws IOException {
    int renames = renamesOfAnExchange();
    assertThat(renames).isGreaterThan(10);
    for (int number = 1; number <= renames; number++) {
      for (boolean onward : new boolean[] {true, false}) {
        Path directory = directory(LIVE);
        killed(files(directory), when, number, false);
        if (number % 2 == 0) { // and again, on its way back
          killed(files(directory), when, 3, onward);
        }

        go(files(directory), onward);

        assertThat(contents(directory))
            .as("killed %s rename %d, onward %s", when, number, onward)
            .isEqualTo(onward ? RESTORED : LIVE);
        Path other = Path.of(files(directory).folder(), onward ? "replaced" : "data");
        assertThat(contents(other)).isEqualTo(onward ? LIVE : RESTORED);
      }
    }
  }

  private static void go(ExchangedFiles files, boolean onward) {
    if (onward) {
      files.putRestored();
    } else {
      files.putReplaced();
    }
  }

  private int renamesOfAnExchange() throws IOException {
    Path directory = directory(LIVE);
    Files.deleteIfExists(tools.resolve("calls"));
    files(directory).putRestored();
    return Files.readAllLines(tools.resolve("calls")).size();
  }

  /** What is found then is no server, or all of one. */
  private void killed(ExchangedFiles files, String when, int number, boolean back)
      throws IOException {
    Files.deleteIfExists(tools.resolve("calls"));
    Files.writeString(tools.resolve("kill"), "%s %d\n".formatted(when, number));
    try {
      go(files, !back);
    } catch (RecoveryException e) {
      assertThat(e).hasMessageContaining("exit code 137");
    } finally {
      Files.delete(tools.resolve("kill"));
    }
    Map<String, String> found = contents(Path.of(files.folder(), "..").normalize());
    if (found.containsKey(CONTROL)) {
      assertThat(found).isIn(List.of(new TreeMap<>(LIVE), new TreeMap<>(RESTORED)));
    }
  }

  @Test
  void fillsAnEmptyDataDirectoryAndKnowsThatThereIsNoWayBack() throws IOException {
    Path directory = directory(Map.of());
    ExchangedFiles files = files(directory);

    files.putRestored();

    assertThat(contents(directory)).isEqualTo(RESTORED);
    assertRefused(files::putReplaced, "there is no server in");
    assertThat(contents(directory)).isEqualTo(RESTORED);
  }

  @Test
  void touchesNothingWhileTheRestoredFilesAreNotReadyOrOnTheirWay() throws IOException {
    Path directory = Files.createDirectory(temporary.resolve("half"));
    write(directory, LIVE);
    ExchangedFiles files = files(directory);
    write(Path.of(files.folder(), "data"), RESTORED);

    assertRefused(files::putRestored, "are not ready: incomplete");
    files.noteRecovered();
    assertRefused(files::putRestored, "are not ready: recovered");
    Files.writeString(tools.resolve("cluster"), "shut down in recovery\n");
    assertRefused(() -> files.seal(false), "was not stopped cleanly");
    assertThat(contents(directory)).isEqualTo(LIVE);

    Path killed = directory(LIVE);
    killed(files(killed), "after", 5, false);
    assertThat(files(killed).state()).isEqualTo(State.BETWEEN);
    assertRefused(files(killed)::drop, "are on their way");
  }

  @ParameterizedTest
  @ValueSource(strings = {"before", "after"})
  void takesTheOnlyFilesAndPutsThemBackWhereverItIsKilled(String when) throws IOException {
    for (int number = 1; number <= renamesOfTaking(); number++) {
      for (boolean onward : new boolean[] {true, false}) {
        Path directory = Files.createDirectory(temporary.resolve("take" + run++));
        write(directory, LIVE);
        ExchangedFiles files = files(directory);
        Files.deleteIfExists(tools.resolve("calls"));
        Files.writeString(tools.resolve("kill"), "%s %d\n".formatted(when, number));
        try {
          files.take();
        } catch (RecoveryException e) {
          assertThat(e).hasMessageContaining("exit code 137");
        } finally {
          Files.delete(tools.resolve("kill"));
        }

        if (onward) {
          files.take();
          assertThat(files.state()).isEqualTo(State.TAKEN);
          assertThat(contents(directory)).isEmpty();
          assertThat(contents(Path.of(files.folder(), "data"))).isEqualTo(LIVE);
          assertRefused(files::drop, "there are no other files");
        }
        if (files.state() != State.NOTHING) {
          files.putRestored();
        }
        files.drop();
        assertThat(contents(directory)).as("killed %s %d", when, number).isEqualTo(LIVE);
      }
    }
  }

  private int renamesOfTaking() throws IOException {
    Path directory = Files.createDirectory(temporary.resolve("take" + run++));
    write(directory, LIVE);
    Files.deleteIfExists(tools.resolve("calls"));
    files(directory).take();
    return Files.readAllLines(tools.resolve("calls")).size();
  }

  @Test
  void whatWasTakenIsNotRemovedBeforeItIsBack() throws IOException {
    Path directory = Files.createDirectory(temporary.resolve("only"));
    write(directory, LIVE);
    ExchangedFiles files = files(directory);

    files.take();
    files.noteRecovered();
    assertRefused(files::drop, "there are no other files");
    files.take();
    files.seal(false);
    assertRefused(files::drop, "there are no other files");
    assertRefused(files::take, "are needed");
    files.putRestored();
    files.drop();

    assertThat(contents(directory)).containsAllEntriesOf(LIVE);
    assertThat(Path.of(files.folder())).doesNotExist();
  }

  private static void assertRefused(Runnable action, String message) {
    assertThatThrownBy(action::run)
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED))
        .hasMessageContaining(message);
  }

  @Test
  void givesTheSettingsBackButThoseThatActOnOthers() throws IOException {
    Path directory = Files.createDirectory(temporary.resolve("settings"));
    ExchangedFiles files = files(directory);
    Path data = Path.of(files.folder(), "data");
    write(data, RESTORED);
    write(
        data,
        Map.of(
            "postgresql.conf", "ours",
            "postgresql.conf.backup", "archive_command = 'theirs'\n",
            "pg_hba.conf", "ours",
            "pg_hba.conf.backup", "theirs",
            "pg_ident.conf", "ours",
            "postgresql.auto.conf", "",
            "postgresql.auto.conf.backup",
                """
                work_mem = '8MB'
                archive_command = 'cp %p elsewhere'
                Synchronous_Standby_Names='other'
                recovery_target_time = '2026-11-22 10:00:00'
                archive_mode = 'on'
                """,
            "drp_wal/000000010000000000000001", "log",
            "recovery.signal", ""));
    files.noteRecovered();

    files.seal(false);
    files.seal(false);

    assertThat(data.resolve("postgresql.conf")).hasContent("archive_command = 'theirs'");
    assertThat(data.resolve("pg_hba.conf")).hasContent("theirs");
    assertThat(Files.readString(data.resolve("postgresql.auto.conf")))
        .startsWith("work_mem = '8MB'\narchive_mode = 'on'\narchive_command = ''\n")
        .contains("\nsynchronous_standby_names = ''\n", "\nprimary_conninfo = ''\n")
        .doesNotContain("elsewhere", "other", "2026");
    assertThat(contents(data).keySet())
        .containsExactlyInAnyOrder(
            "PG_VERSION", CONTROL, "global/3", "base/9", "postgresql.conf", "pg_hba.conf");
  }
}
