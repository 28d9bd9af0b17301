package dev.drp.backup;

import java.util.Comparator;
import java.util.List;

/** How far a backup can be trusted, from worst to best. */
public enum BackupState {
  /** What is stored is not what it should be, or a restore of it failed. */
  FAILED,
  /** Completely written; nobody has read it back. */
  COMPLETE,
  /** Read back and found to be what was written. */
  VERIFIED,
  /** Restored in a drill, and the restored data was what it should be. */
  DRILLED;

  /**
   * The state that a copy's events tell: the last judgement decides whether it is good, and the
   * best that was ever proven of it says how good.
   */
  static BackupState of(List<BackupEvent> events) {
    List<BackupEvent> judgements =
        events.stream().filter(event -> event.type() != BackupEvent.Type.COPIED).toList();
    boolean failed =
        judgements.stream()
            .max(
                Comparator.comparing(BackupEvent::at)
                    .thenComparing(event -> event.type() == BackupEvent.Type.FAILED))
            .filter(event -> event.type() == BackupEvent.Type.FAILED)
            .isPresent();
    if (failed) {
      return FAILED;
    }
    if (judgements.stream().anyMatch(event -> event.type() == BackupEvent.Type.DRILLED)) {
      return DRILLED;
    }
    return judgements.isEmpty() ? COMPLETE : VERIFIED;
  }

  /** Whether a restore may rely on it. */
  public boolean isGood() {
    return this == VERIFIED || this == DRILLED;
  }
}
