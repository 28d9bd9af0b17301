package dev.drp.backup;

import static dev.drp.backup.BackupFixture.ENVIRONMENT;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.TableRows;
import dev.drp.plan.BackupKind;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.Retention;
import dev.drp.plan.Span;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Backups that a machine takes which cannot read them. */
class EncryptedBackupTest {
  private static final int LARGE = 3 << 20;

  @TempDir Path folder;
  private BackupFixture fixture;
  private final FakeServerFiles files = FakeServerFiles.some(LARGE);

  @BeforeEach
  void prepare() {
    fixture = new BackupFixture(folder.resolve("state"));
    fixture.server.setBaseBackup(files.tar());
  }

  @Test
  void onlyWhatIsNeededWithoutAnIdentityIsPlain() {
    BackupManifest manifest = take(BackupKind.LOGICAL, "ada").manifest();

    assertThat(manifest.parts())
        .extracting(BackupPart::name)
        .containsExactly(
            "database.dump.gz.fake",
            "globals.sql.gz.fake",
            "facts.json.gz.fake",
            "create-database.sql.gz.fake",
            "properties.sql.gz.fake",
            "restore.sh",
            "README.md");
    for (String plain : List.of("manifest.json", "restore.sh", "README.md")) {
      assertThat(new String(fixture.local.content(fixture.object(manifest.id(), plain)), UTF_8))
          .as(plain)
          .doesNotContain("customers", "select count(*) from orders", "CREATE DATABASE");
    }
  }

  @Test
  void whoHasAnIdentityReadsWhatItHolds() throws IOException {
    take(BackupKind.LOGICAL, "ada", "grace");
    CatalogEntry backup = newest();

    assertThat(backup.manifest().recipients()).containsExactly("ada", "grace");
    assertThat(backup.manifest().rows()).isEmpty();
    BackupManifest unsealed = reader("grace").unsealed(backup.manifest(), copy(backup));
    assertThat(unsealed.rows())
        .contains(new TableRows("public", "customers", 2), new TableRows("public", "orders", 3));
    assertThat(unsealed.expectations()).hasSize(1);
    assertThat(new String(read(reader("ada"), backup, backup.manifest().dump()), UTF_8))
        .contains("Grace");
  }

  @Test
  void nobodyElseDoes() {
    take(BackupKind.LOGICAL, "ada");
    CatalogEntry backup = newest();

    assertFails(ErrorCode.IDENTITY_MISSING, () -> read(reader(), backup, backup.manifest().dump()));
    assertFails(
        ErrorCode.IDENTITY_REFUSED, () -> read(reader("eve"), backup, backup.manifest().dump()));
    assertFails(
        ErrorCode.IDENTITY_MISSING, () -> reader().unsealed(backup.manifest(), copy(backup)));
  }

  @Test
  void withoutAnIdentityVerificationComparesWhatIsStored() {
    for (BackupKind kind : List.of(BackupKind.LOGICAL, BackupKind.PHYSICAL)) {
      BackupManifest manifest = take(kind, "ada").manifest();
      CatalogEntry backup = fixture.listing().require(manifest.id());

      assertThat(verify(reader(), backup))
          .matches(it -> it.failure().isEmpty())
          .matches(it -> !it.decrypted());
      assertThat(verify(reader("ada"), backup))
          .matches(it -> it.failure().isEmpty())
          .matches(Verification::decrypted);

      ObjectName damaged =
          kind == BackupKind.LOGICAL
              ? fixture.object(manifest.id(), "globals.sql.gz.fake")
              : copy(backup).packs().object(manifest.requireBase().packs().get(0).name());
      fixture.local.flipBit(damaged, fixture.local.content(damaged).length - 1);
      assertThat(verify(reader(), backup).failure())
          .hasValueSatisfying(e -> assertThat(e.code()).isEqualTo(ErrorCode.BACKUP_CORRUPT));
      assertThat(fixture.listing().require(manifest.id()).state()).isEqualTo(BackupState.FAILED);
      fixture.clock.advance(Duration.ofHours(1));
    }
  }

  @Test
  void damageToWhoItIsForIsDamage() {
    for (BackupKind kind : List.of(BackupKind.LOGICAL, BackupKind.PHYSICAL)) {
      BackupManifest manifest = take(kind, "ada").manifest();
      CatalogEntry backup = fixture.listing().require(manifest.id());
      ObjectName damaged =
          kind == BackupKind.LOGICAL
              ? fixture.object(manifest.id(), "globals.sql.gz.fake")
              : copy(backup).packs().object(manifest.requireBase().packs().get(0).name());
      String stored = new String(fixture.local.content(damaged), ISO_8859_1);
      fixture.local.flipBit(damaged, stored.indexOf("ada"));

      assertThat(verify(reader("ada"), backup).failure())
          .hasValueSatisfying(e -> assertThat(e.code()).isEqualTo(ErrorCode.BACKUP_CORRUPT));
      fixture.clock.advance(Duration.ofHours(1));
    }
  }

