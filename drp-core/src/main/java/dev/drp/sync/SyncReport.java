package dev.drp.sync;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * What a synchronisation did, or would do.
 *
 * @param place the other folder, for messages: {@code deploy@backup.example.net:/srv/app}
 * @param sourceEntries files, folders and links of the source
 * @param sourceBytes size of its files
 * @param carriers what moved the content: {@code tar}, {@code rsync}; empty for a preview
 * @param changes in name order, deletions last
 * @param problems in name order
 * @param needsConfirmation of a preview: whether a run would be refused, as it would delete more
 *     than the request allows
 */
public record SyncReport(
    String place,
    long sourceEntries,
    long sourceBytes,
    List<String> carriers,
    List<SyncChange> changes,
    List<SyncProblem> problems,
    boolean needsConfirmation) {
  public SyncReport {
    requireNonNull(place, "place");
    carriers = List.copyOf(carriers);
    changes = List.copyOf(changes);
    problems = List.copyOf(problems);
  }

  public long count(SyncChange.Kind kind) {
    return changes.stream().filter(it -> it.kind() == kind).count();
  }

  /** Size of the files that are new or have changed; what passed the line may be less. */
  public long changedBytes() {
    return changes.stream()
        .filter(it -> it.kind() != SyncChange.Kind.DELETED)
        .mapToLong(SyncChange::bytes)
        .sum();
  }

  /** Whether the target is what the source was, but for what is never copied. */
  public boolean isComplete() {
    return problems.stream().allMatch(it -> it.kind() == SyncProblem.Kind.LEFT_OUT);
  }
}
