package dev.drp.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RetryingFileSyncTest {
  private static final SyncRequest REQUEST =
      new SyncRequest(
          Path.of("/srv"),
          "/srv",
          SyncRequest.Direction.PUSH,
          DeletionLimit.USUAL,
          OptionalLong.empty());
  private static final SyncReport REPORT =
      new SyncReport("a place", 1, 1, List.of(), List.of(), List.of(), false);

  private final Deque<ErrorCode> failures = new ArrayDeque<>();
  private final FileSync fileSync = new RetryingFileSync(new Failing(), 3, Duration.ofMillis(1));

  @Test
  void goesOnAfterTheConnectionBroke() {
    failures.addAll(List.of(ErrorCode.HOST_UNAVAILABLE, ErrorCode.HOST_UNAVAILABLE));

    assertThat(fileSync.sync(REQUEST, Progress.SILENT)).isEqualTo(REPORT);
    failures.add(ErrorCode.HOST_UNAVAILABLE);
    assertThat(fileSync.preview(REQUEST)).isEqualTo(REPORT);
  }

  @Test
  void givesUpAfterTheLastAttemptAndAtOnceWhereThatCannotHelp() {
    failures.addAll(List.of(ErrorCode.HOST_UNAVAILABLE, ErrorCode.REFUSED));
    assertThatThrownBy(() -> fileSync.sync(REQUEST, Progress.SILENT))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED));
    assertThat(failures).isEmpty();

    failures.addAll(java.util.Collections.nCopies(4, ErrorCode.HOST_UNAVAILABLE));
    assertThatThrownBy(() -> fileSync.sync(REQUEST, Progress.SILENT))
        .isInstanceOf(RecoveryException.class);
    assertThat(failures).hasSize(1);
  }

  private final class Failing implements FileSync {
    @Override
    public SyncReport preview(SyncRequest request) {
      return sync(request, Progress.SILENT);
    }

    @Override
    public SyncReport sync(SyncRequest request, Progress progress) {
      ErrorCode failure = failures.poll();
      if (failure != null) {
        throw new RecoveryException(failure, "it failed", "try again.");
      }
      return REPORT;
    }
  }
}
