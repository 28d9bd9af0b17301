package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** How the write-ahead log of a database server is streamed to the storages. */
public record WalSettings(
    @Key(value = "where to: each gets all of it", refersTo = "storages", atLeastOne = true)
        List<String> to,
    @Key(
            value = "how long what was written may be in no storage yet while all works",
            defaultsTo = "10s")
        Duration maxLag,
    @Key(
            value =
                "how far back a recovery can go to any instant: the log and the physical backups"
                    + " that this needs are kept, whatever else says that they go",
            defaultsTo = "7d")
        Span keep,
    @Key(value = "how much log the server may keep while nobody fetches it", defaultsTo = "4 GB")
        DataSize slotLimit,
    @Key(
            value = "what to do beyond that, or when the disk would be full before",
            defaultsTo = "alarm")
        BeyondLimit beyondLimit,
    @Key(
            value =
                "whether a commit waits until the first storage has it: nothing is lost then, but"
                    + " while the stream is down every commit waits",
            defaultsTo = "false")
        boolean synchronous,
    @Key(
            "how often the canary is written while the log is streamed: one row, in schema drp of"
                + " the environment's database, by which restored data shows how far it goes; half"
                + " of max-lag, from 1s to 30s, if left out")
        Optional<CanaryInterval> canary) {
  public static final Duration DEFAULT_MAX_LAG = Duration.ofSeconds(10);
  public static final Span DEFAULT_KEEP = Span.of(Duration.ofDays(7));
  public static final DataSize DEFAULT_SLOT_LIMIT = new DataSize(4_000_000_000L);

  private static final Duration SHORTEST_DEFAULT = Duration.ofSeconds(1);
  private static final Duration LONGEST_DEFAULT = Duration.ofSeconds(30);

  /** What is done when a server keeps more log than it may. */
  public enum BeyondLimit {
    /** Say so, and keep the log: the server's disk may fill up. */
    ALARM,
    /** Drop the slot: the disk is safe, and the log has a gap. */
    DROP_SLOT
  }

  public WalSettings {
    requireNonNull(maxLag, "maxLag");
    requireNonNull(keep, "keep");
    requireNonNull(slotLimit, "slotLimit");
    requireNonNull(beyondLimit, "beyondLimit");
    requireNonNull(canary, "canary");
    to = List.copyOf(to);
    Rules.of("wal")
        .check(!to.isEmpty(), "to", "no storage", "at least one storage")
        .check(to.stream().distinct().count() == to.size(), "to", to, "each storage once")
        .check(
            maxLag.compareTo(Duration.ofMillis(100)) >= 0
                && maxLag.compareTo(Duration.ofHours(1)) <= 0,
            "max-lag",
            maxLag,
            "from 100ms to 1h")
        .check(!keep.isZero(), "keep", "no time at all", Quantities.SPAN_EXPECTED)
        .enforce();
  }

  /** To these storages, with the defaults for the rest. */
  public static WalSettings to(String... storages) {
    return new WalSettings(
        List.of(storages),
        DEFAULT_MAX_LAG,
        DEFAULT_KEEP,
        DEFAULT_SLOT_LIMIT,
        BeyondLimit.ALARM,
        false,
        Optional.empty());
  }

  /**
   * How often the canary is written; empty when it is not to be. Half of {@code max-lag} unless the
   * plan says it: so every increment that is shipped holds a new one, and an idle server ships no
   * more of them than without.
   */
  public Optional<Duration> canaryEvery() {
    if (canary.isPresent()) {
      return canary.get().every();
    }
    Duration half = maxLag.dividedBy(2);
    if (half.compareTo(SHORTEST_DEFAULT) < 0) {
      return Optional.of(SHORTEST_DEFAULT);
    }
    return Optional.of(half.compareTo(LONGEST_DEFAULT) > 0 ? LONGEST_DEFAULT : half);
  }
}
