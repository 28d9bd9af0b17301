package dev.drp.sync;

import static java.util.Objects.requireNonNull;

import dev.drp.Progress;
import dev.drp.RecoveryException;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.time.Duration;

/**
 * A synchronisation that goes on after its connection broke, with growing pauses. The report is
 * that of the last attempt: what earlier ones sent is not in it.
 */
public final class RetryingFileSync implements FileSync {
  private final FileSync fileSync;
  private final Retry retry;

  /**
   * @param attempts how often to try in all, at least 1
   * @param firstPause before the second attempt; each further pause is twice as long
   */
  public RetryingFileSync(FileSync fileSync, int attempts, Duration firstPause) {
    this.fileSync = requireNonNull(fileSync, "fileSync");
    this.retry =
        Retry.of(
            "file sync",
            RetryConfig.custom()
                .maxAttempts(attempts)
                .intervalFunction(IntervalFunction.ofExponentialBackoff(firstPause, 2.0))
                .retryOnException(e -> e instanceof RecoveryException r && r.code().retryable())
                .build());
  }

  @Override
  public SyncReport preview(SyncRequest request) {
    return retry.executeSupplier(() -> fileSync.preview(request));
  }

  @Override
  public SyncReport sync(SyncRequest request, Progress progress) {
    return retry.executeSupplier(() -> fileSync.sync(request, progress));
  }
}
