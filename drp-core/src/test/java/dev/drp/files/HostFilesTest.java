package dev.drp.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.LocalCommandRunner;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostFilesTest {
  /** What find sees of a tree, but for its times of reading and inodes. */
  private static final String STATE = "%P %y %s %m %U %G %T@ %l %n\\0";

  private final CommandRunner host = new LocalCommandRunner();
  @TempDir private Path folder;
  private Path source;
  private Path target;

  @BeforeEach
  void makeFolders() throws IOException {
    source = Files.createDirectory(folder.resolve("source"));
    target = Files.createDirectory(folder.resolve("target"));
  }

  private void shell(String script) {
    host.run(Command.of("bash", "-ec", "cd \"$1\"\n" + script, "bash", source.toString()));
  }

  private String state(Path root) {
    return host.run(Command.of("find", root.toString(), "-printf", STATE));
  }

  private long blocks(Path file) {
    return Long.parseLong(host.run(Command.of("stat", "--format=%b", file.toString())).strip());
  }

  private static byte[] read(FileSource files) {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    files.read(tar);
    return tar.toByteArray();
  }

  @Test
  void whatIsPutBackIsAsItWasWithModesOwnersTimesLinksAndHoles() throws IOException {
    shell(
        """
        echo 'reverse_proxy web:8000' > Caddyfile; chmod 0640 Caddyfile
        mkdir -m 0700 keys; echo key > keys/private; chmod 0400 keys/private
        mkdir -m 1777 shared empty; touch -d '2001-02-03 04:05:06.789' keys/private
        echo program > run; chmod 4755 run; ln run again; ln -s /nowhere/at/all dangling
        ln -s ../keys shared/up; mkfifo -m 0600 pipe
        truncate --size=64M sparse; echo middle | dd of=sparse bs=1M seek=32 conv=notrunc status=none
        truncate --size=9G holes; seq 300000 > numbers
        touch $'line\\nfeed' $'caf\\xe9' 'back\\slash' -- '-dash' '*star'
        d=$(printf 'd%.0s' {1..200}); mkdir -p "$d/$d"; echo deep > "$d/$d/$d"
        touch -d '1965-01-01' old
        """);
    if (isRoot()) {
      shell("chown 1234:4321 Caddyfile; chown -h nobody dangling; chown 3000000 old");
    }

    byte[] tar = read(HostFiles.of(host, source));
    List<String> leftOut =
        new HostFolder(host, target).unpack(new ByteArrayInputStream(tar), "source");

    assertThat(leftOut).isEmpty();
    assertThat(state(target.resolve("source"))).isEqualTo(state(source));
    assertThat(tar.length).isLessThan(10_000_000);
    assertThat(blocks(target.resolve("source/sparse"))).isLessThan(1000);
    assertThat(blocks(target.resolve("source/holes"))).isLessThan(1000);
    Files.delete(source.resolve("holes")); // to hash 9 GB of zeros takes its time
    Files.delete(target.resolve("source/holes"));
    FileIndex there = HostFiles.of(host, target.resolve("source")).index();
    assertThat(HostFiles.of(host, source).index().differencesOf(there, "")).isEmpty();
  }

  private boolean isRoot() {
    return host.run(Command.of("id", "-u")).strip().equals("0");
  }

  @Test
  void tellsWhatIsOtherThanInTheBackup() throws IOException {
    shell("echo one > content; echo two > mode; echo three > gone; ln -s a link; mkdir sub");
    FileIndex before = HostFiles.of(host, source).index();

    shell("echo ONE > content; chmod 0600 mode; rm gone; ln -sfn b link; echo new > sub/new");
    shell("touch -d @1 content mode");

    assertThat(before.differencesOf(HostFiles.of(host, source).index(), ""))
        .extracting(it -> it.kind() + " " + it.path() + " " + it.aspects())
        .containsExactly(
            "CHANGED source/content [content, time]",
            "MISSING source/gone []",
            "CHANGED source/link [link]",
            "CHANGED source/mode [mode, time]",
            "ADDED source/sub/new []");
  }

  /** Folders are read in an order of their own: that is no difference. */
  @Test
  void hardLinksAreTheSameWhicheverNameCameFirst() throws IOException {
    FileIndex one =
        FileIndex.of(
            new RawTar()
                .file("b", "x")
                .hardLink("a", "b")
                .hardLink("c", "b")
                .file("d", "x")
                .whole());
    FileIndex other =
        FileIndex.of(
            new RawTar()
                .file("c", "x")
                .hardLink("b", "c")
                .hardLink("a", "c")
                .file("d", "x")
                .whole());
    FileIndex apart =
        FileIndex.of(
            new RawTar().file("a", "x").file("b", "x").hardLink("c", "b").file("d", "x").whole());
    FileIndex changed =
        FileIndex.of(
            new RawTar()
                .file("a", "y")
                .hardLink("b", "a")
                .hardLink("c", "a")
                .file("d", "x")
                .whole());

    assertThat(one.differencesOf(other, "")).isEmpty();
    assertThat(one.files()).isEqualTo(2);
    assertThat(one.bytes()).isEqualTo(2);
    assertThat(one.differencesOf(apart, ""))
        .extracting(it -> it.path() + " " + it.aspects())
        .containsExactly("a [link]", "b [link]", "c [link]");
    assertThat(one.differencesOf(changed, ""))
        .extracting(it -> it.path() + " " + it.aspects())
        .containsExactly("a [content]", "b [content]", "c [content]");
  }

  @Test
  void namesWhatItMayNotReadAndReadsTheRest() {
    assumeTrue(isRoot(), "only root can run programs as another account");
    shell("echo open > open; echo secret > secret; chmod 0600 secret; mkdir -m 0700 closed");
    shell("echo inside > closed/inside; mkdir -m 0744 listed; echo > listed/file; ln -s x link");
    host.run(Command.of("chmod", "0755", folder.toString(), source.toString()));

    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    FilesRead read = new HostFiles(host, source, List.of(), Optional.of("nobody")).read(tar);

    assertThat(read.unreadable())
        .containsExactly(source + "/closed", source + "/listed", source + "/secret");
    assertThat(read.changed()).isEmpty();
    new HostFolder(host, target).unpack(new ByteArrayInputStream(tar.toByteArray()), "source");
    assertThat(target.resolve("source/open")).hasContent("open");
  }

  @Test
  void namesWhatChangedWhileItWasRead() {
    shell("seq 2000000 > first; echo old > log; echo old > vanishing; echo quiet > quiet");

    FilesRead read =
        HostFiles.of(host, source)
            .read(
                new OutputStream() {
                  private boolean begun;

                  @Override
                  public void write(int b) throws IOException {
                    write(new byte[] {(byte) b}, 0, 1);
                  }

                  @Override
                  public void write(byte[] data, int offset, int length) throws IOException {
                    if (!begun) {
                      begun = true;
                      Files.writeString(source.resolve("log"), "more", StandardOpenOption.APPEND);
                      Files.delete(source.resolve("vanishing"));
                      Files.writeString(source.resolve("new"), "new");
                    }
                  }
                });

    assertThat(read.changed())
        .contains(source + "/log", source + "/new", source + "/vanishing")
        .doesNotContain(source + "/quiet", source + "/first");
    assertThat(read.unreadable()).isEmpty();
  }

  @Test
  void leavesOutWhatItIsToldToAndNothingElse() {
    shell(
        "mkdir -p apps/data apps/data2 'apps/[a]'; touch apps/data/x apps/data2/y 'apps/[a]/z'"
            + " apps/a");

    FileIndex index =
        new HostFiles(
                host,
                source,
                List.of(source.resolve("apps/data"), source.resolve("apps/[a]")),
                Optional.empty())
            .index();

    assertThat(index.names())
        .containsExactly(
            "source", "source/apps", "source/apps/a", "source/apps/data2", "source/apps/data2/y");
  }

  @Test
  void aSingleFileIsReadAsWell() throws IOException {
    shell("echo one > -file");

    FilesRead read = HostFiles.of(host, source.resolve("-file")).read(new ByteArrayOutputStream());

    assertThat(read).isEqualTo(new FilesRead(1, 4, List.of(), List.of(), Optional.empty()));
  }

  @Test
  void whatIsNotThereIsSaidSo() {
    HostFiles missing = HostFiles.of(host, source.resolve("missing"));

    assertThatThrownBy(() -> missing.read(new ByteArrayOutputStream()))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FILES_MISSING))
        .hasMessageContaining("missing");
    assertThat(missing.index().files()).isZero();
  }

  @Test
  void aTarThatDiesHalfWayIsNoReading() {
    shell("seq 2000000 > large");
    CommandRunner dying =
        new CommandRunner() {
          @Override
          public dev.drp.runtime.RunningCommand start(Command command) {
            return host.start(
                command.program().equals("tar")
                    ? Command.of(
                            "bash",
                            "-c",
                            "\"$@\" | head -c 1000000; exit 2",
                            "-",
                            "tar",
                            "--create",
                            "--file=-",
                            "--format=pax",
                            "-C",
                            folder.toString(),
                            "./source")
                        .within(Duration.ofMinutes(1))
                    : command);
          }

          @Override
          public String place() {
            return host.place();
          }
        };

    assertThatThrownBy(() -> HostFiles.of(dying, source).read(new ByteArrayOutputStream()))
        .isInstanceOf(RecoveryException.class)
        .hasMessageContaining("ends within a member");
  }
}
