package dev.drp.transfer.sync;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TreeTest {
  private static final String ROOT = "d 755 0:0 4096 1.0 2 1:1 8\0\0\0";
  private static final String FOLDER = "d 755 0:0 4096 1.0 2 1:2 8\0folder\0\0";
  private static final String LINK = "l 777 0:0 4 1.0 1 1:3 0\0link\0/etc\0";

  @Test
  void readsEntriesOfAnyName() throws IOException {
    Tree tree = read(ROOT, FOLDER, LINK, file("folder/new\nline"), file("-\u00e9"));

    assertThat(tree.root()).isTrue();
    assertThat(tree.rsync()).isFalse();
    assertThat(tree.entries().keySet())
        .containsExactly("", "-\u00e9", "folder", "folder/new\nline", "link");
    assertThat(tree.get("link"))
        .isEqualTo(new Entry("link", 'l', "777", "0:0", 4, "1.0", "/etc", false));
  }

  @Test
  void namesAFileByTheFirstOfItsNames() throws IOException {
    Tree tree =
        read(ROOT, "f 644 0:0 1 1.0 3 1:9 8\0b\0\0", "f 644 0:0 1 1.0 3 1:9 8\0a\0\0", file("c"));

    assertThat(tree.all())
        .extracting(Entry::link)
        .as("of the folder, a, b and c")
        .containsExactly("", "a", "a", "");
  }

  @Test
  void knowsFilesWithHoles() throws IOException {
    Tree tree =
        read(
            ROOT,
            "f 644 0:0 1048576 1.0 1 1:6 8\0holes\0\0",
            "f 644 0:0 1048577 1.0 1 1:7 2048\0full\0\0");

    assertThat(tree.all())
        .filteredOn(Entry::sparse)
        .extracting(Entry::name)
        .containsExactly("holes");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../out",
        "..",
        ".",
        "folder/../../out",
        "/etc/passwd",
        "folder//x",
        "link/passwd",
        "missing/file",
        "folder/",
        "folder/."
      })
  void refusesNamesThatLeadOutOfTheFolder(String name) {
    assertThatThrownBy(() -> read(ROOT, FOLDER, LINK, file(name)))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "f 644 0:0 many 1.0 1 1:4 8",
        "f 644 0:0 1 1.0 1 1:4 many",
        "f 644 0:0 1 1.0 1 1:4",
        "f 644 0:0 1 1.0 1 1:4 8 9"
      })
  void refusesFactsThatFindDoesNotWrite(String facts) {
    assertThatThrownBy(() -> read(ROOT, facts + "\0file\0\0"))
        .isInstanceOf(RecoveryException.class);
  }

  /** What comes after it is not read, so it would be deleted over there. */
  @Test
  void refusesAnEmptyTextInTheListingOfASource() {
    assertThatThrownBy(() -> read(ROOT, "\0", file("more")))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED));
  }

  @Test
  void tellsAListingThatIsCutFromOneThatHasItsEnd() throws IOException {
    Texts whole = texts(ROOT, file("a"), "\0");
    assertThat(Tree.read(whole, "a place").entries().keySet()).containsExactly("", "a");
    assertThat(whole.isEnded()).isFalse();

    Texts cut = texts(ROOT, file("a"), "f 644 0:0 1 1.0 1 1:5 8\0hal");
    assertThat(Tree.read(cut, "a place").entries().keySet()).containsExactly("", "a");
    assertThat(cut.isEnded()).isTrue();
  }

  @Test
  void showsNamesThatAreNoTextByTheirBytes() {
    assertThat(Entry.text("caf\u00c3\u00a9")).isEqualTo("café");
    assertThat(Entry.text("caf\u00e9")).isEqualTo("caf\\xe9");
    assertThat(Entry.text("")).isEqualTo(".");
  }

  private static String file(String name) {
    return "f 644 0:0 1 1.0 1 1:5 8\0" + name + "\0\0";
  }

  private static Tree read(String... entries) throws IOException {
    return Tree.read(listing(entries), "a place");
  }

  private static Texts texts(String... entries) {
    return new Texts(listing(entries));
  }

  private static InputStream listing(String... entries) {
    String listing = Arrays.stream(entries).collect(Collectors.joining("", "0\0\0", ""));
    return new ByteArrayInputStream(listing.getBytes(ISO_8859_1));
  }
}
