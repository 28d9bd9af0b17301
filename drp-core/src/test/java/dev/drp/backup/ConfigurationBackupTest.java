package dev.drp.backup;

import static dev.drp.backup.BackupFixture.ENVIRONMENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.files.FilePlaces;
import dev.drp.plan.BackupKind;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.Environment;
import dev.drp.plan.Retention;
import dev.drp.plan.Span;
import dev.drp.runtime.LocalCommandRunner;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Backups of files, with real files and storages in memory. */
class ConfigurationBackupTest {
  private static final String SCHEDULE = "configuration-daily";

  @TempDir private Path folder;
  private BackupFixture fixture;
  private Path apps;
  private Path caddyfile;
  private Environment environment;

  @BeforeEach
  void makeFiles() throws IOException {
    fixture = new BackupFixture(folder.resolve("state"));
    apps = Files.createDirectory(folder.resolve("apps"));
    Files.writeString(apps.resolve(".env"), "JWT_SECRET=do not tell\n");
    Files.createDirectories(apps.resolve("backups/old"));
    caddyfile = Files.writeString(folder.resolve("Caddyfile"), "shop.example.net");
    environment =
        Environment.builder(ENVIRONMENT, "primary")
            .configuration(apps)
            .configuration(caddyfile)
            .configuration(apps.resolve(".env"))
            .build();
  }

  private TakeBackup takeBackup(Coding coding) {
    return new TakeBackup(
        any -> {
          throw new AssertionError("no database is needed");
        },
        coding,
        fixture.state,
        fixture.clock,
        Progress.SILENT,
        "1.0",
        new FilePlaces(
            new LocalCommandRunner(),
            () -> {
              throw new AssertionError("no engine is needed");
            },
            List.of(apps.resolve("backups"))));
  }

  private BackupRequest request(boolean plain, NamedStorage... storages) {
    return new BackupRequest(
        BackupFixture.APPLICATION,
        environment,
        BackupKind.CONFIGURATION,
        Optional.of(SCHEDULE),
        List.of(storages),
        false,
        Optional.empty(),
        plain,
        false);
  }

  private BackupResult take() {
    return takeBackup(Coding.plain(new GzipCompression()))
        .take(request(false, fixture.localStorage));
  }