  @Test
  void aCopyHasTheSameBytes() {
    BackupManifest manifest =
        takeBackup("ada")
            .take(fixture.request(fixture.localStorage, fixture.remoteStorage))
            .manifest();

    assertThat(fixture.listing().require(manifest.id()).copies()).hasSize(2);
    assertThat(fixture.listing().problems()).isEmpty();
    for (BackupPart part : manifest.parts()) {
      ObjectName name = fixture.object(manifest.id(), part.name());
      assertThat(fixture.remote.content(name)).isEqualTo(fixture.local.content(name));
    }
  }

  @Test
  void expiryLeavesNothingOfIt() {
    BackupManifest old = take(BackupKind.LOGICAL, "ada").manifest();
    fixture.clock.advance(Duration.ofDays(30));
    take(BackupKind.LOGICAL, "ada");

    new ExpireBackups(fixture.catalog(), fixture.state, fixture.clock)
        .apply(
            ENVIRONMENT,
            new RetentionPolicy(
                List.of(
                    BackupSchedule.every(
                        "every-6h",
                        Span.of(Duration.ofHours(6)),
                        ENVIRONMENT,
                        BackupKind.LOGICAL,
                        Retention.within(Span.parse("7d")),
                        "local")),
                Optional.empty(),
                ZoneOffset.UTC));

    assertThat(fixture.local.allNames()).noneMatch(name -> name.contains(old.id().value()));
  }

  @Test
  void aRepeatSharesPacksThoughItCannotReadThem() throws IOException {
    BackupManifest first = takePhysical("ada").manifest();
    files.change("base/5/16384", LARGE / 2);
    fixture.server.setBaseBackup(files.tar());

    BackupManifest second = takePhysical("ada").manifest();

    assertThat(second.requireBase().packs()).containsAll(first.requireBase().packs()).hasSize(2);
    assertThat(second.requireBase().newBytes()).isLessThan(2 * (256L << 10) + (16 << 10));
    assertThat(tar(reader("ada"), newest())).isEqualTo(files.tar());
    assertFails(ErrorCode.IDENTITY_MISSING, () -> tar(reader(), newest()));
  }

  @Test
  void otherRecipientsShareNothing() throws IOException {
    BackupManifest first = takePhysical("ada").manifest();

    BackupManifest second = takePhysical("ada", "grace").manifest();

    assertThat(second.requireBase().packs())
        .doesNotContainAnyElementsOf(first.requireBase().packs());
    assertThat(tar(reader("grace"), newest())).isEqualTo(files.tar());
  }

  @Test
  void whatWasPlainIsNotShared() throws IOException {
    BackupManifest first = fixture.takeBackup().take(request(BackupKind.PHYSICAL)).manifest();
    fixture.clock.advance(Duration.ofHours(1));

    BackupManifest second = takePhysical("ada").manifest();

    assertThat(second.requireBase().packs())
        .doesNotContainAnyElementsOf(first.requireBase().packs());
    assertThat(tar(reader("ada"), newest())).isEqualTo(files.tar());
  }

  @Test
  void amnesiaCostsSpaceAndNothingElse() throws IOException {
    takePhysical("ada");
    Files.delete(fixture.memory().file("chunks.local"));

    BackupManifest second = takePhysical("ada").manifest();

    assertThat(second.requireBase().packs()).hasSize(1);
    assertThat(tar(reader("ada"), newest())).isEqualTo(files.tar());
  }

  private BackupResult take(BackupKind kind, String... recipients) {
    return takeBackup(recipients).take(request(kind));
  }

  private BackupResult takePhysical(String... recipients) {
    fixture.clock.advance(Duration.ofHours(1));
    return take(BackupKind.PHYSICAL, recipients);
  }

  private BackupRequest request(BackupKind kind) {
    return new BackupRequest(
        BackupFixture.APPLICATION,
        fixture.environment,
        kind,
        Optional.of("every-6h"),
        List.of(fixture.localStorage),
        false);
  }

  private TakeBackup takeBackup(String... recipients) {
    return new TakeBackup(
        environment -> fixture.server,
        new Coding(new GzipCompression(), Optional.of(new FakeEncryption(recipients))),
        fixture.state,
        fixture.clock,
        Progress.SILENT,
        "1.0");
  }

  private CatalogEntry newest() {
    assertThat(fixture.listing().problems()).isEmpty();
    return fixture.listing().backups().get(0);
  }

  private static BackupCopy copy(CatalogEntry backup) {
    return backup.copiesToRead().get(0);
  }

  private static BackupReader reader(String... identities) {
    return new BackupReader(
        List.of(new GzipCompression()), List.of(FakeEncryption.Undone.with(identities)));
  }

  private static byte[] read(BackupReader reader, CatalogEntry backup, BackupPart part)
      throws IOException {
    try (InputStream content = reader.open(backup, part)) {
      return content.readAllBytes();
    }
  }

  private static byte[] tar(BackupReader reader, CatalogEntry backup) throws IOException {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    new BaseReader(reader).copyTar(backup.manifest(), copy(backup), tar, bytes -> {});
    return tar.toByteArray();
  }

  private Verification verify(BackupReader reader, CatalogEntry backup) {
    return new VerifyBackups(fixture.localCatalog(), reader, fixture.clock, Progress.SILENT)
        .verify(List.of(backup))
        .get(0);
  }

  private static void assertFails(ErrorCode code, ThrowingCallable action) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(RecoveryException.class, e -> assertThat(e.code()).isEqualTo(code));
  }
}
