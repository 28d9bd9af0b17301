package dev.drp.backup;

import static dev.drp.backup.BackupEvent.Type.COPIED;
import static dev.drp.backup.BackupEvent.Type.DRILLED;
import static dev.drp.backup.BackupEvent.Type.FAILED;
import static dev.drp.backup.BackupEvent.Type.VERIFIED;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackupStateTest {
  @Test
  void isCompleteWhileNobodyHasReadItBack() {
    assertThat(after()).isEqualTo(BackupState.COMPLETE);
    assertThat(after(COPIED)).isEqualTo(BackupState.COMPLETE);
  }

  @Test
  void isTheBestThatWasProven() {
    assertThat(after(VERIFIED)).isEqualTo(BackupState.VERIFIED);
    assertThat(after(VERIFIED, DRILLED)).isEqualTo(BackupState.DRILLED);
    assertThat(after(DRILLED, VERIFIED)).isEqualTo(BackupState.DRILLED);
  }

  @Test
  void isFailedWhenTheLastJudgementWasBad() {
    assertThat(after(VERIFIED, DRILLED, FAILED)).isEqualTo(BackupState.FAILED);
    assertThat(after(FAILED, COPIED)).isEqualTo(BackupState.FAILED);
  }

  @Test
  void isGoodAgainOnceItWasProvenAgain() {
    assertThat(after(DRILLED, FAILED, VERIFIED)).isEqualTo(BackupState.DRILLED);
  }

  @Test
  void takesTheWorseOfTwoJudgementsAtTheSameInstant() {
    assertThat(BackupState.of(List.of(event(FAILED, 0), event(VERIFIED, 0))))
        .isEqualTo(BackupState.FAILED);
  }

  private static BackupState after(BackupEvent.Type... types) {
    List<BackupEvent> events = new ArrayList<>();
    for (BackupEvent.Type type : types) {
      events.add(event(type, events.size()));
    }
    return BackupState.of(events);
  }

  private static BackupEvent event(BackupEvent.Type type, int second) {
    return new BackupEvent(type, BackupFixture.NOW.plusSeconds(second), "web-1", "", Duration.ZERO);
  }
}
