package dev.drp.backup;

import static dev.drp.backup.BackupFixture.ENVIRONMENT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.plan.BackupKind;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifySampleTest {
  private static final int WEEK = 7;

  @TempDir private Path folder;
  private BackupFixture fixture;
  private NamedStorage storage;
  private final Map<ObjectName, Long> bytesRead = new HashMap<>();

  @BeforeEach
  void backupsOfBothKindsThatShareWhatTheyCan() {
    fixture = new BackupFixture(folder);
    storage = new NamedStorage("local", false, true, new Counting(fixture.local));
    FakeServerFiles files = FakeServerFiles.some(3 << 20);
    for (int i = 0; i < 3; i++) {
      fixture.takeMany(1, Duration.ofHours(1));
      fixture.server.setBaseBackup(files.tar());
      fixture.takeBackup().take(fixture.physical(fixture.localStorage));
      fixture.clock.advance(Duration.ofHours(1));
      files.change("base/5/16384", 3 << 19);
    }
  }

  /** Counts what is read of each object but manifests and events. */
  private final class Counting extends FailingStorage {
    Counting(BackupStorage storage) {
      super(storage, name -> false);
    }

    @Override
    public InputStream openAt(ObjectName name, long offset) {
      return new FilterInputStream(super.openAt(name, offset)) {
        @Override
        public int read() throws IOException {
          throw new UnsupportedOperationException();
        }

        @Override
        public int read(byte[] buffer, int at, int length) throws IOException {
          int n = super.read(buffer, at, length);
          if (n > 0 && !name.value().endsWith(".json")) {
            bytesRead.merge(name, (long) n, Long::sum);
          }
          return n;
        }
      };
    }
  }

  private BackupCatalog catalog() {
    return new BackupCatalog(BackupFixture.APPLICATION, List.of(storage));
  }

  private CatalogListing listing() {
    return catalog().list(ENVIRONMENT);
  }

  private List<Verification> verifyToday() {
    Sample today = Sample.of(WEEK, LocalDate.ofInstant(fixture.clock.instant(), ZoneOffset.UTC));
    return new VerifySample(
            BackupFixture.APPLICATION,
            new LocalCatalog(catalog(), fixture.state, fixture.clock),
            fixture.state,
            fixture.reader,
            fixture.clock,
            Progress.SILENT)
        .verify(ENVIRONMENT, listing().backups(), today);
  }

  /** Sizes of all that backups hold, by name. */
  private Map<ObjectName, Long> everything() {
    Map<ObjectName, Long> all = new HashMap<>();
    for (CatalogEntry backup : listing().backups()) {
      BackupCopy copy = backup.copies().get(0);
      backup.manifest().parts().forEach(it -> all.put(copy.folder().child(it.name()), it.bytes()));
      backup.manifest().base().map(BaseContent::packs).orElse(List.of()).stream()
          .forEach(it -> all.put(copy.packs().object(it.name()), it.bytes()));
    }
    return all;
  }

  private long timesVerified() {
    return listing().backups().stream()
        .flatMap(it -> it.copies().get(0).events().stream())
        .filter(it -> it.type() == BackupEvent.Type.VERIFIED)
        .count();
  }

  @Test
  void sevenDaysReadEveryByteOfEveryBackupExactlyOnce() {
    long before = timesVerified();
    long read = 0;
    Set<Sample> slices = new HashSet<>();
    for (int day = 0; day < WEEK; day++) {
      assertThat(timesVerified()).as("before all was read").isEqualTo(before);
      List<Verification> results = verifyToday();
      assertThat(results).hasSize(6).allMatch(it -> it.failure().isEmpty());
      boolean last = day == WEEK - 1;
      assertThat(results).allMatch(it -> it.sampled().orElseThrow().complete() == last);
      slices.add(results.get(0).sampled().orElseThrow().sample());
      read = bytesRead.values().stream().mapToLong(Long::longValue).sum();
      fixture.clock.advance(Duration.ofDays(1));
    }

    assertThat(slices).hasSize(WEEK);
    assertThat(bytesRead).isEqualTo(everything());
    assertThat(timesVerified()).isEqualTo(before + 6);
    assertThat(read).isPositive();
    verifyToday();
    assertThat(timesVerified()).as("the next week begins anew").isEqualTo(before + 6);
  }

  @Test
  void aDayThatIsMissedIsMadeUpForBeforeAnythingIsCalledVerified() {
    long before = timesVerified();
    for (int day = 0; day < WEEK + 2; day++) {
      if (day != 2) {
        verifyToday();
      }
      assertThat(timesVerified()).isEqualTo(before);
      fixture.clock.advance(Duration.ofDays(1));
    }

    verifyToday(); // the third day of the next week

    assertThat(timesVerified()).isEqualTo(before + 6);
  }

  @Test
  void aDamagedPackIsFoundOnItsDayAndInEachBackupThatNeedsIt() {
    BackupManifest first =
        listing().backups().stream()
            .map(CatalogEntry::manifest)
            .filter(it -> it.kind() == BackupKind.PHYSICAL)
            .reduce((newer, older) -> older)
            .orElseThrow();
    ObjectName pack =
        listing()
            .require(first.id())
            .copies()
            .get(0)
            .packs()
            .object(first.requireBase().packs().get(0).name());
    fixture.local.flipBit(pack, 100);
    List<Verification> damaged = new ArrayList<>();
    for (int day = 0; day < WEEK; day++) {
      List<Verification> today = verifyToday();
      List<Verification> bad = today.stream().filter(it -> it.failure().isPresent()).toList();
      boolean itsDay = today.get(0).sampled().orElseThrow().sample().holds(pack.value());
      assertThat(bad).hasSize(itsDay ? 3 : 0);
      damaged.addAll(bad);
      fixture.clock.advance(Duration.ofDays(1));
    }

    assertThat(damaged)
        .allMatch(it -> it.failure().orElseThrow().code() == ErrorCode.BACKUP_CORRUPT);
    assertThat(listing().backups())
        .filteredOn(it -> it.manifest().kind() == BackupKind.PHYSICAL)
        .as("what was read of them after it does not make them good again")
        .allMatch(it -> it.state() == BackupState.FAILED);
    assertThat(listing().backups())
        .filteredOn(it -> it.manifest().kind() == BackupKind.LOGICAL)
        .allMatch(CatalogEntry::isGood);
  }
}
