package dev.drp.wal;

import dev.drp.backup.ObjectName;
import dev.drp.backup.SetLayout;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/** Where the log of one server is in a storage; see docs/design/wal-streaming.md. */
record WalLayout(ObjectName folder, String suffix) {
  static final String HISTORY = ".history";

  private static final Pattern TIMELINE = Pattern.compile("[0-9A-F]{8}");

  /**
   * @param suffix what the compression adds to names
   */
  static WalLayout of(
      String application, String environment, String systemIdentifier, String suffix) {
    return new WalLayout(SetLayout.wal(application, environment, systemIdentifier), suffix);
  }

  ObjectName timeline(int timeline) {
    return folder.child("%08X".formatted(timeline));
  }

  ObjectName segment(WalSegment segment) {
    return timeline(segment.timeline()).child(segment.name() + suffix);
  }

  ObjectName increment(Increment increment) {
    return timeline(increment.segment().timeline()).child(increment.name() + suffix);
  }

  ObjectName history(int timeline) {
    return folder.child(historyName(timeline));
  }

  /** As PostgreSQL calls it. */
  static String historyName(int timeline) {
    return "%08X%s".formatted(timeline, HISTORY);
  }

  ObjectName events() {
    return folder.child("events");
  }

  ObjectName gap(WalGap gap) {
    return events().child(gap.objectName());
  }

  /** Which timeline a folder in {@link #folder} is of. */
  static OptionalInt timelineOf(String name) {
    return TIMELINE.matcher(name).matches()
        ? OptionalInt.of(Integer.parseUnsignedInt(name, 16))
        : OptionalInt.empty();
  }

  static OptionalInt timelineOfHistory(String name) {
    return name.endsWith(HISTORY)
        ? timelineOf(name.substring(0, name.length() - HISTORY.length()))
        : OptionalInt.empty();
  }

  /** A name without the compression's suffix; empty text when it has none. */
  String plain(String name) {
    return name.endsWith(suffix) ? name.substring(0, name.length() - suffix.length()) : "";
  }
}
