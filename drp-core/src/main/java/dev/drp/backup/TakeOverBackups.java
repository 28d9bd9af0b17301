package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.state.EnvironmentState;
import dev.drp.state.StateDirectory;
import dev.drp.state.StateLock;
import java.time.Clock;
import java.util.List;

/**
 * Makes this machine the one that writes an environment's backups, whoever wrote them before: that
 * writer is refused from then on. For a new server after the loss of the old one, and for a storage
 * that was emptied on purpose.
 */
public final class TakeOverBackups {
  private final StateDirectory state;
  private final Clock clock;

  public TakeOverBackups(StateDirectory state, Clock clock) {
    this.state = requireNonNull(state, "state");
    this.clock = requireNonNull(clock, "clock");
  }

  /** Returns our epoch from now on, the highest in all of these storages. */
  public long takeOver(String application, String environment, List<NamedStorage> storages) {
    EnvironmentState memory = state.environment(application, environment);
    try (StateLock held = memory.lockBackups("a take-over")) {
      return new WriterClaims(application, environment, state.writer(), memory, clock)
          .takeOver(storages);
    }
  }
}
