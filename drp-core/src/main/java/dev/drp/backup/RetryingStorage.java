package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.RecoveryException;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * A storage whose short failures nobody notices: what failed with a code that says that a retry can
 * help is tried again, with growing pauses. A {@link #put} is not: its content comes from a
 * program's output and cannot be had twice.
 */
public final class RetryingStorage implements BackupStorage {
  private final BackupStorage storage;
  private final Retry retry;

  /**
   * @param attempts how often to try in all, at least 1
   * @param firstPause before the second attempt; each further pause is twice as long
   */
  public RetryingStorage(BackupStorage storage, int attempts, Duration firstPause) {
    this.storage = requireNonNull(storage, "storage");
    this.retry =
        Retry.of(
            storage.place(),
            RetryConfig.custom()
                .maxAttempts(attempts)
                .intervalFunction(IntervalFunction.ofExponentialBackoff(firstPause, 2.0))
                .retryOnException(e -> e instanceof RecoveryException r && r.code().retryable())
                .build());
  }

  @Override
  public StoredObject put(ObjectName name, Content content) {
    return storage.put(name, content);
  }

  @Override
  public List<StoredObject> list(ObjectName folder) {
    return retrying(() -> storage.list(folder));
  }

  @Override
  public List<String> names(ObjectName folder) {
    return retrying(() -> storage.names(folder));
  }

  @Override
  public InputStream openAt(ObjectName name, long offset) {
    return retrying(() -> storage.openAt(name, offset));
  }

  @Override
  public void delete(ObjectName name) {
    retry.executeRunnable(() -> storage.delete(name));
  }

  @Override
  public long removeAbandoned(ObjectName folder) {
    return retrying(() -> storage.removeAbandoned(folder));
  }

  @Override
  public OptionalLong freeBytes() {
    return retrying(storage::freeBytes);
  }

  @Override
  public String place() {
    return storage.place();
  }

  private <T> T retrying(Supplier<T> action) {
    return retry.executeSupplier(action);
  }
}
