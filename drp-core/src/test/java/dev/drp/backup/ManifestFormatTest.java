package dev.drp.backup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.DatabaseDescription;
import dev.drp.database.DatabaseDescription.Extension;
import dev.drp.database.DatabaseProperties;
import dev.drp.database.DatabaseProperties.Privilege;
import dev.drp.database.DatabaseProperties.Setting;
import dev.drp.database.ExpectationResult;
import dev.drp.database.Lsn;
import dev.drp.database.ServerFacts;
import dev.drp.database.TableRows;
import dev.drp.plan.BackupKind;
import dev.drp.plan.Consistency;
import dev.drp.runtime.ImageIdentity;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestFormatTest {
  @Test
  void readsWhatItWrote() {
    assertThat(ManifestFormat.read(ManifestFormat.write(full()), "here")).isEqualTo(full());
  }

  @Test
  void readsWhatItWroteOfABackupThatHasLittle() {
    assertThat(ManifestFormat.read(ManifestFormat.write(little()), "here")).isEqualTo(little());
  }

  /** Backups are kept for years: a change of this file is a change of the format. */
  @Test
  void writesTheFormatThatEarlierVersionsWrote() throws IOException {
    try (InputStream golden = getClass().getResourceAsStream("manifest-format-1.json")) {
      assertThat(golden).isNotNull();
      assertThat(new String(ManifestFormat.write(full()), UTF_8))
          .isEqualTo(new String(golden.readAllBytes(), UTF_8));
    }
  }

  /** An earlier version would take what is encrypted for damaged. */
  @Test
  void anEncryptedBackupHasAFormatOfItsOwn() {
    byte[] content = ManifestFormat.write(full(List.of("age1operator", "age1emergency")));

    assertThat(new String(content, UTF_8))
        .contains("\"format\" : 2", "age1operator", "\"encryption\" : \"age\"");
    assertThat(ManifestFormat.read(content, "here"))
        .isEqualTo(full(List.of("age1operator", "age1emergency")));
  }

  /** An earlier version expects a database in every backup. */
  @Test
  void aBackupOfFilesHasAFormatOfItsOwn() throws IOException {
    try (InputStream golden = getClass().getResourceAsStream("manifest-format-3.json")) {
      assertThat(golden).isNotNull();
      byte[] content = ManifestFormat.write(ofFiles());
      assertThat(new String(content, UTF_8)).isEqualTo(new String(golden.readAllBytes(), UTF_8));
      assertThat(ManifestFormat.read(content, "here")).isEqualTo(ofFiles());
    }
  }

  @Test
  void refusesABackupOfNothing() {
    String nothing =
        new String(ManifestFormat.write(ofFiles()), UTF_8)
            .replaceFirst("(?s)\"files\" : \\{.*?\n  \\},", "\"files\" : null,");

    assertCode(ErrorCode.BACKUP_CORRUPT, withOwnHash(nothing).getBytes(UTF_8));
  }

  @Test
  void findsAFlippedBitWhereverItIs() {
    byte[] content = ManifestFormat.write(full());
    for (int i = 0; i < content.length; i += 7) {
      byte[] damaged = content.clone();
      damaged[i] ^= 1;
      assertThatThrownBy(() -> ManifestFormat.read(damaged, "here"))
          .as("bit flipped in byte %d", i)
          .isInstanceOf(RecoveryException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 100, 1000})
  void findsThatItWasCut(int length) {
    byte[] cut = java.util.Arrays.copyOf(ManifestFormat.write(full()), length);

    assertCode(ErrorCode.BACKUP_CORRUPT, cut);
  }

  @ParameterizedTest
  @ValueSource(strings = {"4", "0", "\"1\"", "1.5", "null", "{}"})
  void refusesAFormatThatItDoesNotKnowAndNamesBoth(String format) {
    byte[] other =
        new String(ManifestFormat.write(full()), UTF_8)
            .replace("\"format\" : 1", "\"format\" : " + format)
            .getBytes(UTF_8);

    assertThatThrownBy(() -> ManifestFormat.read(other, "set/manifest.json"))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FORMAT_UNKNOWN))
        .hasMessageContaining("set/manifest.json")
        .hasMessageContaining("format " + format)
        .hasMessageContaining("reads formats up to 3");
  }

  @Test
  void refusesAFileThatNamesNoFormat() {
    assertCode(ErrorCode.FORMAT_UNKNOWN, "{\"id\": \"x\"}".getBytes(UTF_8));
  }

  @Test
  void refusesAFileThatIsNoJson() {
    assertCode(ErrorCode.BACKUP_CORRUPT, new byte[] {0, 1, 2, 3});
  }

  private static void assertCode(ErrorCode code, byte[] content) {
    assertThatThrownBy(() -> ManifestFormat.read(content, "here"))
        .isInstanceOfSatisfying(RecoveryException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private static String withOwnHash(String manifest) {
    String hash = "\"manifestSha256\" : \"";
    String unsigned = manifest.replaceFirst(hash + "[0-9a-f]{64}", hash + "0".repeat(64));
    return unsigned.replace(hash + "0".repeat(64), hash + Sha256.of(unsigned.getBytes(UTF_8)));
  }

  private static BackupManifest ofFiles() {
    return new BackupManifest(
        new BackupId("20261122T101500Z-3f9a1c"),
        "Ask&Trust",
        "production",
        BackupKind.CONFIGURATION,
        false,
        Optional.of("configuration-daily"),
        new BackupManifest.Writer("0123456789abcdef", 3, "web-1", "0.1.0"),
        Instant.parse("2026-11-22T10:15:00.123456Z"),
        Duration.ofMillis(512),
        Instant.parse("2026-11-22T10:15:00.123456Z"),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of(),
        false,
        List.of(),
        List.of("/srv/app/closed"),
        List.of(
            new BackupPart(
                "files-01.tar.zst.age",
                "files-01.tar",
                2_000,
                "aa".repeat(32),
                9_000,
                Optional.of("zstd"),
                Optional.of("age"))),
        Optional.empty(),
        Optional.of(
            new FilesContent(
                List.of(
                    new FileArchive(
                        "files-01.tar",
                        FileArchive.Origin.HOST,
                        "",
                        "/srv/app",
                        Consistency.LIVE,
                        List.of("/srv/app/backup"),
                        12,
                        8_000)),
                Optional.of("app-prod"),
                List.of(
                    new FilesContent.ServiceImage(
                        "proxy",
                        new ImageIdentity("caddy:2", "sha256:4e5f", List.of("caddy@sha256:aa")))),
                List.of("/srv/app/log"),
                List.of("/srv/app/backup: holds backups"),
                false)),
        List.of("age1operator"));
  }

  private static BackupManifest little() {
    return BackupManifests.of(new BackupId("20261122T101500Z-3f9a1c"), BackupFixture.NOW);
  }

  private static BackupManifest full() {
    return full(List.of());
  }

  private static BackupManifest full(List<String> recipients) {
    return new BackupManifest(
        new BackupId("20261122T101500Z-3f9a1c"),
        "Ask&Trust",
        "production",
        BackupKind.LOGICAL,
        false,
        Optional.of("database-6h"),
        new BackupManifest.Writer("0123456789abcdef", 3, "web-1", "0.1.0"),
        Instant.parse("2026-11-22T10:15:00.123456Z"),
        Duration.ofMillis(9_512),
        Instant.parse("2026-11-22T10:15:01.000001Z"),
        new ServerFacts(
            150_018,
            "15.18 (Debian 15.18-1)",
            "7412345678901234567",
            false,
            Instant.parse("2026-11-22T10:15:00.5Z"),
            Duration.ofMillis(-12),
            Optional.of(
                new ImageIdentity("postgres:15", "sha256:4e5f", List.of("postgres@sha256:aa"))),
            "container shop-db-1",
            List.of("slot_1"),
            List.of("gid-1")),
        new DatabaseDescription(
            "ask \"and\" trust\n$(reboot)",
            1_018_000_000L,
            2,
            new DatabaseProperties(
                "ask_and_trust",
                "UTF8",
                "fr_FR.utf8",
                "fr_FR.utf8",
                "icu",
                Optional.of("fr"),
                Optional.of("153.120"),
                50,
                Optional.of(
                    List.of(
                        new Privilege(Optional.empty(), "CONNECT", false),
                        new Privilege(Optional.of("reporting"), "CONNECT", true))),
                List.of(new Setting(Optional.of("app"), "search_path", "\"$user\", public"))),
            List.of(new Extension("plpgsql", "1.0")),
            List.of("pub"),
            List.of("sub"),
            Optional.of("42")),
        List.of(new TableRows("public", "answer", 6_000_000), new TableRows("é", "tàble", 0)),
        List.of(
            new ExpectationResult(
                "categories present", "> 0", "12", true, Duration.ofMillis(3), true)),
        true,
        List.of("pg_dump (PostgreSQL) 15.18"),
        List.of(),
        List.of(
            new BackupPart(
                "database.dump.zst",
                "database.dump",
                205_000_000,
                "aa".repeat(32),
                900_000_000,
                Optional.of("zstd"),
                recipients.isEmpty() ? Optional.empty() : Optional.of("age")),
            new BackupPart(
                "README.md",
                "README.md",
                100,
                "cc".repeat(32),
                100,
                Optional.empty(),
                Optional.empty())),
        Optional.of(
            new BaseContent(
                2,
                Lsn.parse("16/B374D848"),
                Lsn.parse("16/B4000000"),
                1_100_000_000L,
                78_000_000,
                List.of(
                    new Pack("20261122T101500Z-3f9a1c.000001.zst", 64_000_000, "dd".repeat(32))),
                List.of("/etc/postgresql/15/main/pg_hba.conf"))),
        recipients);
  }
}
