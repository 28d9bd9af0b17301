package dev.drp.backup;

import static dev.drp.backup.BackupFixture.ENVIRONMENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.BackupKind;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.Retention;
import dev.drp.plan.Span;
import dev.drp.state.StateLock;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExpireBackupsTest {
  @TempDir Path folder;
  private BackupFixture fixture;
  private ExpireBackups expireBackups;

  @BeforeEach
  void prepare() {
    fixture = new BackupFixture(folder);
    expireBackups = new ExpireBackups(fixture.catalog(), fixture.state, fixture.clock);
  }

  @Test
  void printsItsPlanAndChangesNothing() {
    fixture.takeMany(3, Duration.ofDays(5));
    List<String> before = fixture.local.allNames();

    ExpiryPlan plan = expireBackups.plan(ENVIRONMENT, keep("7d"));

    assertThat(plan.decisions())
        .extracting(RetentionDecision::keep)
        .containsExactly(true, false, false);
    assertThat(fixture.local.allNames()).isEqualTo(before);
  }

  @Test
  void removesExactlyWhatItPlanned() {
    fixture.takeMany(3, Duration.ofDays(5));
    List<BackupId> planned =
        expireBackups.plan(ENVIRONMENT, keep("7d")).removed().stream()
            .map(it -> it.backup().id())
            .toList();

    ExpiryPlan done = expireBackups.apply(ENVIRONMENT, keep("7d"));

    assertThat(done.removed()).extracting(it -> it.backup().id()).isEqualTo(planned).hasSize(2);
    assertThat(fixture.listing().backups()).hasSize(1);
    assertThat(fixture.listing().problems()).isEmpty();
    assertThat(fixture.local.allNames())
        .noneMatch(name -> planned.stream().anyMatch(id -> name.contains(id.value())));
    assertThat(fixture.localCatalog().read(ENVIRONMENT).backups()).hasSize(1);
    assertThat(fixture.localCatalog().read(ENVIRONMENT).gone()).isEmpty();
  }

  @Test
  void tellsOfABackupThatNeverBecameOneAndRemovesIt() {
    fixture.take();
    BackupId dead = new BackupId("20261122T090000Z-0f0f0f");
    fixture.local.plant(fixture.object(dead, "started.json").value(), new byte[0]);
    fixture.local.plant(fixture.object(dead, "database.dump.gz").value(), new byte[1]);

    ExpiryPlan done = expireBackups.apply(ENVIRONMENT, keep("7d"));

    assertThat(done.unfinished()).singleElement().asString().contains(dead.value(), "local");
    assertThat(fixture.local.allNames()).noneMatch(name -> name.contains(dead.value()));
  }

  @Test
  void writesNothingToAStorageWithoutBackups() {
    fixture.takeMany(2, Duration.ofDays(30));

    expireBackups.apply(ENVIRONMENT, keep("7d"));

    assertThat(fixture.remote.allNames()).isEmpty();
  }

  @Test
  void worksOnAFullStorage() {
    fixture.takeMany(2, Duration.ofDays(30));
    fixture.local.setCapacity(1);

    expireBackups.apply(ENVIRONMENT, keep("7d"));

    assertThat(fixture.listing().backups()).hasSize(1);
  }

  @Test
  void finishesWhatAnInterruptedRunBegan() {
    fixture.takeMany(2, Duration.ofDays(30));
    BackupId oldest = fixture.listing().backups().get(1).id();
    fixture.local.plant(fixture.object(oldest, "expired.json").value(), new byte[0]);
    fixture.local.delete(fixture.object(oldest, "manifest.json"));
    fixture.local.delete(fixture.object(oldest, "database.dump.gz"));
    assertThat(fixture.listing().problems())
        .singleElement()
        .matches(problem -> problem.kind() == CatalogProblem.Kind.EXPIRING);

    expireBackups.apply(ENVIRONMENT, keep("1 year"));

    assertThat(fixture.listing().problems()).isEmpty();
    assertThat(fixture.local.allNames()).noneMatch(name -> name.contains(oldest.value()));
    assertThat(fixture.listing().backups()).hasSize(1);
  }

  @Test
  void leavesForeignAndDamagedFoldersAlone() {
    fixture.takeMany(2, Duration.ofDays(30));
    BackupId oldest = fixture.listing().backups().get(1).id();
    fixture.local.flipBit(fixture.object(oldest, "manifest.json"), 200);
    fixture.local.plant("Ask%26Trust/production/notes/x", new byte[1]);
    List<String> before = fixture.local.allNames();

    expireBackups.apply(ENVIRONMENT, keep("7d"));

    assertThat(fixture.local.allNames()).isEqualTo(before);
  }

  @Test
  void leavesWhatSomebodyElsePutIntoTheFolderOfABackup() {
    fixture.takeMany(2, Duration.ofDays(30));
    BackupId oldest = fixture.listing().backups().get(1).id();
    fixture.local.plant(fixture.object(oldest, "why-we-keep-this.txt").value(), new byte[1]);

    expireBackups.apply(ENVIRONMENT, keep("7d"));

    assertThat(fixture.local.allNames())
        .filteredOn(name -> name.contains(oldest.value()))
        .singleElement()
        .asString()
        .endsWith("why-we-keep-this.txt");
  }

  @Test
  void removesTheCopiesToo() {
    fixture.takeBackup().take(fixture.request(fixture.localStorage, fixture.remoteStorage));
    fixture.clock.advance(Duration.ofDays(30));
    fixture.takeBackup().take(fixture.request(fixture.localStorage, fixture.remoteStorage));

    expireBackups.apply(ENVIRONMENT, keep("7d"));

    assertThat(fixture.listing().backups())
        .singleElement()
        .matches(backup -> backup.copies().size() == 2);
    assertThat(fixture.remote.allNames())
        .filteredOn(name -> name.endsWith("manifest.json"))
        .hasSize(1);
  }

  @Test
  void goesOnWhereAStorageDoesNotAnswer() {
    fixture.takeMany(2, Duration.ofDays(30));
    fixture.remote.setAvailable(false);

    ExpiryPlan done = expireBackups.apply(ENVIRONMENT, keep("7d"));

    assertThat(done.removed()).hasSize(1);
    assertThat(done.problems()).hasSize(1);
    assertThat(fixture.listing().backups()).hasSize(1);
  }

  @Test
  void goesOnAfterABackupThatCannotBeRemoved() {
    fixture.takeMany(3, Duration.ofDays(30));
    BackupId stuck = fixture.listing().backups().get(1).id();
    BackupStorage storage =
        new FailingStorage(fixture.local, name -> false) {
          @Override
          public void delete(ObjectName name) {
            if (name.value().contains(stuck.value())) {
              throw new RecoveryException(
                  ErrorCode.STORAGE_UNAVAILABLE, "cannot delete " + name, "try again.");
            }
            super.delete(name);
          }
        };
    BackupCatalog catalog =
        new BackupCatalog(
            BackupFixture.APPLICATION, List.of(new NamedStorage("local", false, true, storage)));

    ExpiryPlan done =
        new ExpireBackups(catalog, fixture.state, fixture.clock).apply(ENVIRONMENT, keep("7d"));

    assertThat(done.removed()).hasSize(2);
    assertThat(done.failures().keySet()).extracting(it -> it.backup().id()).containsExactly(stuck);
    assertThat(fixture.listing().backups()).hasSize(1);
    assertThat(fixture.listing().problems())
        .singleElement()
        .matches(problem -> problem.kind() == CatalogProblem.Kind.EXPIRING);
    expireBackups.apply(ENVIRONMENT, keep("7d"));
    assertThat(fixture.listing().problems()).isEmpty();
  }

  @Test
  void refusesWhileABackupRuns() {
    fixture.takeMany(2, Duration.ofDays(30));
    try (StateLock held = fixture.memory().lockBackups("a backup")) {
      assertThatThrownBy(() -> expireBackups.apply(ENVIRONMENT, keep("7d")))
          .isInstanceOfSatisfying(
              RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOCKED))
          .hasMessageContaining("a backup, process");
    }
    assertThat(fixture.listing().backups()).hasSize(2);
  }

  @Test
  void refusesWhereAnotherWriterHasTakenOver() {
    fixture.takeMany(2, Duration.ofDays(30));
    BackupFixture other = new BackupFixture(folder.resolve("other"));
    new TakeOverBackups(other.state, other.clock)
        .takeOver(BackupFixture.APPLICATION, ENVIRONMENT, List.of(fixture.localStorage));

    assertThatThrownBy(() -> expireBackups.apply(ENVIRONMENT, keep("7d")))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STALE_WRITER));
    assertThat(fixture.listing().backups()).hasSize(2);
  }

  private static RetentionPolicy keep(String span) {
    return new RetentionPolicy(
        List.of(
            BackupSchedule.every(
                "every-6h",
                Span.of(Duration.ofHours(6)),
                ENVIRONMENT,
                BackupKind.LOGICAL,
                Retention.within(Span.parse(span)),
                "local")),
        Optional.empty(),
        ZoneOffset.UTC);
  }
}
