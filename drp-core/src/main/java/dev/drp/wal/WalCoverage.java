package dev.drp.wal;

import static java.util.Objects.requireNonNull;

import dev.drp.database.Lsn;
import dev.drp.database.TimelineHistory;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a storage holds of a server's write-ahead log.
 *
 * @param histories of the timelines that have one, by timeline
 * @param segments how many bytes there are of each segment, from its beginning without a hole; in
 *     order of timeline and position
 * @param gaps that were found while it was streamed, oldest first
 */
public record WalCoverage(
    Map<Integer, TimelineHistory> histories,
    NavigableMap<WalSegment, Integer> segments,
    List<WalGap> gaps) {
  public WalCoverage {
    histories = Map.copyOf(histories);
    segments = Collections.unmodifiableNavigableMap(new TreeMap<>(segments));
    gaps = List.copyOf(gaps);
  }

  /**
   * How far the log goes on without a hole.
   *
   * @param timeline the timeline on which it ends
   * @param to the position after the last byte that follows without a hole; where it started when
   *     there is nothing at all
   * @param goesOnAt where there is log again beyond a hole on the way to the same timeline; empty
   *     when there is none
   */
  public record Reach(int timeline, Lsn to, Optional<Lsn> goesOnAt) {
    public Reach {
      requireNonNull(to, "to");
      requireNonNull(goesOnAt, "goesOnAt");
    }

    /** Whether it reaches a position: the log before that is complete. */
    public boolean covers(Lsn position) {
      return !to.isBefore(position);
    }
  }

  /** The history of a timeline; one without ancestors where none is stored. */
  public TimelineHistory history(int timeline) {
    return histories.getOrDefault(timeline, TimelineHistory.none(timeline));
  }

  /** The newest timeline that comes from a given one, as recovery to the latest chooses it. */
  public int newestFrom(int timeline) {
    return histories.values().stream()
        .filter(history -> history.comesFrom(timeline))
        .map(TimelineHistory::timeline)
        .max(Integer::compareUnsigned)
        .filter(newest -> Integer.compareUnsigned(newest, timeline) > 0)
        .orElse(timeline);
  }

  /** How far the log goes on from a position, up to the newest timeline that comes from it. */
  public Reach reach(Lsn from, int timeline) {
    return reach(from, timeline, newestFrom(timeline));
  }

  /**
   * How far the log goes on from a position on the way to a timeline, across its switch points.
   * Where two timelines share a segment, the newer one's counts, as recovery reads that one.
   *
   * @param target the timeline that recovery is to follow: the one of {@code from}, or one that
   *     comes from it
   * @throws IllegalArgumentException when {@code target} does not come from that timeline, or left
   *     it before that position
   */
  public Reach reach(Lsn from, int timeline, int target) {
    TimelineHistory history = history(target);
    if (!history.comesFrom(timeline)
        || history.endOf(timeline).filter(end -> end.isBefore(from)).isPresent()) {
      throw new IllegalArgumentException(
          "timeline %d does not come from %s of timeline %d".formatted(target, from, timeline));
    }
    WalSegment segment = owner(history, WalSegment.at(target, from).number());
    Lsn to = from;
    while (true) {
      Lsn end = segment.start().plus(segments.getOrDefault(segment, 0));
      if (to.isBefore(end)) {
        to = end;
      }
      if (end.isBefore(segment.end())) {
        return new Reach(segment.timeline(), to, goesOn(history, segment.number() + 1));
      }
      segment = owner(history, segment.number() + 1);
    }
  }

  /** Where the log begins that leads to a position of a timeline without a hole. */
  Lsn since(int timeline, Lsn to) {
    TimelineHistory history = history(timeline);
    long number = WalSegment.at(timeline, to).number();
    while (number > 0 && segments.getOrDefault(owner(history, number - 1), 0) == WalSegment.BYTES) {
      number--;
    }
    return new WalSegment(timeline, number).start();
  }

  /** The newest timeline whose log has begun in that segment or before. */
  private static WalSegment owner(TimelineHistory history, long number) {
    int timeline = history.timeline();
    for (int i = history.ancestors().size() - 1; i >= 0; i--) {
      TimelineHistory.Ancestor ancestor = history.ancestors().get(i);
      if (Long.compareUnsigned(WalSegment.at(timeline, ancestor.end()).number(), number) <= 0) {
        break;
      }
      timeline = ancestor.timeline();
    }
    return new WalSegment(timeline, number);
  }

  /** The segment of that number on the way to where the log ends. */
  WalSegment segment(Reach reach, long number) {
    return owner(history(reach.timeline()), number);
  }

  private Optional<Lsn> goesOn(TimelineHistory history, long number) {
    return segments.entrySet().stream()
        .filter(it -> it.getValue() > 0)
        .map(Map.Entry::getKey)
        .filter(it -> Long.compareUnsigned(it.number(), number) >= 0)
        .filter(it -> owner(history, it.number()).equals(it))
        .map(WalSegment::start)
        .min(Comparator.naturalOrder());
  }

  /**
   * The newest position of a timeline that is stored, whatever is missing before it; empty when
   * nothing is.
   */
  public Optional<Lsn> end(int timeline) {
    return segments.entrySet().stream()
        .filter(it -> it.getKey().timeline() == timeline)
        .map(it -> it.getKey().start().plus(it.getValue()))
        .max(Comparator.naturalOrder());
  }
}
