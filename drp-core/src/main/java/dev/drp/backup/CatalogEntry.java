package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.Comparator;
import java.util.List;

/**
 * A complete backup, wherever it is stored.
 *
 * @param copies one for each storage that has it, at least one
 */
public record CatalogEntry(BackupManifest manifest, List<BackupCopy> copies) {
  public CatalogEntry {
    requireNonNull(manifest, "manifest");
    copies = List.copyOf(copies);
    if (copies.isEmpty()) {
      throw new IllegalArgumentException("backup %s is stored nowhere".formatted(manifest.id()));
    }
  }

  public BackupId id() {
    return manifest.id();
  }

  public Instant recoveryPoint() {
    return manifest.recoveryPoint();
  }

  /** The state of its best copy. */
  public BackupState state() {
    return copies.stream()
        .map(BackupCopy::state)
        .max(Comparator.naturalOrder())
        .orElse(BackupState.FAILED);
  }

  /** Whether a restore may rely on it: proven, and not what an emergency could save. */
  public boolean isGood() {
    return state().isGood() && !manifest.emergency();
  }

  /** Whether a good copy of it survives the loss of the primary site. */
  public boolean isOffSite() {
    return copies.stream().anyMatch(copy -> copy.storage().offSite() && copy.state().isGood());
  }

  /** Copies in the order in which a reader tries them: good ones first, then those near by. */
  public List<BackupCopy> copiesToRead() {
    return copies.stream()
        .sorted(
            Comparator.comparing((BackupCopy copy) -> copy.state().isGood())
                .thenComparing(BackupCopy::state)
                .thenComparing(copy -> copy.storage().local())
                .reversed())
        .toList();
  }
}
