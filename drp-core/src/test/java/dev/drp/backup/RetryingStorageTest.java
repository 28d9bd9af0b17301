package dev.drp.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class RetryingStorageTest {
  private static final ObjectName FOLDER = new ObjectName("shop/production");

  private final BackupStorage storage = mock(BackupStorage.class);
  private final RetryingStorage retrying =
      new RetryingStorage(named(storage), 3, Duration.ofMillis(1));

  @Test
  void hidesAFailureThatPasses() {
    when(storage.names(FOLDER)).thenThrow(unavailable()).thenReturn(List.of("a"));

    assertThat(retrying.names(FOLDER)).containsExactly("a");
  }

  @Test
  void givesUpAfterTheLastAttemptWithTheStoragesOwnError() {
    RecoveryException failure = unavailable();
    when(storage.openAt(FOLDER, 7)).thenThrow(failure);

    assertThatThrownBy(() -> retrying.openAt(FOLDER, 7)).isSameAs(failure);
    verify(storage, times(3)).openAt(FOLDER, 7);
  }

  @Test
  void doesNotTryAgainWhatCannotSucceed() {
    when(storage.openAt(FOLDER, 7))
        .thenThrow(new RecoveryException(ErrorCode.OBJECT_NOT_FOUND, "absent", "look elsewhere."));

    assertThatThrownBy(() -> retrying.openAt(FOLDER, 7)).isInstanceOf(RecoveryException.class);
    verify(storage, times(1)).openAt(FOLDER, 7);
  }

  @Test
  void neverWritesTwice() {
    when(storage.put(any(), any())).thenThrow(unavailable());

    assertThatThrownBy(() -> retrying.put(FOLDER, output -> {}))
        .isInstanceOf(RecoveryException.class);
    verify(storage, times(1)).put(any(), any());
  }

  private static BackupStorage named(BackupStorage storage) {
    when(storage.place()).thenReturn("test storage");
    return storage;
  }

  private static RecoveryException unavailable() {
    return new RecoveryException(ErrorCode.STORAGE_UNAVAILABLE, "gone", "come back later.");
  }
}
