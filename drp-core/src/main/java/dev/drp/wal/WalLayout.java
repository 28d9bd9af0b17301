package dev.drp.wal;

import dev.drp.backup.ObjectName;
import dev.drp.backup.SetLayout;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/** Where the log of one server is in a storage; see docs/design/wal-streaming.md. */
record WalLayout(ObjectName folder, String compressed) {
  static final String HISTORY = ".history";

  private static final Pattern ENCRYPTED = Pattern.compile("(\\.[a-z]+)?");
  private static final int NAME_LENGTH = 24;
  private static final Pattern TIMELINE = Pattern.compile("[0-9A-F]{8}");

  /**
   * @param compressed what the compression adds to names; what an encryption adds follows it
   */
  static WalLayout of(
      String application, String environment, String systemIdentifier, String compressed) {
    return new WalLayout(SetLayout.wal(application, environment, systemIdentifier), compressed);
  }

  ObjectName timeline(int timeline) {
    return folder.child("%08X".formatted(timeline));
  }

  /**
   * @param encrypted what the encryption adds to names; empty text for none
   */
  ObjectName segment(WalSegment segment, String encrypted) {
    return timeline(segment.timeline()).child(segment.name() + compressed + encrypted);
  }

  /** What an encrypted segment holds, for those who cannot decrypt it: the hash of its content. */
  ObjectName digest(WalSegment segment) {
    return timeline(segment.timeline()).child(segment.name() + ".sha256");
  }

  /**
   * @param encrypted as above
   */
  ObjectName increment(Increment increment, String encrypted) {
    return timeline(increment.segment().timeline())
        .child(increment.name() + compressed + encrypted);
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

  /** Which segment an object in the folder of a timeline is, or is a piece of. */
  static Optional<WalSegment> segmentOf(String name) {
    return name.length() < NAME_LENGTH
        ? Optional.empty()
        : WalSegment.parse(name.substring(0, NAME_LENGTH));
  }

  static OptionalInt timelineOfHistory(String name) {
    return name.endsWith(HISTORY)
        ? timelineOf(name.substring(0, name.length() - HISTORY.length()))
        : OptionalInt.empty();
  }

  /** A name without what compression and encryption added; empty text when it is of neither. */
  String plain(String name) {
    int at = name.lastIndexOf(compressed);
    return at > 0 && ENCRYPTED.matcher(name.substring(at + compressed.length())).matches()
        ? name.substring(0, at)
        : "";
  }
}
