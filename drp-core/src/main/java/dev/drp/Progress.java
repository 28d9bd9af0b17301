package dev.drp;

/**
 * Hears what long work is doing. Implementations are quick, never throw and are safe for concurrent
 * use.
 */
public interface Progress {
  /** Hears nothing. */
  Progress SILENT =
      new Progress() {
        @Override
        public void message(String line) {}

        @Override
        public Task start(String what, long expectedBytes) {
          return bytes -> {};
        }
      };

  /** Something worth a line happened. */
  void message(String line);

  /**
   * A task that moves bytes has begun.
   *
   * @param what what moves, for a person: {@code dump of ask_and_trust}
   * @param expectedBytes how many bytes will move, 0 when unknown
   */
  Task start(String what, long expectedBytes);

  /** A running task; closing it says that it has ended, well or not. */
  interface Task extends AutoCloseable {
    /** So many bytes more have moved. */
    void advance(long bytes);

    @Override
    default void close() {}
  }
}
