package dev.drp.runtime;

import java.util.List;

/** A container that ends, with its network and volumes, when this is closed. */
public interface ThrowawayContainer extends AutoCloseable {
  Container container();

  /** The last lines of what it printed. */
  List<String> lastLogLines(int count);

  /**
   * Removes the container, its anonymous volumes and its network, and looks whether they are gone.
   * Returns what is still there; an empty list is the proof that nothing is left. A second call has
   * no effect and returns the same.
   */
  List<String> remove();

  /** {@link #remove()}, for callers that have asked already or do not care. */
  @Override
  default void close() {
    remove();
  }
}
