package dev.drp.backup;

import java.util.ArrayList;
import java.util.List;

/** Writes down what happens to copies of backups. */
public final class BackupEvents {
  private BackupEvents() {}

  /**
   * Keeps an event beside a copy, and returns the copy with it. The local copy of the catalog knows
   * only after a {@link LocalCatalog#refresh(String, BackupId)}.
   */
  public static BackupCopy add(BackupCopy copy, BackupEvent event) {
    ObjectName name = copy.folder().child(SetLayout.EVENTS).child(EventFormat.newName(event));
    SmallObjects.write(copy.storage(), name, EventFormat.write(event));
    List<BackupEvent> events = new ArrayList<>(copy.events());
    events.add(event);
    return new BackupCopy(copy.storage(), copy.folder(), events, copy.defects());
  }
}
