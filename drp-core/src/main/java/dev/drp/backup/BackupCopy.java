package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A backup in one storage.
 *
 * @param folder where its parts are in that storage
 * @param events in order of time
 * @param defects what a listing shows to be wrong with its parts: missing, of another size; empty
 *     when nothing is
 */
public record BackupCopy(
    NamedStorage storage, ObjectName folder, List<BackupEvent> events, List<String> defects) {
  public BackupCopy {
    requireNonNull(storage, "storage");
    requireNonNull(folder, "folder");
    events = events.stream().sorted(Comparator.comparing(BackupEvent::at)).toList();
    defects = List.copyOf(defects);
  }

  /** The packs that lie beside it. */
  SharedPacks packs() {
    return new SharedPacks(storage, folder.parent());
  }

  public BackupState state() {
    return defects.isEmpty() ? BackupState.of(events) : BackupState.FAILED;
  }

  /** The last event of a type. */
  public Optional<BackupEvent> last(BackupEvent.Type type) {
    return events.stream()
        .filter(event -> event.type() == type)
        .max(Comparator.comparing(BackupEvent::at));
  }

  /** When it was last proven good, by hash or by restore. */
  public Optional<Instant> provenAt() {
    return events.stream()
        .filter(
            event ->
                event.type() == BackupEvent.Type.VERIFIED
                    || event.type() == BackupEvent.Type.DRILLED)
        .map(BackupEvent::at)
        .max(Comparator.naturalOrder());
  }
}
