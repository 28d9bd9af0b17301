package dev.drp.backup;

import static dev.drp.backup.BackupFixture.ENVIRONMENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.Lsn;
import dev.drp.plan.BackupKind;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.Retention;
import dev.drp.plan.Span;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PhysicalBackupTest {
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
  void takesABackupThatTellsWhatItHolds() {
    BackupManifest manifest = take().manifest();

    assertThat(manifest.kind()).isEqualTo(BackupKind.PHYSICAL);
    BaseContent base = manifest.requireBase();
    assertThat(base.timeline()).isEqualTo(1);
    assertThat(base.start()).isEqualTo(Lsn.parse("0/2000028"));
    assertThat(base.end()).isEqualTo(Lsn.parse("0/2000138"));
    assertThat(base.tarBytes()).isEqualTo(files.tar().length);
    assertThat(base.packs())
        .singleElement()
        .satisfies(
            pack -> {
              assertThat(pack.name()).isEqualTo(manifest.id() + ".000001.gz");
              assertThat(pack.bytes()).isEqualTo(base.newBytes());
            });
    assertThat(manifest.rows()).hasSize(2);
    assertThat(manifest.parts())
        .extracting(BackupPart::name)
        .containsExactly("base.index", "base.chunks.gz", "restore.sh", "README.md");
    assertThat(fixture.listing().newestGood()).map(CatalogEntry::id).contains(manifest.id());
    assertThat(fixture.listing().problems()).isEmpty();
    assertThat(fixture.server.openBaseBackups()).isZero();
  }

  @Test
  void givesBackTheVeryTar() throws IOException {
    take();

    assertThat(tarOf(newest())).isEqualTo(files.tar());
  }

  @Test
  void keepsTheConfigurationFromOutside() {
    fixture.server.setConfiguration(new byte[10_240], List.of("/etc/postgresql/pg_hba.conf"));

    BackupManifest manifest = take().manifest();

    assertThat(manifest.requireBase().configuration())
        .containsExactly("/etc/postgresql/pg_hba.conf");
    assertThat(manifest.part(SetLayout.CONFIGURATION).plainBytes()).isEqualTo(10_240);
  }

  @Test
  void storesOnlyWhatChanged() throws IOException {
    BackupManifest first = take().manifest();
    files.change("base/5/16384", LARGE / 2);
    files.change("base/5/1007", 12);
    fixture.server.setBaseBackup(files.tar());

    BackupManifest second = takeLater().manifest();

    // one chunk of the large file, one gathering of small ones
    assertThat(second.requireBase().newBytes())
        .isBetween(256L << 10, 2 * (256L << 10) + (16 << 10));
    assertThat(second.requireBase().packs()).containsAll(first.requireBase().packs()).hasSize(2);
    assertThat(tarOf(newest())).isEqualTo(files.tar());
  }

  @Test
  void storesNothingTwiceInOneBackup() {
    byte[] same = new byte[1 << 20];
    FakeServerFiles zeros = new FakeServerFiles().put("a", same).put("b", same);
    fixture.server.setBaseBackup(zeros.tar());

    BackupManifest manifest = take().manifest();

    assertThat(manifest.requireBase().tarBytes()).isGreaterThan(3 << 20);
    assertThat(manifest.requireBase().newBytes()).isLessThan((1 << 20) + (8 << 10)); // pg_wal
  }

  @Test
  void letsGoOfAPackThatIsHardlyNeededAnyMore() {
    take();
    FakeServerFiles other = FakeServerFiles.some(LARGE);
    other.put("base/5/16384", new byte[LARGE]);
    fixture.server.setBaseBackup(other.tar());
    takeLater();

    BackupManifest third = takeLater().manifest();

    assertThat(third.requireBase().packs())
        .extracting(Pack::name)
        .noneMatch(
            name ->
                name.startsWith(third.id().value() + ".")
                    && third.requireBase().packs().size() > 2);
    assertThat(tar(third)).isEqualTo(other.tar());
  }

  @Test
  void isNoBackupWhenAFileIsNotWhatTheServerSays() {
    String said = files.manifest();
    files.change("base/5/1003", 5);
    fixture.server.setBaseBackup(files.tar(said));

    assertFails(ErrorCode.VERIFICATION_FAILED, this::take, "base/5/1003");
    assertNothingIsLeft();
  }

  @Test
  void isNoBackupWithoutAFileThatTheServerNames() {
    String said = files.manifest();
    FakeServerFiles fewer = new FakeServerFiles().put("backup_label", files.get("backup_label"));
    fixture.server.setBaseBackup(fewer.tar(said));

    assertFails(ErrorCode.VERIFICATION_FAILED, this::take, "base/5/1000 is missing");
    assertNothingIsLeft();
  }

  @Test
  void isNoBackupWhenTheServersManifestIsDamaged() {
    fixture.server.setBaseBackup(files.tar(files.manifest().replace("8192", "8191")));

    assertFails(ErrorCode.VERIFICATION_FAILED, this::take, "backup_manifest is damaged");
    assertNothingIsLeft();
  }

  @Test
  void isNoBackupWhenTheTarIsCut() {
    byte[] tar = files.tar();
    fixture.server.setBaseBackup(java.util.Arrays.copyOf(tar, tar.length - 2048));

    assertFails(ErrorCode.VERIFICATION_FAILED, this::take, "has no end");
    assertNothingIsLeft();
  }

  @Test
  void isNoBackupWhenTheProgramDies() {
    fixture.server.killBaseBackupAfter(LARGE);

    assertFails(ErrorCode.COMMAND_FAILED, this::take, "");
    assertNothingIsLeft();
  }

  @Test
  void isNoBackupWhenTheStorageIsFull() {
    fixture.local.setCapacity(LARGE);

    assertFails(ErrorCode.OUT_OF_SPACE, this::take, "");
    fixture.local.setCapacity(Long.MAX_VALUE);
    assertNothingIsLeft();
  }

  @Test
  void isNoBackupWhenTheStorageGivesBackAnotherPack() {
    BackupStorage lying =
        new FailingStorage(fixture.local, name -> false) {
          @Override
          public StoredObject put(ObjectName name, Content content) {
            StoredObject stored = super.put(name, content);
            if (name.value().contains("/packs/")) {
              fixture.local.flipBit(name, 2 << 20);
            }
            return stored;
          }
        };

    assertFails(
        ErrorCode.BACKUP_CORRUPT,
        () -> fixture.takeBackup().take(request(new NamedStorage("local", false, true, lying))),
        "from byte 2097152 on");
    assertNothingIsLeft();
  }

  @Test
  void findsAFlippedBitInASharedPackInEveryBackupThatNeedsIt() {
    BackupManifest first = take().manifest();
    files.change("base/5/1007", 12);
    fixture.server.setBaseBackup(files.tar());
    takeLater();
    fixture.local.flipBit(pack(first), LARGE / 2);

    List<Verification> verified =
        new VerifyBackups(fixture.localCatalog(), fixture.reader, fixture.clock, Progress.SILENT)
            .verify(fixture.listing().backups());

    assertThat(verified)
        .hasSize(2)
        .allSatisfy(
            it ->
                assertThat(it.failure().orElseThrow().code()).isEqualTo(ErrorCode.BACKUP_CORRUPT));
    assertThat(fixture.listing().newestGood()).isEmpty();
    assertThatThrownBy(() -> tarOf(newest())).isInstanceOf(RecoveryException.class);

    BackupManifest anew = takeLater().manifest();
    assertThat(anew.requireBase().packs())
        .allMatch(pack -> pack.name().startsWith(anew.id().value()));
    assertThat(tar(anew)).isEqualTo(files.tar());
  }

  @Test
  void verifiesWhatIsIntact() {
    take();
    files.change("base/5/16384", 77);
    fixture.server.setBaseBackup(files.tar());
    takeLater();

    assertThat(
            new VerifyBackups(
                    fixture.localCatalog(), fixture.reader, fixture.clock, Progress.SILENT)
                .verify(fixture.listing().backups()))
        .hasSize(2)
        .allMatch(it -> it.failure().isEmpty());
  }

  @Test
  void noticesAMissingPack() {
    BackupManifest manifest = take().manifest();
    fixture.local.delete(pack(manifest));

    CatalogEntry backup = fixture.listing().require(manifest.id());
    assertThat(backup.state()).isEqualTo(BackupState.FAILED);
    assertThat(backup.copies().get(0).defects())
        .containsExactly(
            "pack %s is missing".formatted(manifest.requireBase().packs().get(0).name()));
    assertThatThrownBy(() -> tarOf(backup)).hasMessageContaining("it is missing");
  }

  @Test
  void copiesWhatTheOtherStorageLacks() throws IOException {
    takeTo(fixture.localStorage, fixture.remoteStorage);
    files.change("base/5/16384", LARGE / 2);
    fixture.server.setBaseBackup(files.tar());
    fixture.clock.advance(Duration.ofHours(6));
    BackupResult second = takeTo(fixture.localStorage, fixture.remoteStorage);

    assertThat(second.exitStatus()).isEqualTo(dev.drp.ExitStatus.OK);
    CatalogEntry backup = newest();
    assertThat(backup.copies()).hasSize(2);
    for (BackupCopy copy : backup.copies()) {
      assertThat(tarOf(backup.manifest(), copy)).isEqualTo(files.tar());
    }
    assertThat(packNames(fixture.remote)).isEqualTo(packNames(fixture.local)).hasSize(2);
  }

  @Test
  void expiresAPackOnlyWhenNobodyNeedsItAnyMore() {
    BackupManifest first = take().manifest();
    files.change("base/5/16384", LARGE / 2);
    fixture.server.setBaseBackup(files.tar());
    BackupManifest second = takeLater().manifest();
    fixture.server.setBaseBackup(
        FakeServerFiles.some(LARGE).put("base/5/16384", new byte[LARGE]).tar());

    expireOlderThan(Duration.ofHours(1));

    assertThat(fixture.listing().backups())
        .extracting(CatalogEntry::id)
        .containsExactly(second.id());
    assertThat(packNames(fixture.local))
        .contains(first.requireBase().packs().get(0).name()); // the second one needs it
    assertThat(tar(second)).isEqualTo(files.tar());

    takeLater();
    BackupManifest fourth = takeLater().manifest();
    expireOlderThan(Duration.ofHours(1));

    assertThat(fixture.listing().backups())
        .extracting(CatalogEntry::id)
        .containsExactly(fourth.id());
    assertThat(packNames(fixture.local))
        .containsExactlyInAnyOrderElementsOf(
            fourth.requireBase().packs().stream().map(Pack::name).toList());
  }

  @Test
  void expiresNoPackWhileAManifestCannotBeRead() {
    BackupManifest first = take().manifest();
    files.change("base/5/16384", LARGE / 2);
    fixture.server.setBaseBackup(files.tar());
    takeLater();
    fixture.local.flipBit(fixture.object(first.id(), "manifest.json"), 30);
    fixture.local.plant(
        "Ask%26Trust/production/7000000000000000001/packs/20200101T000000Z-aaaaaa.000001.gz",
        new byte[3]);

    ExpiryPlan expired = expireOlderThan(Duration.ofHours(1));

    assertThat(packNames(fixture.local)).hasSize(3);
    assertThat(expired.problems())
        .anyMatch(problem -> problem.what().contains("stay, as backup " + first.id()));
  }

  @Test
  void cleansUpThePacksOfAWriterThatDied() {
    BackupId died = new BackupId("20261122T090000Z-0a0a0a");
    fixture.local.plant(fixture.object(died, "started.json").value(), new byte[2]);
    fixture.local.plant(
        "Ask%26Trust/production/7000000000000000001/packs/" + died + ".000001.gz", new byte[3]);

    BackupManifest manifest = take().manifest();

    assertThat(packNames(fixture.local))
        .containsExactly(manifest.requireBase().packs().get(0).name());
  }

  private BackupResult take() {
    return takeTo(fixture.localStorage);
  }

  private BackupResult takeLater() {
    fixture.clock.advance(Duration.ofHours(6));
    return take();
  }

  private BackupResult takeTo(NamedStorage... storages) {
    return fixture.takeBackup().take(request(storages));
  }

  private BackupRequest request(NamedStorage... storages) {
    return new BackupRequest(
        BackupFixture.APPLICATION,
        fixture.environment,
        BackupKind.PHYSICAL,
        Optional.of("base"),
        List.of(storages),
        false);
  }

  private ExpiryPlan expireOlderThan(Duration age) {
    return new ExpireBackups(fixture.catalog(), fixture.state, fixture.clock)
        .apply(ENVIRONMENT, retention(age));
  }

  private static RetentionPolicy retention(Duration age) {
    return new RetentionPolicy(
        List.of(
            BackupSchedule.every(
                "base",
                Span.of(Duration.ofHours(6)),
                ENVIRONMENT,
                BackupKind.PHYSICAL,
                Retention.within(Span.of(age)),
                "local")),
        Optional.empty(),
        ZoneOffset.UTC);
  }

  private CatalogEntry newest() {
    return fixture.listing().backups().get(0);
  }

  private byte[] tar(BackupManifest manifest) {
    try {
      return tarOf(fixture.listing().require(manifest.id()));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private byte[] tarOf(CatalogEntry backup) throws IOException {
    return tarOf(backup.manifest(), backup.copiesToRead().get(0));
  }

  private byte[] tarOf(BackupManifest manifest, BackupCopy copy) throws IOException {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    new BaseReader(fixture.reader).copyTar(manifest, copy, tar, bytes -> {});
    return tar.toByteArray();
  }

  private ObjectName pack(BackupManifest manifest) {
    return newest().copies().get(0).packs().object(manifest.requireBase().packs().get(0).name());
  }

  private static List<String> packNames(InMemoryStorage storage) {
    return storage.allNames().stream()
        .filter(name -> name.contains("/packs/"))
        .map(name -> name.substring(name.lastIndexOf('/') + 1))
        .toList();
  }

  private void assertNothingIsLeft() {
    assertThat(fixture.listing().backups()).isEmpty();
    assertThat(fixture.listing().problems()).isEmpty();
    assertThat(fixture.local.allNames()).allMatch(name -> name.contains("/writers/"));
    assertThat(fixture.server.openBaseBackups()).isZero();
  }

  private static void assertFails(ErrorCode code, ThrowingCallable action, String message) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code))
        .hasMessageContaining(message);
  }
}
