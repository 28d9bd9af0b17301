package dev.drp.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.LocalCommandRunner;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostileArchiveTest {
  @TempDir private Path folder;
  private Path outside;
  private Path target;

  @BeforeEach
  void makeFolders() throws IOException {
    outside = Files.createDirectory(folder.resolve("outside"));
    Files.writeString(outside.resolve("victim"), "as it was");
    target = Files.createDirectory(folder.resolve("target"));
  }

  /** An archive, given the folder that it wants to write to. */
  private record Attack(String name, ErrorCode code, Function<Path, InputStream> tar) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Attack refused(String name, Function<Path, RawTar> tar) {
    return new Attack(name, ErrorCode.REFUSED, outside -> tar.apply(outside).whole());
  }

  private static Attack broken(String name, Function<Path, InputStream> tar) {
    return new Attack(name, ErrorCode.BACKUP_CORRUPT, tar);
  }

  static Stream<Attack> attacks() {
    String up = "../outside/victim";
    return Stream.of(
        refused("upwards", o -> new RawTar().file(up, "evil")),
        refused("upwards in the middle", o -> new RawTar().file("a/../../outside/victim", "evil")),
        refused("absolute", o -> new RawTar().file(o + "/victim", "evil")),
        refused("upwards in pax", o -> new RawTar().pax("path", up).file("fine", "evil")),
        refused("absolute in pax", o -> new RawTar().pax("path", o + "/victim").file("x", "evil")),
        refused(
            "upwards in a sparse name",
            o ->
                new RawTar()
                    .member(
                        "pax",
                        'x',
                        "",
                        """
                        22 GNU.sparse.major=1
                        22 GNU.sparse.minor=0
                        37 GNU.sparse.name=../outside/victim
                        25 GNU.sparse.realsize=4
                        """)
                    .file("fine", "1\n0\n4\n" + "\0".repeat(506) + "evil")),
        refused(
            "through a symbolic link",
            o -> new RawTar().symbolicLink("link", o.toString()).file("link/victim", "evil")),
        refused(
            "through a relative link",
            o -> new RawTar().symbolicLink("link", "../outside").file("link/victim", "evil")),
        refused(
            "through a link far below",
            o -> new RawTar().folder("a").symbolicLink("a/l", "/").file("a/l/tmp/x/y", "evil")),
        refused(
            "a link in place of a folder",
            o ->
                new RawTar()
                    .file("a/b", "x")
                    .symbolicLink("a", o.toString())
                    .file("a/victim", "evil")),
        refused(
            "over a link of the same name",
            o -> new RawTar().symbolicLink("l", o + "/victim").file("l", "evil")),
        refused("a hard link upwards", o -> new RawTar().hardLink("h", up).file("h", "evil")),
        refused("a hard link to elsewhere", o -> new RawTar().hardLink("h", o + "/victim")),
        refused("a hard link in pax", o -> new RawTar().pax("linkpath", up).hardLink("h", "x")),
        refused(
            "a hard link through a link",
            o ->
                new RawTar().symbolicLink("l", o + "/victim").hardLink("h", "l").file("h", "evil")),
        refused("no name", o -> new RawTar().symbolicLink("./", o.toString())),
        refused(
            "longer than any path",
            o -> new RawTar().pax("path", "d/".repeat(3000) + "f").file("x", "x")),
        broken("cut", o -> new RawTar().file("a", "x").cut()),
        broken("old GNU names", o -> new RawTar().member("././@LongLink", 'L', "", up).whole()),
        broken(
            "old sparse map",
            o -> new RawTar().pax("GNU.sparse.map", "0,4").file("x", "evil").whole()),
        broken(
            "a size that is not there",
            o -> new RawTar().pax("size", "9000000000000000000").file("x", "x").whole()),
        broken("a negative size", o -> new RawTar().pax("size", "-1").file("x", "x").whole()),
        broken("a link with content", o -> new RawTar().member("l", '2', "x", "content").whole()),
        broken(
            "members after the end",
            o -> new RawTar().file("a", "x").end().file("b", "evil").whole()));
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void cannotWriteOutsideOfItsFolder(Attack attack) throws IOException {
    HostFolder into = new HostFolder(new LocalCommandRunner(), target);

    assertThatThrownBy(() -> into.unpack(attack.tar.apply(outside), ""))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(attack.code));

    assertThat(outside.resolve("victim")).hasContent("as it was");
    try (Stream<Path> all = Files.list(outside)) {
      assertThat(all).hasSize(1);
    }
  }

  /** Through a link that one archive makes, the next one in that folder could write anywhere. */
  @ParameterizedTest
  @ValueSource(strings = {"link/victim", "link", "b/../link/victim", "bb/x", "./"})
  void anArchiveHasNothingOutsideOfTheNameThatItIsOf(String name) throws IOException {
    HostFolder into = new HostFolder(new LocalCommandRunner(), target);
    into.unpack(new RawTar().symbolicLink("link", outside.toString()).whole(), "link");
    RawTar second = name.equals("./") ? new RawTar().folder(name) : new RawTar().file(name, "evil");

    assertThatThrownBy(() -> into.unpack(second.whole(), "b"))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED));

    assertThat(outside.resolve("victim")).hasContent("as it was");
    into.unpack(new RawTar().folder("b").file("b/x", "fine").whole(), "b");
    assertThat(target.resolve("b/x")).hasContent("fine");
  }

  @Test
  void devicesAreLeftOutAndNamed() {
    RawTar tar = new RawTar().file("before", "x").member("disk", '4', "", "").file("after", "y");

    List<String> leftOut = new HostFolder(new LocalCommandRunner(), target).unpack(tar.whole(), "");

    assertThat(leftOut).containsExactly("disk (a device)");
    assertThat(target.resolve("disk")).doesNotExist();
    assertThat(target.resolve("after")).hasContent("y");
  }

  @Test
  void aLinkThatLeadsOutsideIsKeptAndNotFollowed() throws IOException {
    RawTar tar = new RawTar().symbolicLink("link", outside.toString()).folder("other");

    new HostFolder(new LocalCommandRunner(), target).unpack(tar.whole(), "");

    assertThat(Files.readSymbolicLink(target.resolve("link"))).isEqualTo(outside);
    assertThat(Files.exists(target.resolve("link"), LinkOption.NOFOLLOW_LINKS)).isTrue();
  }

  @Test
  void nothingThatIsThereIsReplaced() throws IOException {
    Files.writeString(target.resolve("mine"), "mine");

    assertThatThrownBy(
            () ->
                new HostFolder(new LocalCommandRunner(), target)
                    .unpack(new RawTar().file("mine", "theirs").whole(), ""))
        .isInstanceOf(RecoveryException.class);
    assertThat(target.resolve("mine")).hasContent("mine");
  }

  @Test
  void aFolderThatIsDeeplyNestedIsUnpacked() {
    String deep = "d/".repeat(1000) + "file";

    new HostFolder(new LocalCommandRunner(), target)
        .unpack(new RawTar().pax("path", deep).file("x", "deep").whole(), "");

    assertThat(target.resolve(deep)).hasContent("deep");
  }
}
