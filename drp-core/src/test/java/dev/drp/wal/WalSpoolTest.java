package dev.drp.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.GzipCompression;
import dev.drp.backup.InMemoryStorage;
import dev.drp.backup.NamedStorage;
import dev.drp.database.Lsn;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The spool, and what is shipped from it. */
class WalSpoolTest {
  private static final WalSegment THIRD = new WalSegment(1, 3);
  private static final byte[] LOG = log();

  @TempDir private Path folder;
  private final InMemoryStorage objects = new InMemoryStorage();
  private final NamedStorage storage = new NamedStorage("local", false, true, objects);
  private final WalLayout layout = WalLayout.of("Shop", "production", "7301", ".gz");

  private static byte[] log() {
    byte[] log = new byte[WalSegment.BYTES + 1000];
    new Random(7).nextBytes(log);
    for (int i = 0; i < log.length; i++) {
      log[i] |= 1; // no zeros: they are what a crash leaves
    }
    return log;
  }

  private static void append(WalSpool spool, int from, int to) {
    spool.append(ByteBuffer.wrap(LOG, from, to - from));
  }

  private WalShipper shipper(WalSpool spool) {
    return new WalShipper(storage, spool, layout, new GzipCompression());
  }

  private byte[] stored(String name) throws Exception {
    try (InputStream content = new WalArchive(storage, layout, new GzipCompression()).open(name)) {
      return content.readAllBytes();
    }
  }

  @Test
  void onlyWhatWasSyncedIsSafeAndShipped() throws Exception {
    try (WalSpool spool = WalSpool.open(folder)) {
      spool.begin(THIRD);
      append(spool, 0, 500);
      WalShipper shipper = shipper(spool);

      shipper.ship();
      assertThat(spool.safe()).isEqualTo(THIRD.start());
      assertThat(objects.allNames()).isEmpty();

      assertThat(spool.sync()).isEqualTo(THIRD.start().plus(500));
      append(spool, 500, 600);
      shipper.ship();
      assertThat(objects.allNames()).singleElement().asString().contains("00000000-000001F4");
    }
  }

  @Test
  void completeSegmentReplacesItsIncrementsAlsoOfAFormerRun() throws Exception {
    try (WalSpool spool = WalSpool.open(folder)) {
      spool.begin(THIRD);
      append(spool, 0, 500);
      spool.sync();
      shipper(spool).ship();
    }
    try (WalSpool spool = WalSpool.open(folder)) {
      assertThat(spool.resume()).contains(THIRD);
      spool.begin(THIRD);
      append(spool, 0, 700);
      spool.sync();
      WalShipper shipper = shipper(spool);
      shipper.ship();
      assertThat(objects.allNames()).hasSize(2);

      append(spool, 700, LOG.length);
      spool.sync();
      shipper.ship();

      assertThat(stored(THIRD.name())).isEqualTo(Arrays.copyOf(LOG, WalSegment.BYTES));
      assertThat(objects.allNames()).hasSize(2); // the segment, and the beginning of the next
      assertThat(shipper.has(THIRD.name())).isTrue();
      assertThat(shipper.position()).isEqualTo(new WalShipper.Position(1, THIRD.end().plus(1000)));
    }
  }

  @Test
  void zerosOfACrashAreFilledButOtherContentStopsIt() throws Exception {
    Path partial = folder.resolve(THIRD.name() + ".partial");
    byte[] torn = Arrays.copyOf(Arrays.copyOf(LOG, 300), 400);
    Files.write(partial, torn, StandardOpenOption.CREATE);
    try (WalSpool spool = WalSpool.open(folder)) {
      assertThat(spool.content().partial().get(THIRD)).as("nothing is sure of it").isZero();
      spool.begin(THIRD);
      append(spool, 0, 500);
    }
    assertThat(Files.readAllBytes(partial)).isEqualTo(Arrays.copyOf(LOG, 500));

    try (WalSpool spool = WalSpool.open(folder)) {
      spool.begin(THIRD);
      assertThatThrownBy(() -> spool.append(ByteBuffer.wrap(LOG, 1, 100)))
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_EXISTS));
    }
    assertThat(Files.readAllBytes(partial)).isEqualTo(Arrays.copyOf(LOG, 500));
  }

  @Test
  void storedSegmentWithOtherContentIsNeverReplaced() throws Exception {
    objects.plant(layout.segment(THIRD).value(), new byte[] {1, 2, 3});
    try (WalSpool spool = WalSpool.open(folder)) {
      spool.begin(THIRD);
      append(spool, 0, WalSegment.BYTES);

      assertThatThrownBy(() -> shipper(spool).ship())
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_EXISTS));
      assertThat(objects.content(layout.segment(THIRD))).containsExactly(1, 2, 3);
    }
  }

  @Test
  void manyIncrementsOfASegmentBecomeOne() throws Exception {
    try (WalSpool spool = WalSpool.open(folder)) {
      spool.begin(THIRD);
      WalShipper shipper = shipper(spool);
      for (int i = 0; i < 200; i++) {
        append(spool, i * 10, i * 10 + 10);
        spool.sync();
        shipper.ship();
      }

      assertThat(objects.allNames()).hasSizeLessThan(130);
      assertThat(stored(THIRD.name()))
          .isEqualTo(Arrays.copyOf(Arrays.copyOf(LOG, 2000), WalSegment.BYTES));
    }
  }

  @Test
  void endOfATimelineIsShippedAndLeavesTheSpool() throws Exception {
    try (WalSpool spool = WalSpool.open(folder)) {
      spool.begin(THIRD);
      append(spool, 0, 500);
      spool.begin(new WalSegment(2, 3));
      append(spool, 0, 600);
      WalShipper shipper = shipper(spool);

      shipper.ship();

      assertThat(shipper.has(THIRD.name() + ".partial")).isTrue();
      assertThat(stored(THIRD.name()))
          .isEqualTo(Arrays.copyOf(Arrays.copyOf(LOG, 500), WalSegment.BYTES));
      assertThat(spool.resume()).contains(new WalSegment(2, 3));
      assertThat(spool.safe()).isEqualTo(Lsn.parse("0/3000000"));
    }
  }
}
