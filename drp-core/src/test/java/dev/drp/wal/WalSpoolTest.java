package dev.drp.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.Coding;
import dev.drp.backup.Decoding;
import dev.drp.backup.FakeEncryption;
import dev.drp.backup.GzipCompression;
import dev.drp.backup.InMemoryStorage;
import dev.drp.backup.NamedStorage;
import dev.drp.database.Lsn;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
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
    return new WalShipper(storage, spool, layout, Coding.plain(new GzipCompression()));
  }

  private byte[] stored(String name) throws Exception {
    try (InputStream content =
        new WalArchive(storage, layout, Decoding.plain(new GzipCompression())).open(name)) {
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
    objects.plant(layout.segment(THIRD, "").value(), new byte[] {1, 2, 3});
    try (WalSpool spool = WalSpool.open(folder)) {
      spool.begin(THIRD);
      append(spool, 0, WalSegment.BYTES);

      assertThatThrownBy(() -> shipper(spool).ship())
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_EXISTS));
      assertThat(objects.content(layout.segment(THIRD, ""))).containsExactly(1, 2, 3);
    }
  }

  private WalShipper encrypting(WalSpool spool) {
    return new WalShipper(
        storage,
        spool,
        layout,
        new Coding(new GzipCompression(), Optional.of(new FakeEncryption("ada"))));
  }

  private byte[] decrypted(String name) throws Exception {
    Decoding decoding =
        new Decoding(new GzipCompression(), List.of(FakeEncryption.Undone.with("ada")));
    try (InputStream content = new WalArchive(storage, layout, decoding).open(name)) {
      return content.readAllBytes();
    }
  }

  @Test
  void incrementsAndSegmentsAreEncrypted() throws Exception {
    try (WalSpool spool = WalSpool.open(folder)) {
      spool.begin(THIRD);
      append(spool, 0, 500);
      spool.sync();
      WalShipper shipper = encrypting(spool);
      shipper.ship();
      assertThat(objects.allNames()).singleElement().asString().endsWith(".gz.fake");
      assertThat(decrypted(THIRD.name()))
          .isEqualTo(Arrays.copyOf(Arrays.copyOf(LOG, 500), WalSegment.BYTES));

      append(spool, 500, WalSegment.BYTES);
      shipper.ship();

      assertThat(objects.allNames())
          .containsExactlyInAnyOrder(
              layout.segment(THIRD, ".fake").value(), layout.digest(THIRD).value());
      assertThat(decrypted(THIRD.name())).isEqualTo(Arrays.copyOf(LOG, WalSegment.BYTES));
      assertThat(shipper.stretch()).contains(stretch("0/3000000", "0/4000000"));
      assertThatThrownBy(() -> stored(THIRD.name()))
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_NOT_FOUND));
    }
  }

  @Test
  void encryptedSegmentThatWasStoredBeforeACrashIsOurs() throws Exception {
    try (WalSpool spool = WalSpool.open(folder)) {
      spool.begin(THIRD);
      append(spool, 0, WalSegment.BYTES);
      encrypting(spool).ship();
      byte[] before = objects.content(layout.segment(THIRD, ".fake"));

      encrypting(spool).ship(); // another process, which knows of nothing

      assertThat(objects.content(layout.segment(THIRD, ".fake"))).isEqualTo(before);
    }
  }

  @Test
  void encryptedSegmentWithOtherContentIsNeverReplaced() throws Exception {
    objects.plant(layout.digest(THIRD).value(), new byte[] {1, 2, 3});
    try (WalSpool spool = WalSpool.open(folder)) {
      spool.begin(THIRD);
      append(spool, 0, WalSegment.BYTES);

      assertThatThrownBy(() -> encrypting(spool).ship())
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_EXISTS));
      assertThat(objects.allNames()).containsExactly(layout.digest(THIRD).value());
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
  void knowsSinceWhenTheStorageHasTheLogAlsoAfterAGap() throws Exception {
    objects.plant(layout.segment(new WalSegment(1, 2), "").value(), new byte[1]); // a former run's
    WalGap gap =
        new WalGap(
            Instant.parse("2026-11-22T10:15:00Z"), 1, THIRD.end(), 1, Lsn.parse("0/9000000"));
    try (WalSpool spool = WalSpool.open(folder)) {
      WalShipper shipper = shipper(spool);
      assertThat(shipper.stretch()).isEmpty();
      spool.begin(THIRD);
      append(spool, 0, LOG.length);
      spool.sync();
      shipper.ship();
      assertThat(shipper.stretch()).contains(stretch("0/2000000", "0/40003E8"));
      assertThat(shipper.newestGap()).isEmpty();

      spool.keep(gap.objectName(), "lost");
      spool.begin(WalSegment.at(1, gap.to()));
      append(spool, 0, 700);
      spool.sync();
      shipper.ship();

      assertThat(shipper.stretch()).contains(stretch("0/9000000", "0/90002BC"));
      assertThat(shipper.newestGap()).contains(gap);
    }
  }

  private static WalStretch stretch(String from, String to) {
    return new WalStretch(List.of(new WalStretch.Part(1, Lsn.parse(from), Lsn.parse(to))));
  }

  @Test
  void answersWhileTheStorageLetsItWait() throws Exception {
    CountDownLatch putting = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    try (WalSpool spool = WalSpool.open(folder)) {
      spool.begin(THIRD);
      append(spool, 0, 500);
      spool.sync();
      WalShipper shipper = shipper(spool);
      shipper.ship();
      append(spool, 500, LOG.length);
      objects.beforePut(
          () -> {
            putting.countDown();
            goOn.await();
            return goOn;
          });
      Thread shipping = new Thread(shipper::ship);
      shipping.setDaemon(true);
      shipping.start();
      putting.await();

      assertThat(
              CompletableFuture.supplyAsync(
                  () ->
                      List.<Object>of(
                          shipper.has(THIRD.name()),
                          String.valueOf(shipper.position()),
                          shipper.stretch())))
          .as("would wait for the storage")
          .succeedsWithin(Duration.ofSeconds(30))
          .isEqualTo(
              List.of(
                  false,
                  new WalShipper.Position(1, THIRD.start().plus(500)).toString(),
                  Optional.of(stretch("0/3000000", "0/30001F4"))));
      goOn.countDown();
      shipping.join();
      assertThat(shipper.has(THIRD.name())).isTrue();
    }
  }

  @Test
  void forgetsWhatHasLeftTheSpool() {
    try (WalSpool spool = WalSpool.open(folder)) {
      spool.begin(THIRD);
      append(spool, 0, LOG.length);
      WalShipper shipper = shipper(spool);
      shipper.ship();
      assertThat(shipper.has(THIRD.name())).isTrue();

      spool.remove(THIRD.name());
      shipper.ship();

      assertThat(shipper.has(THIRD.name())).isFalse();
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
