package dev.drp.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CommitTimesTest {
  private static final WalSegment SEGMENT = new WalSegment(2, 300);
  private static final Instant AT = Instant.parse("2026-11-22T10:15:00.123456Z");

  private static Optional<Instant> newest(WrittenLog log) {
    return CommitTimes.newest(log.bytes(), WalSegment.BYTES, SEGMENT);
  }

  @Test
  void findsTheNewestAmongOtherRecordsAndAcrossPages() {
    WrittenLog log = new WrittenLog(SEGMENT);
    for (int i = 0; i < 2000; i++) { // of lengths that end everywhere on a page
      log.change(i).commit(AT.plusSeconds(i));
    }
    log.change(100_000);

    assertThat(newest(log)).contains(AT.plusSeconds(1999));
    assertThat(log.length()).isGreaterThan(2_000_000);
  }

  @Test
  void knowsAllThatEndsATransaction() {
    assertThat(newest(new WrittenLog(SEGMENT).abort(AT))).contains(AT);
    assertThat(newest(new WrittenLog(SEGMENT).commitOfReplicated(AT))).contains(AT);
    assertThat(newest(new WrittenLog(SEGMENT).change(500))).isEmpty();
    assertThat(newest(new WrittenLog(SEGMENT))).isEmpty();
  }

  @Test
  void aClockThatWasSetBackHidesNothing() {
    assertThat(newest(new WrittenLog(SEGMENT).commit(AT).commit(AT.minusSeconds(60)))).contains(AT);
  }

  @Test
  void goesPastWhatTheSegmentBeforeHasBegun() {
    for (int rest : new int[] {1, 8, 8152, 8153, 30_000}) {
      assertThat(newest(new WrittenLog(SEGMENT).continued(rest).commit(AT)))
          .as("%d bytes", rest)
          .contains(AT);
    }
    assertThat(newest(new WrittenLog(SEGMENT).continued(16 << 20 >> 1))).isEmpty();
  }

  @Test
  void countsNoRecordThatIsNotThereToItsEnd() {
    WrittenLog log = new WrittenLog(SEGMENT).commit(AT);
    int first = log.length();
    log.change(20_000).commit(AT.plusSeconds(9));

    assertThat(CommitTimes.newest(log.bytes(), log.length() - 1, SEGMENT)).contains(AT);
    assertThat(CommitTimes.newest(log.bytes(), first - 1, SEGMENT)).isEmpty();
    assertThat(CommitTimes.newest(log.bytes(), 10, SEGMENT)).isEmpty();
  }

  @Test
  void whatIsNoLogHoldsNothing() {
    byte[] noise = new byte[WalSegment.BYTES];
    new Random(1).nextBytes(noise);

    assertThat(CommitTimes.newest(noise, noise.length, SEGMENT)).isEmpty();
    assertThat(CommitTimes.newest(new WrittenLog(SEGMENT).commit(AT).bytes(), 1000, SEGMENT.next()))
        .isEmpty();
  }
}
