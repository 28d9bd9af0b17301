package dev.drp.transfer.sync;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A source that means harm. What a real tar writes passes in the tests with a real sshd. */
class TarFilterTest {
  private static final Map<String, Entry> ASKED =
      Map.of(
          "file", entry("file", 'f', ""),
          "folder", entry("folder", 'd', ""),
          "link", entry("link", 'l', "file"));

  private final ByteArrayOutputStream tar = new ByteArrayOutputStream();

  @Test
  void passesWhatWasAskedForAsItWasListed() throws IOException {
    member("./folder/", '5', "", "");
    member("./link", '2', "file", "");
    member("./file", '0', "", "content");

    assertThat(filtered()).isEqualTo(whole());
  }

  @ParameterizedTest
  @CsvSource({
    "./other,      0, ''",
    "/etc/passwd,  0, ''",
    "../file,      0, ''",
    "./../out,     0, ''",
    "./folder/../file, 0, ''",
    "./folder/x,   0, ''",
    "./folder,     0, ''",
    "./file,       5, ''",
    "./link,       0, ''",
    "./link,       2, /etc",
    "./folder,     2, /etc",
    "./file,       1, /etc/passwd",
    "./file,       1, ../../etc/passwd",
    "./file,       1, ./link",
    "./file,       3, ''",
    "./file,       6, ''",
    "./file,       L, ''",
  })
  void dropsEverythingElse(String name, char type, String link) throws IOException {
    member(name, type, link, "");
    tar.write(new byte[1024]);

    assertThat(filtered(tar.toByteArray())).isEqualTo(new byte[1024]);
  }

  @Test
  void goesByTheNamesOfTheExtendedHeader() throws IOException {
    member("./PaxHeaders/x", 'x', "", record("path", "./../../etc/passwd"));
    member("./file", '0', "", "content");
    tar.write(new byte[1024]);

    assertThat(filtered(tar.toByteArray())).isEqualTo(new byte[1024]);
  }

  @Test
  void goesByTheSizeOfTheExtendedHeader() throws IOException {
    member("./PaxHeaders/x", 'x', "", record("size", "512"));
    member("./file", '0', "", "");
    tar.write(new byte[512]); // content, not the end
    member("./file", '0', "", "more");

    assertThat(filtered()).isEqualTo(whole());
  }

  @ParameterizedTest
  @CsvSource({"SCHILY.xattr.security.capability, x", "GNU.sparse.map, 0", "comment, x"})
  void refusesHeadersThatOurTarNeverWrites(String key, String value) throws IOException {
    member("./PaxHeaders/x", 'x', "", record(key, value));
    member("./file", '0', "", "");

    assertRefused(key);
  }

  @Test
  void refusesAHeaderThatIsDamaged() throws IOException {
    member("./PaxHeaders/x", 'x', "", "99 path=./file\n");
    member("./file", '0', "", "");

    assertRefused("damaged");
  }

  @Test
  void refusesALinkWithContentInWhichAnotherMemberCouldHide() throws IOException {
    member("./link", '2', "file", "content");

    assertRefused("with content");
  }

  @Test
  void noticesThatTheTarIsCut() throws IOException {
    member("./file", '0', "", "content");
    byte[] cut = Arrays.copyOf(tar.toByteArray(), 700);

    assertThatThrownBy(() -> filtered(cut)).isInstanceOf(EOFException.class);
    assertThatThrownBy(() -> filtered(tar.toByteArray())).isInstanceOf(EOFException.class);
  }

  private void assertRefused(String because) throws IOException {
    byte[] all = whole();
    assertThatThrownBy(() -> filtered(all))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED))
        .hasMessageContaining(because);
  }

  private byte[] whole() throws IOException {
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    whole.writeBytes(tar.toByteArray());
    whole.writeBytes(new byte[1024]);
    return whole.toByteArray();
  }

  private byte[] filtered() throws IOException {
    return filtered(whole());
  }

  private static byte[] filtered(byte[] tar) throws IOException {
    ByteArrayOutputStream passed = new ByteArrayOutputStream();
    new TarFilter(ASKED, new ByteArrayInputStream(tar), passed).run();
    return passed.toByteArray();
  }

  private void member(String name, char type, String link, String content) {
    byte[] header = new byte[512];
    put(header, 0, name);
    put(header, 124, "%011o".formatted(content.length()));
    header[156] = (byte) type;
    put(header, 157, link);
    put(header, 257, "ustar\00000");
    tar.writeBytes(header);
    tar.writeBytes(
        Arrays.copyOf(content.getBytes(ISO_8859_1), (content.length() + 511) / 512 * 512));
  }

  private static void put(byte[] header, int offset, String text) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    System.arraycopy(bytes, 0, header, offset, bytes.length);
  }

  private static String record(String key, String value) {
    String rest = " " + key + "=" + value + "\n";
    int length = rest.length() + 1;
    while (Integer.toString(length).length() + rest.length() != length) {
      length++;
    }
    return length + rest;
  }

  private static Entry entry(String name, char type, String link) {
    return new Entry(name, type, "644", "0:0", 0, "1.0000000000", link, false);
  }
}