  @Test
  void isABackupAsEveryOther() {
    BackupResult result = take();

    assertThat(result.exitStatus()).isEqualTo(ExitStatus.OK);
    FilesContent files = result.manifest().requireFiles();
    assertThat(files.archives())
        .extracting(FileArchive::part, FileArchive::path, FileArchive::files)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("files-01.tar", apps.toString(), 1L),
            org.assertj.core.groups.Tuple.tuple("files-02.tar", caddyfile.toString(), 1L));
    assertThat(files.archives().get(0).without()).containsExactly(apps + "/backups");
    assertThat(result.warnings()).anyMatch(it -> it.contains(apps + "/backups"));
    CatalogEntry listed = fixture.listing().require(result.manifest().id());
    assertThat(listed.manifest()).isEqualTo(result.manifest());
    assertThat(listed.isGood()).isTrue();
    Verification verified =
        new VerifyBackups(fixture.localCatalog(), fixture.reader, fixture.clock, Progress.SILENT)
            .verify(List.of(listed))
            .get(0);
    assertThat(verified.failure()).isEmpty();
    assertThat(fixture.localCatalog().read(ENVIRONMENT).backups())
        .singleElement()
        .matches(it -> !it.holdsDatabase());
  }

  @Test
  void whatCannotBeReadMakesItIncomplete() throws IOException {
    Files.delete(caddyfile);

    BackupResult result = take();

    assertThat(result.exitStatus()).isEqualTo(ExitStatus.PARTIAL);
    assertThat(result.manifest().unreadable())
        .singleElement()
        .asString()
        .contains(caddyfile.toString());
    assertThat(result.warnings()).anyMatch(it -> it.contains(caddyfile.toString()));
  }

  @Test
  void aLinkWithoutWhatItLeadsToMakesItIncomplete() throws IOException {
    Files.move(caddyfile, folder.resolve("Caddyfile.shop"));
    Files.createSymbolicLink(caddyfile, Path.of("Caddyfile.shop"));

    BackupResult result = take();

    assertThat(result.exitStatus()).isEqualTo(ExitStatus.PARTIAL);
    assertThat(result.manifest().unreadable())
        .containsExactly(
            "%s is a link to %s, which the plan does not name"
                .formatted(caddyfile, folder.resolve("Caddyfile.shop")));
  }

  @Test
  void aLinkToWhatIsInTheBackupIsWhole() throws IOException {
    Files.move(caddyfile, apps.resolve("Caddyfile"));
    Files.createSymbolicLink(caddyfile, Path.of("apps/Caddyfile"));

    assertThat(take().exitStatus()).isEqualTo(ExitStatus.OK);
  }

  @Test
  void nothingAtAllIsNoBackup() throws IOException {
    Files.delete(caddyfile);
    Files.move(apps, folder.resolve("moved"));

    assertThatThrownBy(this::take).satisfies(e -> assertCode(e, ErrorCode.FILES_MISSING));
    assertThat(fixture.listing().backups()).isEmpty();
    assertThat(fixture.listing().problems()).isEmpty();
  }

  @Test
  void secretsDoNotLeaveTheMachineUnencrypted() {
    BackupRequest away = request(false, fixture.localStorage, fixture.remoteStorage);

    assertThatThrownBy(() -> takeBackup(Coding.plain(new GzipCompression())).take(away))
        .satisfies(e -> assertCode(e, ErrorCode.REFUSED))
        .hasMessageContaining("plain: true");
    assertThat(fixture.listing().backups()).isEmpty();
  }

  @Test
  void theyDoWhereThePlanSaysSo() {
    BackupResult result =
        takeBackup(Coding.plain(new GzipCompression()))
            .take(request(true, fixture.localStorage, fixture.remoteStorage));

    assertThat(result.exitStatus()).isEqualTo(ExitStatus.OK);
    assertThat(fixture.listing().backups()).singleElement().matches(CatalogEntry::isOffSite);
  }

  @Test
  void theyDoEncryptedAndNobodyReadsThemThere() {
    Coding sealed = new Coding(new GzipCompression(), Optional.of(new FakeEncryption("ada")));

    BackupResult result =
        takeBackup(sealed).take(request(false, fixture.localStorage, fixture.remoteStorage));

    CatalogEntry entry = fixture.listing().require(result.manifest().id());
    assertThat(entry.isOffSite()).isTrue();
    assertThat(entry.manifest().recipients()).containsExactly("ada");
    assertThat(entry.manifest().format()).isEqualTo(BackupManifest.FILES_FORMAT);
    assertThat(fixture.reader.unsealed(entry.manifest(), entry.copiesToRead().get(0)))
        .isEqualTo(entry.manifest());
    for (StoredObject object : fixture.remote.list(new ObjectName("Ask%26Trust"))) {
      assertThat(new String(fixture.remote.content(object.name()), StandardCharsets.ISO_8859_1))
          .as(object.name().value())
          .doesNotContain("do not tell");
    }
  }

  @Test
  void aLaterCopyIsRefusedAsWell() {
    take();
    CatalogEntry entry = fixture.listing().backups().get(0);

    BackupResult.Copy copy =
        new CopyBackups(
                BackupFixture.APPLICATION,
                fixture.localCatalog(),
                fixture.state,
                fixture.clock,
                Progress.SILENT)
            .copy(ENVIRONMENT, Map.of(fixture.remoteStorage, List.of(entry)))
            .get(0);

    assertThat(copy.failure()).map(RecoveryException::code).contains(ErrorCode.REFUSED);
    assertThat(fixture.remote.list(new ObjectName("Ask%26Trust")))
        .noneMatch(it -> it.name().value().contains("files-01"));
  }

  @Test
  void earlierOnesStayWhereTheyAreOnceThePlanEncrypts() {
    BackupId plain = take().manifest().id();
    fixture.clock.advance(Duration.ofDays(1));
    Coding sealed = new Coding(new GzipCompression(), Optional.of(new FakeEncryption("ada")));

    BackupResult result =
        takeBackup(sealed).take(request(false, fixture.localStorage, fixture.remoteStorage));

    assertThat(result.exitStatus()).isEqualTo(ExitStatus.OK);
    assertThat(result.copies().get(0).copied()).containsExactly(result.manifest().id());
    assertThat(fixture.listing().require(plain).isOffSite()).isFalse();
  }

  @Test
  void isNotFetchedUnencryptedEither() {
    BackupId secret = take().manifest().id();
    fixture.clock.advance(Duration.ofDays(-1));
    BackupId allowed =
        takeBackup(Coding.plain(new GzipCompression()))
            .take(request(true, fixture.localStorage))
            .manifest()
            .id();

    BackupResult.Copy pulled =
        new PullBackups(
                BackupFixture.APPLICATION,
                fixture.localStorage,
                fixture.remoteStorage,
                fixture.state,
                fixture.clock,
                Progress.SILENT)
            .pull(ENVIRONMENT, keepForAWeek());

    assertThat(pulled.failure()).map(RecoveryException::code).contains(ErrorCode.REFUSED);
    assertThat(pulled.copied()).containsExactly(allowed);
    assertThat(fixture.listing().require(secret).isOffSite()).isFalse();
  }

  private static RetentionPolicy keepForAWeek() {
    return new RetentionPolicy(
        List.of(
            BackupSchedule.every(
                SCHEDULE,
                Span.parse("1d"),
                ENVIRONMENT,
                BackupKind.CONFIGURATION,
                Retention.within(Span.parse("7d")),
                "local")),
        Optional.empty(),
        ZoneOffset.UTC);
  }

  @Test
  void expiresWithoutATrace() {
    take();
    fixture.clock.advance(Duration.ofDays(30));
    take();
    ExpiryPlan expired =
        new ExpireBackups(
                new BackupCatalog(BackupFixture.APPLICATION, List.of(fixture.localStorage)),
                fixture.state,
                fixture.clock)
            .apply(ENVIRONMENT, keepForAWeek());

    assertThat(expired.removed()).hasSize(1);
    BackupId kept = fixture.listing().backups().get(0).id();
    assertThat(fixture.local.list(new ObjectName("Ask%26Trust/production/configuration")))
        .isNotEmpty()
        .allMatch(it -> it.name().value().contains(kept.value()));
  }

  private static void assertCode(Throwable failure, ErrorCode code) {
    assertThat(failure)
        .isInstanceOfSatisfying(RecoveryException.class, e -> assertThat(e.code()).isEqualTo(code));
  }
}
