package dev.drp.wal;

import static java.util.Objects.requireNonNull;

import dev.drp.database.Lsn;
import dev.drp.database.TimelineHistory;
import java.util.ArrayList;
import java.util.List;

/**
 * Log without a hole, as recovery follows it across timelines.
 *
 * @param parts oldest first; each begins where the one before it ends
 */
public record WalStretch(List<Part> parts) {
  public WalStretch {
    parts = List.copyOf(parts);
  }

  /** What a timeline contributes. */
  public record Part(int timeline, Lsn from, Lsn to) {
    public Part {
      requireNonNull(from, "from");
      requireNonNull(to, "to");
    }
  }

  /**
   * The log that leads to a position.
   *
   * @param history of the timeline on which it ends
   * @param since where it begins, on whatever timeline of that history
   */
  static WalStretch of(TimelineHistory history, Lsn since, Lsn to) {
    List<Part> parts = new ArrayList<>();
    Lsn from = since;
    for (TimelineHistory.Ancestor ancestor : history.ancestors()) {
      if (from.isBefore(ancestor.end())) {
        parts.add(new Part(ancestor.timeline(), from, ancestor.end()));
        from = ancestor.end();
      }
    }
    parts.add(new Part(history.timeline(), from, from.isBefore(to) ? to : from));
    return new WalStretch(parts);
  }

  /**
   * Whether it goes on where a backup ends. What ends beyond its newest position does, too: the log
   * will get there without a hole.
   */
  public boolean continues(int timeline, Lsn end) {
    Part newest = parts.get(parts.size() - 1);
    return parts.stream()
        .anyMatch(
            part ->
                part.timeline() == timeline
                    && !end.isBefore(part.from())
                    && (part.equals(newest) || !part.to().isBefore(end)));
  }

  /** Where it begins. */
  public Lsn from() {
    return parts.get(0).from();
  }
}
