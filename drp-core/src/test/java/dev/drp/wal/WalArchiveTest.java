package dev.drp.wal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.Compression;
import dev.drp.backup.Decoding;
import dev.drp.backup.GzipCompression;
import dev.drp.backup.InMemoryStorage;
import dev.drp.backup.NamedStorage;
import dev.drp.backup.ObjectName;
import dev.drp.database.Lsn;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WalArchiveTest {
  private static final WalSegment THIRD = new WalSegment(1, 3);
  private static final byte[] CONTENT = randomBytes();

  private final InMemoryStorage objects = new InMemoryStorage();
  private final Compression compression = new GzipCompression();
  private final WalLayout layout = WalLayout.of("Shop", "production", "7301", ".gz");
  private final WalArchive archive =
      new WalArchive(
          new NamedStorage("local", false, true, objects),
          "Shop",
          "production",
          "7301",
          Decoding.plain(compression));

  private static byte[] randomBytes() {
    byte[] bytes = new byte[WalSegment.BYTES];
    new Random(1).nextBytes(bytes);
    return bytes;
  }

  private void store(ObjectName name, int from, int to) {
    objects.put(
        name,
        output -> {
          try (OutputStream compressed = compression.compress(output)) {
            compressed.write(CONTENT, from, to - from);
          }
        });
  }

  private void complete(WalSegment segment) {
    store(layout.segment(segment, ""), 0, 16);
  }

  private void increment(WalSegment segment, int from, int to) {
    store(layout.increment(new Increment(segment, from, to), ""), from, to);
  }

  private void history(int timeline, String content) {
    objects.put(layout.history(timeline), output -> output.write(content.getBytes(UTF_8)));
  }

  private byte[] read(String name) throws Exception {
    try (InputStream content = archive.open(name)) {
      return content.readAllBytes();
    }
  }

  @Test
  void namesOfSegmentsAreThoseOfPostgres() {
    WalSegment segment = WalSegment.at(0xA1, Lsn.parse("12/FF000028"));

    assertThat(segment.name()).isEqualTo("000000A100000012000000FF");
    assertThat(segment.next().name()).isEqualTo("000000A10000001300000000");
    assertThat(WalSegment.parse(segment.name())).contains(segment);
    assertThat(segment.start()).isEqualTo(Lsn.parse("12/FF000000"));
    assertThat(segment.end()).isEqualTo(Lsn.parse("13/0"));
    assertThat(WalSegment.parse("000000010000000000000100")).isEmpty();
    assertThat(WalSegment.parse("000000010000000000000001.partial")).isEmpty();
  }

  @Test
  void completeSegmentIsReadRatherThanItsIncrements() throws Exception {
    store(layout.segment(THIRD, ""), 0, WalSegment.BYTES);
    store(layout.increment(new Increment(THIRD, 0, 4), ""), 8, 12);

    assertThat(read(THIRD.name())).isEqualTo(CONTENT);
  }

  @Test
  void incrementsThatOverlapArePutTogetherAndFilledUpWithZeros() throws Exception {
    increment(THIRD, 0, 1000);
    increment(THIRD, 0, 700);
    increment(THIRD, 700, 5000);
    increment(THIRD, 5000, 5001);
    increment(THIRD, 6000, 7000); // behind a hole

    byte[] expected = Arrays.copyOf(Arrays.copyOf(CONTENT, 5001), WalSegment.BYTES);
    assertThat(read(THIRD.name())).isEqualTo(expected);
  }

  @Test
  void incrementShorterThanItsNameSaysIsAnError() {
    increment(THIRD, 0, 700);
    store(layout.increment(new Increment(THIRD, 700, 900), ""), 0, 100);

    assertThatIOException().isThrownBy(() -> read(THIRD.name())).withMessageContaining("shorter");
  }

  @Test
  void whatIsNotThereIsNotFound() {
    increment(THIRD, 10, 20); // its beginning is missing

    for (String name : new String[] {THIRD.name(), "00000002.history", "000000010000.backup"}) {
      assertThatThrownBy(() -> read(name))
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_NOT_FOUND));
    }
  }

  @Test
  void reachEndsAtTheFirstHoleAndTellsWhereTheLogGoesOn() {
    complete(THIRD);
    complete(new WalSegment(1, 4));
    increment(new WalSegment(1, 5), 0, 0x100);
    increment(new WalSegment(1, 5), 0x200, 0x300);
    complete(new WalSegment(1, 7));

    WalCoverage coverage = archive.coverage();

    assertThat(coverage.reach(Lsn.parse("0/3000028"), 1))
        .isEqualTo(
            new WalCoverage.Reach(1, Lsn.parse("0/5000100"), Optional.of(Lsn.parse("0/7000000"))));
    assertThat(coverage.reach(Lsn.parse("0/7000000"), 1))
        .isEqualTo(new WalCoverage.Reach(1, Lsn.parse("0/8000000"), Optional.empty()));
    assertThat(coverage.reach(Lsn.parse("0/2000028"), 1).to()).isEqualTo(Lsn.parse("0/2000028"));
    assertThat(coverage.end(1)).contains(Lsn.parse("0/8000000"));
  }

  @Test
  void reachGoesOnAcrossSwitchPointsInTheNewerTimelinesSegments() {
    complete(THIRD);
    increment(new WalSegment(1, 4), 0, 0x500);
    complete(new WalSegment(1, 5)); // what the dead primary wrote after the standby had left
    history(2, "1\t0/4000400\tno recovery target specified\n");
    complete(new WalSegment(2, 4));
    history(3, "1\t0/4000400\treason\n\n2\t0/5000300\treason\n");
    increment(new WalSegment(3, 5), 0, 0x900);
    WalCoverage coverage = archive.coverage();
    Lsn from = Lsn.parse("0/3000028");

    assertThat(coverage.newestFrom(1)).isEqualTo(3);
    assertThat(coverage.reach(from, 1))
        .isEqualTo(new WalCoverage.Reach(3, Lsn.parse("0/5000900"), Optional.empty()));
    assertThat(coverage.reach(from, 1, 2))
        .isEqualTo(new WalCoverage.Reach(2, Lsn.parse("0/5000000"), Optional.empty()));
    assertThat(coverage.reach(from, 1, 1))
        .isEqualTo(
            new WalCoverage.Reach(1, Lsn.parse("0/4000500"), Optional.of(Lsn.parse("0/5000000"))));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> coverage.reach(Lsn.parse("0/5000000"), 1, 3));
  }

  @Test
  void looksBackToTheHoleBeforeAPositionAcrossTimelines() {
    complete(new WalSegment(1, 1));
    complete(THIRD); // behind a hole
    increment(new WalSegment(1, 4), 0, 0x500);
    history(2, "1\t0/4000400\tno recovery target specified\n");
    complete(new WalSegment(2, 4));
    WalCoverage coverage = archive.coverage();

    assertThat(coverage.since(2, Lsn.parse("0/5000000"))).isEqualTo(THIRD.start());
    assertThat(coverage.since(1, Lsn.parse("0/4000500"))).isEqualTo(THIRD.start());
    assertThat(coverage.since(1, Lsn.parse("0/2000000"))).isEqualTo(Lsn.parse("0/1000000"));
    assertThat(WalStretch.of(coverage.history(2), THIRD.start(), Lsn.parse("0/5000000")).parts())
        .containsExactly(
            new WalStretch.Part(1, THIRD.start(), Lsn.parse("0/4000400")),
            new WalStretch.Part(2, Lsn.parse("0/4000400"), Lsn.parse("0/5000000")));
  }

  @Test
  void newestCommitIsFoundBehindSegmentsThatHoldNoneOrAreDamaged() {
    Instant at = Instant.parse("2026-11-22T10:15:00Z");
    byte[] commits = WrittenLog.withCommits(THIRD, at.minusSeconds(5), at);
    objects.put(
        layout.segment(THIRD, ""),
        output -> {
          try (OutputStream compressed = compression.compress(output)) {
            compressed.write(commits);
          }
        });
    complete(new WalSegment(1, 4)); // noise
    objects.put(layout.segment(new WalSegment(1, 5), ""), output -> output.write(7)); // damaged
    WalCoverage coverage = archive.coverage();
    Lsn from = Lsn.parse("0/3000028");
    WalCoverage.Reach reach = coverage.reach(from, 1);

    assertThat(reach.to()).isEqualTo(Lsn.parse("0/6000000"));
    assertThat(archive.newestCommit(coverage, reach, from)).contains(at);
    assertThat(archive.newestCommit(coverage, reach, Lsn.parse("0/4000000"))).isEmpty();
  }

  @Test
  void gapsAreToldByTheNamesOfTheirEvents() {
    WalGap gap =
        new WalGap(
            Instant.parse("2026-11-22T10:15:00Z"),
            1,
            Lsn.parse("0/3000000"),
            2,
            Lsn.parse("12/FF000000"));
    objects.put(layout.gap(gap), output -> output.write(1));

    assertThat(archive.coverage().gaps()).containsExactly(gap);
  }
}
