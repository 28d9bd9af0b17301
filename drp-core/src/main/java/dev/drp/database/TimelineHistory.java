package dev.drp.database;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a timeline comes from: what a server writes into {@code 00000003.history} when it becomes a
 * primary. Timeline 1 has none.
 *
 * @param timeline whose history this is
 * @param content the file as the server wrote it
 * @param ancestors the timelines before it, oldest first
 */
public record TimelineHistory(int timeline, String content, List<Ancestor> ancestors) {
  private static final Pattern LINE =
      Pattern.compile("\\s*(\\d+)\\s+([0-9A-Fa-f]+/[0-9A-Fa-f]+)(\\s.*)?");

  public TimelineHistory {
    requireNonNull(content, "content");
    ancestors = List.copyOf(ancestors);
  }

  /**
   * A timeline that was left.
   *
   * @param end the position from which on the log goes on in the next timeline
   */
  public record Ancestor(int timeline, Lsn end) {
    public Ancestor {
      requireNonNull(end, "end");
    }
  }

  /** Of a timeline that comes from no other. */
  public static TimelineHistory none(int timeline) {
    return new TimelineHistory(timeline, "", List.of());
  }

  /**
   * Reads a history file.
   *
   * @throws RecoveryException with FORMAT_UNKNOWN when it is none
   */
  public static TimelineHistory parse(int timeline, String content) {
    List<Ancestor> ancestors = new ArrayList<>();
    for (String line : content.split("\n", -1)) {
      if (line.isBlank() || line.stripLeading().startsWith("#")) {
        continue;
      }
      Matcher form = LINE.matcher(line);
      if (!form.matches()) {
        throw new RecoveryException(
            ErrorCode.FORMAT_UNKNOWN,
            "the history of timeline %d has the line '%s'".formatted(timeline, line.strip()),
            "look at where this file comes from; a server writes a timeline and a position.");
      }
      ancestors.add(
          new Ancestor(Integer.parseUnsignedInt(form.group(1)), Lsn.parse(form.group(2))));
    }
    return new TimelineHistory(timeline, content, ancestors);
  }

  /** Where a timeline ends on the way to this one; empty when it is none of its ancestors. */
  public Optional<Lsn> endOf(int ancestor) {
    return ancestors.stream()
        .filter(it -> it.timeline() == ancestor)
        .map(Ancestor::end)
        .findFirst();
  }

  /** The timeline that follows an ancestor on the way to this one. */
  public int next(int ancestor) {
    for (int i = 0; i < ancestors.size(); i++) {
      if (ancestors.get(i).timeline() == ancestor) {
        return i + 1 < ancestors.size() ? ancestors.get(i + 1).timeline() : timeline;
      }
    }
    throw new IllegalArgumentException(
        "timeline %d is no ancestor of %d".formatted(ancestor, timeline));
  }

  /** Whether the log of this timeline holds that of another up to some position. */
  public boolean comesFrom(int other) {
    return other == timeline || endOf(other).isPresent();
  }
}
