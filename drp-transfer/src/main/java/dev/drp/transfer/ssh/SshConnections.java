package dev.drp.transfer.ssh;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/**
 * The connection to an account on another machine: opened when it is first needed, shared, and
 * opened again after it broke. Safe for concurrent use.
 */
public final class SshConnections implements AutoCloseable {
  private final SshTarget target;
  private @Nullable SshConnection current;

  public SshConnections(SshTarget target) {
    this.target = requireNonNull(target, "target");
  }

  public SshTarget target() {
    return target;
  }

  /**
   * A connection that works, as far as is known.
   *
   * @throws dev.drp.RecoveryException with HOST_UNAVAILABLE, HOST_KEY_REFUSED or ACCESS_DENIED
   */
  public synchronized SshConnection get() {
    SshConnection known = current;
    if (known == null || !known.isOpen()) {
      SshPreparation.await();
      known = SshConnection.open(target);
      current = known;
    }
    return known;
  }

  @Override
  public synchronized void close() {
    if (current != null) {
      current.close();
      current = null;
    }
  }
}
