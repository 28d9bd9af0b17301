package dev.drp.backup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.runtime.Pace;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ThrottledStorageTest extends BackupStorageContract {
  private static final ObjectName PART = new ObjectName("part");

  private final SlowTime time = new SlowTime();

  /** Passes only while somebody sleeps. */
  private static final class SlowTime implements Pace.Time {
    private long now = 42;

    @Override
    public synchronized long nanos() {
      return now;
    }

    @Override
    public synchronized void sleep(long nanos) {
      now += nanos;
    }
  }

  @Override
  protected BackupStorage newStorage() {
    return new ThrottledStorage(new InMemoryStorage(), 1 << 30);
  }

  @Test
  void writesAndReadsNoFasterThanItMay() throws IOException {
    InMemoryStorage memory = new InMemoryStorage();
    BackupStorage slow = new ThrottledStorage(memory, new Pace(1 << 20, time));

    slow.put(PART, output -> output.write(new byte[10 << 20]));
    assertThat(passed()).isBetween(Duration.ofMillis(9_900), Duration.ofSeconds(10));

    try (InputStream content = slow.open(PART)) {
      assertThat(content.readAllBytes()).hasSize(10 << 20);
    }
    assertThat(passed()).isBetween(Duration.ofMillis(19_800), Duration.ofSeconds(20));
  }

  @Test
  void savesUpNothingWhileItIsIdle() {
    BackupStorage slow = new ThrottledStorage(new InMemoryStorage(), new Pace(1 << 20, time));
    slow.put(PART, output -> output.write(1));
    time.sleep(Duration.ofHours(1).toNanos());
    long before = time.nanos();

    slow.put(new ObjectName("other"), output -> output.write(new byte[4 << 20]));

    assertThat(Duration.ofNanos(time.nanos() - before))
        .isBetween(Duration.ofMillis(3_900), Duration.ofSeconds(4));
  }

  private Duration passed() {
    return Duration.ofNanos(time.nanos() - 42);
  }
}
