package dev.drp.it.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.it.support.Programs;
import dev.drp.it.support.Shop;
import dev.drp.it.support.WithShop;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What a user sees when a backup is damaged, foreign or not what it says, each with the real fault
 * on a real server.
 */
class RestoreFaultsTest extends WithShop {
  private static final String MANIFEST = "manifest.json";

  @Test
  void flippedBitIsFoundAndTheOlderGoodBackupIsNamed() throws Exception {
    String older = shop.backUp();
    String newer = shop.backUp();
    flipABit(shop.file(newer, "database.dump"));

    Programs.Result refused = restore("--backup", newer);

    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.stdout() + refused.stderr()).contains(newer, older, "was not touched");
    assertThat(shop.drp("backups", "verify").exitCode()).isNotZero();
    assertThat(shop.drp("backups").stdout()).containsPattern(newer + " .*FAILED");
  }

  @Test
  void truncatedPartIsFoundAndTheOlderGoodBackupIsNamed() throws Exception {
    String older = shop.backUp();
    String newer = shop.backUp();
    try (RandomAccessFile part =
        new RandomAccessFile(shop.file(newer, "database.dump").toFile(), "rw")) {
      part.setLength(part.length() - 1);
    }

    Programs.Result verified = shop.drp("backups", "verify");
    Programs.Result refused = restore("--backup", newer);

    assertThat(verified.exitCode()).isEqualTo(3);
    assertThat(verified.stdout()).contains(newer, older);
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.stdout() + refused.stderr())
        .contains("backup " + newer, "the next older good backup is " + older, "was not touched");
    assertThat(shop.databasesOfRestores()).isEmpty();
  }

  @Test
  void manifestOfAnUnknownFormatIsListedKeptAndInNobodysWay() throws Exception {
    shop.backUp();
    String unknown = shop.backUp();
    Path manifest = shop.file(unknown, MANIFEST);
    Files.writeString(
        manifest, Files.readString(manifest).replaceFirst("\"format\" : \\d+", "\"format\" : 999"));
    List<Path> before = files(manifest);

    Programs.Result listed = shop.drp("backups");
    String newest = shop.backUp();
    shop.sql(Shop.DATABASE, "delete from " + Shop.TABLE);
    Programs.Result restored = restore();

    assertThat(listed.exitCode()).isZero();
    assertThat(listed.stdout()).contains(unknown, "999");
    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    assertThat(restored.stdout()).contains(newest);
    assertThat(shop.rows()).isEqualTo(Shop.ROWS);
    assertThat(files(manifest)).isEqualTo(before);
  }

  @Test
  void whatDiffersFromTheManifestIsDroppedBeforeTheSwitch() throws Exception {
    String backup = shop.backUp();
    changeRows(shop.file(backup, MANIFEST), Shop.ROWS + 1);
    shop.sql(Shop.DATABASE, "delete from %s where id > 7".formatted(Shop.TABLE));

    Programs.Result result = restore();

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.stdout())
        .contains("expected 100001", "100000", "was not touched", "was dropped");
    assertThat(shop.rows()).isEqualTo(7);
    assertThat(shop.databasesOfRestores()).isEmpty();
    assertThat(shop.drp("backups").stdout()).containsPattern(backup + " .*FAILED");
  }

  @Test
  void databaseWithContentIsNotReplacedUnconfirmed() throws Exception {
    shop.backUp();

    Programs.Result result = shop.drp("restore", "production");

    assertThat(result.exitCode()).isEqualTo(6);
    assertThat(shop.rows()).isEqualTo(Shop.ROWS);
  }

  private Programs.Result restore(String... arguments) {
    return shop.drp(
        Stream.concat(
                Stream.of("restore", "production", "--confirm", Shop.DATABASE),
                Stream.of(arguments))
            .toArray(String[]::new));
  }

  private static void flipABit(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
  }

  /** With the hash of itself that docs/design/backup-format.md tells: a manifest that lies. */
  private static void changeRows(Path manifest, int rows) throws Exception {
    String unsigned =
        Files.readString(manifest, ISO_8859_1)
            .replace("\"rows\" : " + Shop.ROWS, "\"rows\" : " + rows)
            .replaceFirst("(\"manifestSha256\" : \")[0-9a-f]{64}", "$1" + "0".repeat(64));
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(unsigned.getBytes(ISO_8859_1));
    Files.writeString(
        manifest, unsigned.replaceFirst("0{64}", HexFormat.of().formatHex(hash)), ISO_8859_1);
  }

  /** The files beside one. */
  private static List<Path> files(Path manifest) throws IOException {
    try (Stream<Path> files = Files.walk(manifest.resolveSibling("."))) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }
}
