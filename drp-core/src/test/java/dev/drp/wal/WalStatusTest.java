package dev.drp.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.database.Lsn;
import dev.drp.state.EnvironmentState;
import dev.drp.state.StateDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WalStatusTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00.25Z");

  @TempDir private Path folder;

  private EnvironmentState state() {
    return StateDirectory.open(folder, Clock.systemUTC()).environment("Shop", "production");
  }

  private static WalStatus.Copy copy(Optional<Instant> completeUntil) {
    return new WalStatus.Copy(
        "local", 1, Lsn.parse("0/1"), completeUntil, "", Optional.empty(), Optional.empty());
  }

  @Test
  void isReadAsItWasWritten() {
    WalStatus status =
        new WalStatus(
            NOW,
            "7301",
            2,
            Lsn.parse("12/FF000000"),
            Lsn.parse("12/FE000000"),
            List.of(
                new WalStatus.Copy(
                    "local",
                    2,
                    Lsn.parse("12/FD000000"),
                    Optional.of(NOW),
                    "",
                    Optional.of(
                        new WalStretch(
                            List.of(
                                new WalStretch.Part(1, Lsn.parse("0/3000000"), Lsn.parse("1/0")),
                                new WalStretch.Part(2, Lsn.parse("1/0"), Lsn.parse("12/0"))))),
                    Optional.of(
                        new WalGap(
                            Instant.parse("2026-11-22T10:15:00Z"),
                            1,
                            Lsn.parse("0/1000000"),
                            1,
                            Lsn.parse("0/3000000")))),
                copy(Optional.empty())));
    assertThat(WalStatus.read(state())).isEmpty();

    status.write(state());

    assertThat(WalStatus.read(state())).contains(status);
  }

  @Test
  void whatAnotherVersionWroteIsNotKnown() throws Exception {
    Files.writeString(state().file("wal-status"), "2026-11-22T12:00:00Z\t7301\t1\t0/1\t0/1\n");

    assertThat(WalStatus.read(state())).isEmpty();
  }

  @Test
  void patienceIsThreeTimesTheLagOfThePlanButAtLeastHalfAMinute() {
    WalStatus.Copy copy = copy(Optional.of(NOW));

    assertThat(copy.isBehind(Duration.ofSeconds(1), NOW.plusSeconds(30))).isFalse();
    assertThat(copy.isBehind(Duration.ofSeconds(1), NOW.plusSeconds(31))).isTrue();
    assertThat(copy.isBehind(Duration.ofMinutes(1), NOW.plusSeconds(180))).isFalse();
    assertThat(copy.isBehind(Duration.ofMinutes(1), NOW.plusSeconds(181))).isTrue();
    assertThat(copy(Optional.empty()).isBehind(Duration.ofMinutes(1), NOW)).isTrue();
  }
}
